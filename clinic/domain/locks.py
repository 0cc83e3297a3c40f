"""The order in which the diary is locked.

The exclusion constraints are the guarantee. Alone they deadlock when overlapping visits are written at once, so
whoever writes a visit first takes the locks of its room, clinician and patient, in one order for everybody.
"""

from collections.abc import Iterable
from typing import TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)

# Held shared by whoever writes visits, alone by whoever changes what they are decided under (see DiaryStamp).
PREMISES = 7000
ROOM, CLINICIAN, PATIENT = 7001, 7002, 7003
TAKE = """
SELECT CASE WHEN k = %s THEN pg_advisory_xact_lock_shared(k, v) ELSE pg_advisory_xact_lock(k, v) END
FROM unnest(%s::int[], %s::int[]) AS keys(k, v)
"""


def keys(*, rooms: Iterable[int], clinicians: Iterable[int], patients: Iterable[int]) -> tuple[list[int], list[int]]:
    """What to lock, in the order for everybody: kinds, and whose."""
    wanted = ((ROOM, rooms), (CLINICIAN, clinicians), (PATIENT, patients))
    ordered = sorted({(PREMISES, 0)} | {(kind, pk) for kind, pks in wanted for pk in pks})
    return [kind for kind, _pk in ordered], [pk % 2**31 for _kind, pk in ordered]


def diary(*, rooms: Iterable[int], clinicians: Iterable[int], patients: Iterable[int]) -> None:
    """Waits (at most the connection's ``lock_timeout``) and holds until the transaction ends."""
    kinds, whose = keys(rooms=rooms, clinicians=clinicians, patients=patients)
    with connection.cursor() as cursor:
        # unnest() gives the rows in the order of the arrays.
        cursor.execute(TAKE, [PREMISES, kinds, whose])


def held(rows: QuerySet[Row], pk: int | None) -> Row:
    """The row as it is now with all that ``rows`` joins, held until the transaction ends; DoesNotExist otherwise.

    In two statements: what a statement joins it has read before it waits, and PostgreSQL leaves out a row that belongs
    to somebody else by the time it is let in.
    """
    rows.select_related(None).select_for_update(no_key=True).values_list("pk").get(pk=pk)
    return rows.get(pk=pk)
