"""Nobody is said to be asked whom no message asks; the desk reads whom to call, and gets the call in time."""

from datetime import timedelta

from support.domain import commitments, proposal, reached, watch
from support.enums import AnsweredVia
from support.models import Alert

PHONE = AnsweredVia.PHONE


def words(clinic, visit) -> str:
    return reached.booked(infusion=visit)


def test_the_desk_reads_who_is_asked_and_whom_to_call(clinic, next_week, django_assert_num_queries):
    clinic.named("Sam")
    clinic.named("Marta", agreed=False)
    visit = clinic.book(next_week)
    with django_assert_num_queries(2):
        said = words(clinic, visit)
    assert said == ("Booked. Asked now: Sam. Invited, not written to again until they answer: Marta. Please call.")


def test_somebody_without_number_and_address_is_named_too(clinic, next_week):
    clinic.named("Ann", phone="", email="")
    assert words(clinic, clinic.book(next_week)) == "Booked. No message reaches Ann. Please call."


def test_where_nobody_is_named_nobody_is_said_to_be_asked(clinic, next_week):
    assert words(clinic, clinic.book(next_week)) == "Booked. Nobody is named who could be asked."


def test_after_a_move_nobody_is_said_to_be_asked_whom_no_message_asks(clinic, next_week):
    clinic.named("Marta", agreed=False)
    visit = clinic.book(next_week)
    assert proposal.who_is_asked(infusion=visit, had_said_yes=False) == (
        "Invited, not written to again until they answer: Marta. Please call."
    )
    clinic.named("Sam")
    assert proposal.who_is_asked(infusion=visit, had_said_yes=True) == (
        "Everybody who had said yes is asked again for the new time. "
        "Invited, not written to again until they answer: Marta. Please call."
    )


def test_somebody_with_two_roles_is_named_once(clinic, next_week):
    clinic.named("Sam", roles=("ride", "presence"))
    assert words(clinic, clinic.book(next_week)) == "Booked. Asked now: Sam."


def test_a_booking_in_the_asking_time_that_depends_on_somebody_unreached_opens_the_call(clinic):
    marta = clinic.named("Marta", agreed=False)
    clinic.now += timedelta(days=5)
    clinic.book(clinic.now + timedelta(days=2))
    alert = Alert.objects.get()
    assert alert.designation == marta
    assert alert.says == ("No message goes to Marta until they answer. Please call: can they help Tue 10 Mar 10:41?")


def test_the_call_comes_by_itself_when_the_asking_time_begins_and_once(clinic, next_week):
    clinic.named("Marta", agreed=False)
    visit = clinic.book(next_week)
    watch.run(now=visit.starts_at - timedelta(hours=96))
    calls = Alert.objects.filter(key__startswith="call:")
    assert not calls.exists()
    for hours in (72, 60):
        watch.run(now=visit.starts_at - timedelta(hours=hours))
    assert calls.count() == 1


def test_a_no_by_phone_leads_to_the_next(clinic):
    marta, ana = clinic.named("Marta", agreed=False), clinic.named("Ana", agreed=False)
    clinic.now += timedelta(days=5)
    visit = clinic.book(clinic.now + timedelta(days=2))
    commitments.decline(commitment=clinic.promise(marta, visit), via=PHONE, now=clinic.now, recorded_by=clinic.desk)
    assert list(Alert.objects.order_by("pk").values_list("designation", flat=True)) == [marta.pk, ana.pk]
