"""What whoever takes a patient home takes on: the clinic's times as they stand, and for good once accepted."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from clinic.enums import ReleasedHow, Role
from clinic.models import Infusion
from support.domain import handovers, slips, taken_on
from support.models import Handover
from tests.factories import PolicyFactory
from tests.support.conftest import Clinic

HOUR = timedelta(hours=1)


def ready(clinic: Clinic, at) -> Infusion:
    """Maya was ready at 15:10 in New York, on Wednesday 11 March; Sam has the way home."""
    sam = clinic.named("Sam")
    visit = clinic.book(at)
    clinic.confirmed(sam, visit)
    return clinic.fresh(clinic.until(visit, "ready"))


def signed(clinic: Clinic, **rules) -> None:
    PolicyFactory(site=clinic.site, version=clinic.policy.version + 1, signed_by=clinic.staff[Role.DIRECTOR], **rules)


def accepted(clinic: Clinic, visit: Infusion) -> list[str]:
    drawn = Handover.objects.get(infusion=visit)
    row = handovers.accept(handover=drawn, now=visit.ready_at, actor="link:abc")
    return taken_on.lines(visit=clinic.fresh(visit), handover=row)


def test_before_they_leave_the_times_are_of_leaving_at_once(clinic: Clinic, next_week):
    visit = ready(clinic, next_week)
    assert taken_on.lines(visit=visit, handover=None) == [
        "I am 18 or older. I have had no alcohol.",
        "I take Maya home and go in too.",
        "Somebody stays with Maya until 23:10, or later if you leave later.",
        "Maya does not drive before Thu 15:10, or later if you leave later. No alcohol, no papers to sign.",
        "If I am worried, I call.",
    ]


def test_two_days_in_the_rules_are_two_days_in_the_words_and_on_paper(clinic: Clinic, next_week):
    signed(clinic, drive_block_hours=48)
    visit = ready(clinic, next_week)
    slip = slips.make(infusion=visit, actor=clinic.nurse, now=visit.ready_at)
    assert "Maya does not drive before Fri 15:10" in slip.lines[3]
    assert accepted(clinic, visit) == slip.lines


def test_a_day_that_runs_late_takes_the_evening_with_it(clinic: Clinic, next_week):
    visit = ready(clinic, next_week)
    visit.ready_at = visit.starts_at + 3 * HOUR
    assert "until 00:30 on Thursday, or later" in taken_on.as_they_stand(visit)[2]


def test_what_was_accepted_stays_in_the_words_that_were(clinic: Clinic, next_week):
    visit = ready(clinic, next_week)
    words = accepted(clinic, visit)
    clinic.hand_over(visit, visit.commitments.get(), now=visit.ready_at + HOUR)
    left = clinic.fresh(visit)
    assert taken_on.lines(visit=left, handover=left.handover) == words
    assert "does not drive before Thu 16:10. " in taken_on.as_they_stand(left)[3]


def test_on_paper_it_is_accepted_in_the_language_of_the_paper(clinic: Clinic, next_week):
    visit = ready(clinic, next_week)
    row = visit.commitments.get()
    row.designation.person.language = "es"
    row.designation.person.save(update_fields=["language"])
    done = clinic.hand_over(visit, row, now=visit.ready_at)
    with override("es"):
        assert done.accepted_words.splitlines()[0] != "I am 18 or older. I have had no alcohol."
    assert len(done.accepted_words.splitlines()) == 5


def test_who_left_in_another_way_left_with_nobodys_words(clinic: Clinic, next_week):
    visit = ready(clinic, next_week)
    accepted(clinic, visit)
    clinician = clinic.staff[Role.CLINICIAN]
    done = handovers.release_otherwise(
        infusion=visit,
        how=ReleasedHow.AGAINST_ADVICE,
        evidence="Wanted to go, walked out alone",
        authorised_by=clinician,
        witness=clinic.nurse,
        score=None,
        actor=clinician,
        now=visit.ready_at,
    )
    assert (done.accepted_at, done.accepted_words) == (None, "")


@pytest.mark.parametrize("hours", [0, 8])
def test_where_nobody_has_to_stay_nobody_takes_it_on(clinic: Clinic, next_week, hours):
    signed(clinic, stay_with_hours=hours)
    said = taken_on.as_they_stand(ready(clinic, next_week))
    assert any("Somebody stays" in line for line in said) == (hours > 0)
