"""What a browser's tab, its history and a preview of a link show to whoever looks over a shoulder."""

from django import template
from django.template import Context
from django.utils.translation import gettext as _

from messaging.domain import telling

register = template.Library()


@register.simple_block_tag(takes_context=True)
def neutral(context: Context, content: str) -> str:
    """What stands inside, unless a word of it tells what the visit is about. The context's ``site`` may add words."""
    also = tuple(getattr(context.get("site"), "never_say", ()))
    return _("Your page") if telling.word(text=content, also=also) else content
