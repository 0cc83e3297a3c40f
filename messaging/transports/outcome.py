"""What is known after handing a message over, or after asking about one."""

from dataclasses import dataclass
from enum import Enum


class Result(Enum):
    ACCEPTED = "accepted"
    # Certainly not taken; the same request may be tried again.
    LATER = "later"
    # Certainly not taken, and never will be.
    REFUSED = "refused"
    # The request may have been taken: only asking can tell.
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`reason` is a sentence for staff, `fault` a short class for counting; neither holds an address."""

    result: Result
    provider_id: str = ""
    fault: str = ""
    reason: str = ""
    retry_after: int | None = None
    opted_out: bool = False


class Answer(Enum):
    FOUND = "found"
    NOT_FOUND = "not_found"
    CANNOT_SAY = "cannot_say"


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """`status` is the provider's own word ("sent", "delivered", …)."""

    answer: Answer
    provider_id: str = ""
    status: str = ""
