"""How people stand towards being written to: which addresses asked for no more, and what was agreed to at which."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from messaging.domain import consents
from messaging.domain.consents import Yes
from messaging.domain.opt_outs import same

READ = """
SELECT '', '', '', address FROM messaging_optout WHERE address = ANY(%s) AND ended_at IS NULL
UNION ALL
SELECT person, purpose, channel, address FROM messaging_consent WHERE person = ANY(%s) AND withdrawn_at IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Addresses are in the form they are compared in."""

    stopped: frozenset[str] = frozenset()
    agreed: frozenset[Yes] = frozenset()

    def is_open(self, address: str) -> bool:
        """Whether there is an address, and it did not ask for no more messages."""
        return bool(address) and same(address) not in self.stopped

    def has_agreed(self, *, person: str, purpose: str, channel: str, address: str) -> bool:
        return consents.yes(person=person, purpose=purpose, channel=channel, address=address) in self.agreed

    def __or__(self, other: "Standing") -> "Standing":
        return Standing(stopped=self.stopped | other.stopped, agreed=self.agreed | other.agreed)


def of(*, people: Iterable[str], addresses: Iterable[str]) -> Standing:
    """One query; none where there is nobody."""
    who, where = list(people), [same(address) for address in addresses if address]
    if not who and not where:
        return Standing()
    with connection.cursor() as cursor:
        cursor.execute(READ, [where, who])
        rows = [Yes(*row) for row in cursor.fetchall()]
    return Standing(
        stopped=frozenset(row.address for row in rows if not row.person),
        agreed=frozenset(row for row in rows if row.person),
    )
