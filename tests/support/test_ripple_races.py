"""Looking at a move while others book: nobody waits long for it, and nothing of it is ever seen."""

import time
from datetime import timedelta
from threading import Thread

import psycopg2
import pytest
from django.db import connection

from clinic.domain import locks, moves
from clinic.domain.errors import StaleVersion, Taken
from clinic.models import AuditEntry, Infusion
from support.domain import ripple
from tests.support.domain.test_ripple import everything_stored

pytestmark = pytest.mark.django_db(transaction=True)


def look(clinic, visit, slot):
    return ripple.rehearse(infusion=visit, slot=slot, actor=clinic.desk, now=clinic.now, version=visit.version)


def test_a_look_waits_half_a_second_for_whoever_books(clinic, next_week, pg_dsn):
    visit = clinic.fresh(clinic.book(next_week))
    other = psycopg2.connect(pg_dsn)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [locks.ROOM, clinic.room.pk])
    begun = time.monotonic()
    with pytest.raises(Taken, match="Many people are booking at this moment"):
        look(clinic, visit, clinic.slot(next_week + timedelta(days=1)))
    assert time.monotonic() - begun < 2.5
    other.close()
    assert look(clinic, visit, clinic.slot(next_week + timedelta(days=1))).is_new_time


def test_what_was_only_looked_at_is_nowhere_not_even_in_the_chain(clinic, next_week):
    visit = clinic.fresh(clinic.book(next_week))
    clinic.yes(clinic.named("Sam"), visit)
    before, trail = everything_stored(), AuditEntry.objects.count()
    look(clinic, visit, clinic.slot(next_week + timedelta(days=1)))
    assert (everything_stored(), AuditEntry.objects.count()) == (before, trail)


def test_looks_and_a_move_at_once_move_once(clinic, next_week):
    visit = clinic.fresh(clinic.book(next_week))
    slots = [clinic.slot(next_week + timedelta(days=n)) for n in (1, 2, 3)]
    answers: list[object] = []

    def run(work) -> None:
        try:
            answers.append(work())
        except (StaleVersion, Taken) as refused:
            answers.append(refused)
        finally:
            connection.close()

    def move() -> Infusion:
        return moves.move(infusion=visit, slot=slots[0], actor=clinic.desk, now=clinic.now, version=visit.version)

    works = [move, *(lambda slot=slot: look(clinic, visit, slot) for slot in slots)]
    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 4
    assert [type(answer) for answer in answers].count(Infusion) == 1
    visit.refresh_from_db()
    assert (visit.starts_at, visit.version) == (slots[0].starts_at, 2)
