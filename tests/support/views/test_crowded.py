"""Somebody waits too long for what another holds: they read so and press again."""

import psycopg2
import pytest
import time_machine

from support.models import Commitment
from tests.support import phone

pytestmark = pytest.mark.django_db(transaction=True)


def test_whoever_waits_too_long_for_a_visit_is_asked_to_send_it_again(clinic, next_week, pg_dsn):
    """A lock that does not come in time is nobody's fault: no page that says something broke; nothing is half done."""
    visit, sam = clinic.book(next_week), clinic.named("Sam")
    clinic.yes(sam, visit)
    with time_machine.travel(clinic.now, tick=False):
        opened = phone.of_helper(sam, now=clinic.now)
        with psycopg2.connect(pg_dsn) as other, other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM clinic_infusion WHERE id = %s FOR UPDATE", [visit.pk])
            answer = opened.post("link_step_back", visit.pk)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "we did not save what you just sent" in answer.text
    assert f'href="/l/{opened.key}/"' in answer.text
    assert list(Commitment.objects.filter(designation=sam).values_list("status", flat=True)) == ["accepted"]
