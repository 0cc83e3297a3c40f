"""A clinic's own words for its messages: what there is, what changed, and saying it differently from now on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template import TemplateDoesNotExist
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.models import Site, StaffMember
from messaging.domain import compile, kinds, wordings, words
from messaging.domain.wordings import Stale
from messaging.enums import Audience, Channel
from messaging.models import Wording
from support.domain import ledger_words, wording_look
from support.domain.wording_about import ABOUT, TITLES
from support.domain.wording_changes import Piece, changes
from support.domain.wording_look import Look, Which
from support.domain.wording_slots import NEWS
from support.enums import MayKnow
from support.models import Designation

ANSWER = "reply"
# Who reads it. Answers to texts go to whoever wrote.
READERS: Mapping[str, Promise] = {
    Audience.PATIENT: _("Patients"),
    Audience.HELPER: _("Helpers"),
    ANSWER: _("Whoever texts us"),
}
COLUMNS = tuple((channel, code) for channel in Channel.values for code, _name in settings.LANGUAGES)
LINK_SAYS = _("the link to the person's own page")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What stands in a message. ``own``: the clinic's version that is in use, None for the words of the product."""

    subject: str
    text: str
    own: Wording | None = None

    @property
    def version(self) -> int:
        return self.own.version if self.own else 0


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One channel and language of a row."""

    which: Which
    words: Words
    look: Look

    @property
    def language(self) -> str:
        return dict(settings.LANGUAGES)[self.which.language]


@dataclass(frozen=True, kw_only=True)
class Row:
    """Everything one message says, in all channels and languages."""

    name: str
    title: str
    about: str
    audience: str
    cells: tuple[Cell, ...]

    @property
    def is_own(self) -> bool:
        return any(cell.words.own for cell in self.cells)

    @property
    def reader(self) -> str:
        return str(READERS[self.audience])

    @property
    def by_channel(self) -> list[tuple[str, list[Cell]]]:
        """Its cells under the channel's name; none where it does not go that way."""
        return [
            (str(Channel(channel).label), [cell for cell in self.cells if cell.which.channel == channel])
            for channel in Channel.values
        ]

    def speaks_of(self, query: str) -> bool:
        said = [text for cell in self.cells for text in (cell.words.subject, cell.words.text)]
        return all(word in " ".join([self.title, self.about, *said]).casefold() for word in query.casefold().split())


@dataclass(frozen=True, kw_only=True)
class Name:
    """Something the words may name. ``mark``: how it is written in them; ``example``: what could stand there."""

    mark: str
    says: str
    example: str


def find(*, site: Site, name: str, channel: str, language: str) -> Which:
    """Raises LookupError for words nobody sends."""
    which = Which(site=site, name=name, channel=channel, language=language)
    if name not in _names() or (channel, language) not in COLUMNS or _shipped(which) is None:
        raise LookupError(name)
    return which


def rows(*, site: Site, query: str = "", audience: str = "", only_own: bool = False) -> list[Row]:
    """One query. In the order in which people meet the messages."""
    own = wordings.in_use(site_id=site.pk)
    found = [_row(site, name, own) for name in _names()]
    return [
        row for row in found if row.speaks_of(query) and audience in {"", row.audience} and (row.is_own or not only_own)
    ]


def names(*, which: Which) -> list[Name]:
    """What the words may name, the link first."""
    values, slots = wording_look.ordinary(which), which.kind.slots
    link = Name(mark="{{ link }}", says=str(LINK_SAYS), example="")
    return [link, *(_name(name, str(slots[name].says), values[name]) for name in slots if values[name] != "")]


def script(*, which: Which) -> str:
    """What staff read out where it is said on the phone, with ordinary names; "" where it never is."""
    try:
        text = words.shipped(wording=f"{which.name}.voice", language=which.language)
    except TemplateDoesNotExist:
        return ""
    return compile.compiled(text, slots=which.kind.slots).render(wording_look.ordinary(which))


def left_out(*, which: Which, subject: str, text: str) -> list[str]:
    """What the words it comes with tell and these do not, in plain words. Nothing where these cannot be read."""
    kind, original = which.kind, shipped(which=which)
    try:
        before, after = (
            compile.compiled(words_of, slots=words.values_allowed(kind)).uses
            for words_of in (f"{original.subject}\n{original.text}", f"{subject}\n{text}")
        )
    except compile.Faulty:
        return []
    says = {words.LINK: LINK_SAYS, **{name: slot.says for name, slot in kind.slots.items()}}
    unsaid = before - after - (set() if which.is_text else {"stop"})
    return [str(says[name]) for name in says if name in unsaid]


def title(*, name: str) -> str:
    return str(TITLES.get(name) or ledger_words.LABELS[name])


def about(*, name: str) -> str:
    return str(ABOUT[name])


def shipped(*, which: Which) -> Words:
    """The words of the product, as they are written."""
    found = _shipped(which)
    assert found is not None, which.name  # noqa: S101 - ``find`` has looked
    return found


def in_use(*, which: Which) -> Words:
    own = wordings.current(**which.key)
    return shipped(which=which) if own is None else Words(subject=own.subject, text=own.text, own=own)


