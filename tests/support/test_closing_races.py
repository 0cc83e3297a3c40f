"""Two desks clear one closed day at once."""

from collections import Counter
from datetime import timedelta

import pytest

from clinic.domain import hours
from clinic.models import Infusion, Move
from support.domain import closing, closing_offers
from support.domain.closing import Choice
from tests import factories
from tests.clinic.test_races import all_at_once, deadlocks

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


def test_two_desks_press_move_all_at_once_and_each_visit_moves_once(clinic, next_week):
    for number in range(4):
        clinic.patient = factories.PatientFactory(site=clinic.site)
        clinic.book(next_week + (2 * number - 4) * HOUR)
    closure = hours.close(
        site=clinic.site,
        starts_at=next_week - 6 * HOUR,
        ends_at=next_week + 8 * HOUR,
        reason="Snow",
        actor=clinic.desk,
        now=clinic.now,
    )
    visits = list(closing.hit(closure=closure, now=clinic.now).select_related(*closing.WITH))
    found = closing_offers.of(closure=closure, visits=visits, now=clinic.now)
    choices = [Choice(infusion=one, slot=found[one.pk][0].slot, version=one.version) for one in visits]
    before = deadlocks()

    answers = all_at_once(
        [lambda: closing.move_all(closure=closure, choices=choices, actor=clinic.desk, now=clinic.now)] * 4
    )

    assert Counter(outcome.is_done for outcomes in answers for outcome in outcomes) == {True: 16}
    assert set(Infusion.objects.values_list("version", flat=True)) == {2}
    assert Move.objects.count() == 4
    assert deadlocks() == before
