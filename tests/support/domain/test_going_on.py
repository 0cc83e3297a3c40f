"""After some rides: is it still all right? Asked once, the morning after, and whatever is answered is fine."""

from datetime import UTC, datetime, timedelta

import pytest

from clinic.domain.errors import Refused
from clinic.models import AuditEntry, Infusion
from messaging.domain import kinds
from messaging.models import Message
from support.domain import going_on, watch
from support.enums import LoadAnswer
from support.models import Alert, Commitment, Designation, SupportPerson
from tests import factories

DAY = timedelta(days=1)


@pytest.fixture
def sam(clinic) -> Designation:
    return clinic.named("Sam")


@pytest.fixture
def drove(clinic, sam, next_week):
    """Sam took Maya home so many times, two days apart; the moment they left the last time."""

    def make(times: int, later: timedelta = timedelta()) -> datetime:
        first = clinic.book(*(next_week + later + 2 * number * DAY for number in range(times)))
        for visit in first.course.infusions.order_by("starts_at"):
            clinic.yes(sam, visit)
            left = went_home(visit, sam)
        return left

    return make


def went_home(visit: Infusion, named: Designation) -> datetime:
    left = visit.starts_at + timedelta(hours=2)
    Commitment.objects.filter(infusion=visit, designation=named).update(status="kept")
    stamps = ("arrived_at", "started_at", "recovering_at", "ready_at")
    Infusion.objects.filter(pk=visit.pk).update(**dict.fromkeys(stamps, visit.starts_at), released_at=left)
    return left


def asked() -> list[tuple[str, str]]:
    return list(Message.objects.filter(kind="helper_go_on").values_list("channel", "status"))


def test_after_the_third_ride_they_are_asked_the_next_morning_at_ten_and_once(drove, sam):
    left = drove(3)
    # 10:00 in New York, in summer time.
    morning = datetime(2026, 3, 16, 14, tzinfo=UTC)
    assert left.date() == datetime(2026, 3, 15).date()
    assert going_on.ask_due(now=morning - timedelta(minutes=1)) == 0
    assert [going_on.ask_due(now=morning) for _round in range(3)] == [1, 0, 0]
    assert asked() == [("sms", "pending")]
    assert Message.objects.get(kind="helper_go_on").due_at == morning
    sam.refresh_from_db()
    assert going_on.is_asked(sam)


def test_a_sweep_over_many_who_drove_is_three_queries(clinic, next_week, django_assert_num_queries):
    """Asked every minute: whoever drove of late and is not to be asked costs no query of their own."""
    people = [clinic.named(name) for name in ("Sam", "Jo", "Alex", "Robin")]
    first = clinic.book(*(next_week + number * DAY for number in range(len(people))))
    for named, visit in zip(people, first.course.infusions.order_by("starts_at"), strict=True):
        clinic.yes(named, visit)
        left = went_home(visit, named)
    with django_assert_num_queries(3):
        assert going_on.ask_due(now=left + DAY) == 0


def test_the_sweep_asks(drove):
    watch.run(now=drove(3) + DAY)
    assert asked() == [("sms", "pending")]


def test_never_on_the_day_itself_however_late_it_is(drove):
    left = drove(3)
    assert going_on.ask_due(now=left + timedelta(hours=9)) == 0


def test_where_rides_follow_day_by_day_the_question_waits_for_a_day_without_one(clinic, drove, sam):
    left = drove(3)
    tomorrow = clinic.book(left + timedelta(hours=22))
    clinic.yes(sam, tomorrow)
    assert going_on.ask_due(now=left + timedelta(hours=23)) == 0
    assert going_on.ask_due(now=left + timedelta(hours=47)) == 1


@pytest.mark.parametrize(("times", "count"), [(2, 0), (3, 1), (4, 1), (6, 1)])
def test_the_third_ride_asks_also_where_another_followed_at_once(drove, times, count):
    assert going_on.ask_due(now=drove(times) + DAY) == count


def test_they_are_asked_again_after_three_more(drove, sam):
    now = drove(3) + DAY
    assert going_on.ask_due(now=now) == 1
    going_on.answer(designation=sam, said=LoadAnswer.GO_ON, now=now, actor="link:x")
    assert going_on.ask_due(now=drove(2, later=10 * DAY) + DAY) == 0
    assert going_on.ask_due(now=drove(1, later=20 * DAY) + DAY) == 1
    sam.refresh_from_db()
    assert going_on.is_asked(sam)


def test_a_clinic_that_says_nought_asks_nobody(clinic, drove):
    factories.PolicyFactory(site=clinic.site, signed_by=clinic.staff["director"], version=1_000_000, load_after=0)
    assert going_on.ask_due(now=drove(3) + DAY) == 0


def test_rides_of_long_ago_ask_nobody(drove):
    assert going_on.ask_due(now=drove(3) + 9 * DAY) == 0


def test_somebody_without_mobile_and_e_mail_finds_the_question_on_their_page_only(drove, sam):
    SupportPerson.objects.update(phone="", email="")
    assert going_on.ask_due(now=drove(3) + DAY) == 1
    assert asked() == []
    assert not Alert.objects.filter(key__contains="load").exists()


def test_less_often_is_a_limit_from_now_on(clinic, sam):
    going_on.answer(designation=sam, said=LoadAnswer.LESS, most=2, now=clinic.now, actor="link:x")
    sam.refresh_from_db()
    assert (sam.most_rides, sam.load_answer, sam.load_answered_at) == (2, "less", clinic.now)
    assert AuditEntry.objects.filter(actor="link:x", verb="designation.load_answered").count() == 1


@pytest.mark.parametrize("most", [None, 0, 29])
def test_less_often_needs_a_number(clinic, sam, most):
    with pytest.raises(Refused):
        going_on.answer(designation=sam, said=LoadAnswer.LESS, most=most, now=clinic.now, actor="link:x")
    sam.refresh_from_db()
    assert sam.load_answer == ""


def test_an_answer_that_is_none_is_refused(clinic, sam):
    with pytest.raises(Refused):
        going_on.answer(designation=sam, said="nonsense", now=clinic.now, actor="link:x")


def test_stepping_back_asks_the_others_and_the_patient_reads_of_it_from_a_person(clinic, sam, next_week):
    jo = clinic.named("Jo")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    going_on.answer(designation=sam, said=LoadAnswer.STEP_BACK, now=clinic.now, actor="link:x")
    sam.refresh_from_db()
    assert (sam.withdrawn_at, sam.load_answer) == (clinic.now, "step_back")
    assert clinic.promise(jo, visit).status == "asked"
    says = Alert.objects.get(key=f"stopped:{sam.pk}").says
    assert says == "Sam does not want to be asked any more and had dates. Please tell the patient."


def test_who_has_answered_meanwhile_gets_no_message(drove, sam):
    now = drove(3) + DAY
    going_on.ask_due(now=now)
    row = Message.objects.get(kind="helper_go_on")
    assert kinds.get("helper_go_on").still_wanted(row, now).wanted
    going_on.answer(designation=sam, said=LoadAnswer.GO_ON, now=now, actor="link:x")
    assert not kinds.get("helper_go_on").still_wanted(row, now).wanted
