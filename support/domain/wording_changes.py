"""What was taken out of some words and put in, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

# Words and marks, each whole, so that a difference is read and not spelt.
PIECE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\w+|\s+|.")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of words: "same", or "gone" from the product's, or "new" in the clinic's."""

    how: str
    text: str


def changes(*, before: str, after: str) -> list[Piece]:
    """What was taken out and put in, word by word."""
    old, new = PIECE.findall(before), PIECE.findall(after)
    found: list[Piece] = []
    for how, start, end, begin, stop in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if how == "equal":
            found.append(Piece(how="same", text="".join(old[start:end])))
            continue
        found += [
            Piece(how=word, text="".join(pieces))
            for word, pieces in (("gone", old[start:end]), ("new", new[begin:stop]))
            if pieces
        ]
    return found
