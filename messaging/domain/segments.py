"""How many parts a text is sent, and paid, as (3GPP 23.038 and 23.040)."""

from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, kw_only=True)
class Size:
    """`odd` holds the characters that force the short, 70-character parts."""

    segments: int
    units: int
    odd: str


def measure(text: str) -> Size:
    odd = "".join(sorted(set(text) - BASIC - ESCAPED))
    if odd:
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
        single, part = 70, 67
    else:
        widths = [2 if character in ESCAPED else 1 for character in text]
        single, part = 160, 153
    return Size(segments=_parts(widths, single=single, part=part), units=sum(widths), odd=odd)


def _parts(widths: list[int], *, single: int, part: int) -> int:
    """An escaped character or a surrogate pair is never cut in two, so parts may end one short."""
    if sum(widths) <= single:
        return 1
    parts, room = 1, part
    for width in widths:
        if width > room:
            parts, room = parts + 1, part
        room -= width
    return parts
