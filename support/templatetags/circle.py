"""Words for the stored values of the circle."""

from django import template
from django.db.models import TextChoices
from django.utils.translation import get_language_info

from clinic.enums import DischargeItem, Role
from support.enums import MayKnow, SupportRole

register = template.Library()


def _label(choices: type[TextChoices], value: str) -> str:
    return str(choices(value).label) if value in choices.values else value


@register.filter
def role_word(value: str) -> str:
    """``ride`` as "Way home"."""
    return _label(SupportRole, value)


@register.filter
def know_word(value: str) -> str:
    """``dates`` as "Dates and times of visits"."""
    return _label(MayKnow, value)


@register.filter
def staff_role_word(value: str) -> str:
    """``director`` as "Medical director"."""
    return _label(Role, value)


@register.filter
def discharge_word(value: str) -> str:
    """``steady`` as "Walks steadily"."""
    return _label(DischargeItem, value)


@register.filter
def said_of(lines: dict[int, str], key: int) -> str:
    """What is said of one of them, or nothing."""
    return lines.get(key, "")


@register.filter
def language_word(code: str) -> str:
    """``es`` as "Spanish"; a language Django has no name for stays as it came."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
