"""Every "no" a person gets to see."""

from collections.abc import Sequence
from dataclasses import dataclass

from clinic.domain.slots import Slot


class Refused(Exception):
    """``reasons`` are translated sentences, ready to be shown. Nothing was changed."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)
        self.reasons: list[str] = list(reasons)

    def __str__(self) -> str:
        return " ".join(self.reasons)


class Taken(Refused):
    """Somebody else has the time. ``alternatives`` are the next free starts, earliest first."""

    def __init__(self, *reasons: str, alternatives: Sequence[Slot] = ()) -> None:
        super().__init__(*reasons)
        self.alternatives: list[Slot] = list(alternatives)


@dataclass(frozen=True)
class Finding:
    """One thing that speaks against a place in the diary, in a sentence. ``rule`` is a ``SoftRule`` where it is soft:
    a role the signed rules name may book against it, with a reason. ``visit`` is whose place it is, by the number in
    the course."""

    rule: str
    says: str
    is_hard: bool
    visit: int = 0


class AgainstRules(Refused):
    """All that speaks against it, at once; ``more`` are sentences about the attempt to book it anyway."""

    def __init__(self, *findings: Finding, more: Sequence[str] = ()) -> None:
        super().__init__(*(finding.says for finding in findings), *more)
        self.findings: list[Finding] = list(findings)
        self.more: list[str] = list(more)

    @property
    def is_soft(self) -> bool:
        return all(not finding.is_hard for finding in self.findings)


class StaleVersion(Refused):
    """The form showed an older state. ``changed`` says in a sentence what it is now."""

    def __init__(self, *reasons: str, changed: str) -> None:
        super().__init__(*reasons)
        self.changed = changed