def history(*, which: Which) -> Sequence[Wording]:
    """The newest first, with who wrote it."""
    return list(wordings.history(**which.key).select_related("made_by"))


def differences(*, before: Words, after: Words) -> list[tuple[str, list[Piece]]]:
    """What the clinic changed, by part; empty where it changed nothing."""
    parts = ((_("Subject"), before.subject, after.subject), (_("Words"), before.text, after.text))
    return [(str(part), changes(before=old, after=new)) for part, old, new in parts if old != new]


def told_neutrally(*, site: Site, now: datetime) -> list[Designation]:
    """The helpers who may not know dates: they get the neutral words instead. One query."""
    named = Designation.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=now), patient__site=site, withdrawn_at__isnull=True
    )
    kept_from = named.exclude(may_know__contains=[MayKnow.DATES]).select_related("person", "patient")
    return sorted(kept_from, key=lambda row: row.person.full_name)


@transaction.atomic
def write(*, which: Which, subject: str, text: str, based_on: int, actor: StaffMember, now: datetime) -> Words:
    """These words are sent from now on. Raises ``Refused`` with what the firewall says, or where somebody else was
    faster. Writing what is in use changes nothing; writing the product's words goes back to them."""
    _refuse(which, subject, text)
    original, used = shipped(which=which), in_use(which=which)
    if (used.subject, used.text) == (subject, text):
        return used
    if (original.subject, original.text) == (subject, text):
        return reset(which=which, based_on=based_on, actor=actor, now=now)
    try:
        own = wordings.write(**which.key, subject=subject, text=text, based_on=based_on, made_by_id=actor.pk, now=now)
    except Stale as stale:
        raise _overtaken() from stale
    _audit(which, "wording.changed", actor=actor, now=now, note=f"version {own.version}")
    return Words(subject=subject, text=text, own=own)


@transaction.atomic
def restore(*, which: Which, version: int, based_on: int, actor: StaffMember, now: datetime) -> Words:
    """An older version's words become the newest. Raises LookupError where there is none, else as ``write``."""
    old = wordings.history(**which.key).filter(version=version).first()
    if old is None:
        raise LookupError(version)
    return write(which=which, subject=old.subject, text=old.text, based_on=based_on, actor=actor, now=now)


@transaction.atomic
def reset(*, which: Which, based_on: int, actor: StaffMember, now: datetime) -> Words:
    """Back to the words of the product. Raises ``Refused`` where somebody else was faster."""
    try:
        changed = wordings.reset(**which.key, based_on=based_on, now=now)
    except Stale as stale:
        raise _overtaken() from stale
    if changed:
        _audit(which, "wording.reset", actor=actor, now=now, note=f"version {based_on}")
    return shipped(which=which)


def _name(name: str, says: str, value: str | bool) -> Name:
    if isinstance(value, bool):
        return Name(mark=f"{{% if {name} %}}…{{% else %}}…{{% endif %}}", says=says, example="")
    return Name(mark=f"{{{{ {name} }}}}", says=says, example=value.strip())


def _names() -> list[str]:
    """Of the words, not only of the kinds: the neutral ones belong to many."""
    known = {*kinds.names(), NEWS}
    return [name for name in ABOUT if name in known]


def _row(site: Site, name: str, own: dict[tuple[str, str, str], Wording]) -> Row:
    whiches = [Which(site=site, name=name, channel=channel, language=language) for channel, language in COLUMNS]
    cells = (_cell(which, own.get((name, which.channel, which.language))) for which in whiches)
    return Row(
        name=name,
        title=title(name=name),
        about=about(name=name),
        audience=ANSWER if _is_answer(name) else whiches[0].kind.audience,
        cells=tuple(cell for cell in cells if cell is not None),
    )


def _cell(which: Which, own: Wording | None) -> Cell | None:
    original = _shipped(which)
    if original is None:
        return None
    used = original if own is None else Words(subject=own.subject, text=own.text, own=own)
    return Cell(which=which, words=used, look=wording_look.look(which=which, subject=used.subject, text=used.text))


def _is_answer(name: str) -> bool:
    return name.startswith(f"{ANSWER}_")


def _shipped(which: Which) -> Words | None:
    """None where this is not sent in this way; a text is answered by text."""
    if _is_answer(which.name) and not which.is_text:
        return None
    try:
        text = words.shipped(wording=which.name, language=which.language)
        subject = "" if which.is_text else words.shipped(wording=f"{which.name}.subject", language=which.language)
    except TemplateDoesNotExist:
        return None
    return Words(subject=subject, text=text)


def _refuse(which: Which, subject: str, text: str) -> None:
    fault = wording_look.look(which=which, subject=subject, text=text).fault
    if fault:
        raise Refused(fault)


def _overtaken() -> Refused:
    return Refused(gettext("Somebody saved other words while you were writing. Yours are kept below."))


def _audit(which: Which, verb: str, *, actor: StaffMember, now: datetime, note: str) -> None:
    about = f"wording:{which.site.pk}:{which.name}:{which.channel}:{which.language}"
    audit.record(actor=audit.staff(actor), verb=verb, now=now, subject=about, note=note)
