"""Whether the words a clinic gives itself can stand where strangers read them, and let messages go at all."""

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from messaging.domain import compile, telling, words
from support.domain.wording_slots import SLOTS


def faults(*, public_name: str, never_say: Sequence[str]) -> dict[str, str]:
    """By field of ``Site``, a sentence each; empty where all is well."""
    found = {}
    if stopped := _that_stop_our_own(never_say):
        found["never_say"] = _("“%(word)s” stands in the messages themselves: they could not be sent.") % {
            "word": stopped[0]
        }
    elif word := telling.word(text=public_name, also=tuple(never_say)):
        found["public_name"] = _("“%(word)s” tells a stranger what a visit is about. Choose a neutral name.") % {
            "word": word
        }
    return found


def _that_stop_our_own(never: Sequence[str]) -> list[str]:
    """Those that stand in the words which come with the product."""
    if not never:
        return []
    shipped = " \n ".join(
        compile.MARKS.sub(" ", words.shipped(wording=name, language=language))
        for wording in SLOTS
        for name in (wording, f"{wording}.subject")
        for language, _name in settings.LANGUAGES
    )
    return [word for word in never if telling.word(text=shipped, also=(word,))]
