"""How many parts a text is sent, and paid, as (3GPP 23.038 and 23.040)."""

import unicodedata
from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPED = frozenset("\f^{}\\[~]|€")
# What the words of a text leave for its link.
LINK_ROOM = 55
# What word processors write for the signs every phone has.
SIGNS = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "•": "-", "\u00a0": " "}
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """`odd` holds the characters that force the short, 70-character parts."""

    segments: int
    units: int
    odd: str


def folded(text: str) -> str:
    """In the letters every phone has, where there is one: accents go, signs become plain. The rest stays."""
    return "".join(_basic(character) for character in text.translate(SIGNS))


def _basic(character: str) -> str:
    if character in BASIC or character in ESCAPED:
        return character
    return "".join(part for part in unicodedata.normalize("NFKD", character) if part in BASIC) or character


def measure(text: str) -> Size:
    odd = "".join(sorted(set(text) - BASIC - ESCAPED))
    if odd:
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
        single, part = 70, 67
    else:
        widths = [2 if character in ESCAPED else 1 for character in text]
        single, part = 160, 153
    return Size(segments=_parts(widths, single=single, part=part), units=sum(widths), odd=odd)


def cut(text: str, *, units: int) -> str:
    """Its beginning, as much of it as takes no more than so many units."""
    while measure(text).units > units:
        text = text[:-1]
    return text


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
