"""A watched ride and a longer stay: they count while they stand, belong to a time, and hold what they need."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from clinic.domain import infusions
from clinic.domain.errors import Refused
from clinic.enums import ReleasedHow, Role, Rung
from clinic.models import AuditEntry, Infusion
from support.domain import arrangements, commitments, handovers, ladder, patient_page, promise_rows, ripple, way_home
from support.models import Alert, Arrangement, LadderStep
from tests.factories import CourseFactory, InfusionFactory, PolicyFactory
from tests.support.conftest import Clinic

DAY = timedelta(days=1)
CABS = "City Cabs, booking 4412, home by 17:30; Dana watches it"
STAYS = "Dana looks after them; then home: by bus"
EVERY_WAY = [Rung.ADULT_DRIVES, Rung.PAID_ESCORT, Rung.WATCHED_RIDE, Rung.EXTENDED_STAY, Rung.POSTPONE]


@pytest.fixture
def clinic(clinic: Clinic) -> Clinic:
    """Its rules allow every way."""
    clinic.policy = PolicyFactory(site=clinic.site, signed_by=clinic.staff[Role.DIRECTOR], rungs=EVERY_WAY)
    return clinic


@pytest.fixture
def visit(clinic: Clinic, next_week) -> Infusion:
    return clinic.book(next_week)


def arrange(clinic: Clinic, visit: Infusion, rung: Rung = Rung.WATCHED_RIDE, **changes) -> Arrangement:
    clinician = clinic.staff[Role.CLINICIAN]
    values = {"details": CABS if rung == Rung.WATCHED_RIDE else STAYS, "authorised_by": clinician, "actor": clinician}
    return arrangements.arrange(infusion=visit, rung=rung, **{**values, "now": clinic.now, **changes})


def end(clinic: Clinic, row: Arrangement, **changes) -> Arrangement:
    return arrangements.end(
        arrangement=row, **{"why": "Sam can come", "actor": clinic.desk, "now": clinic.now, **changes}
    )


def way(clinic: Clinic, visit: Infusion, now=None):
    return way_home.of(infusions=[clinic.fresh(visit)], now=now or clinic.now)[visit.pk]


def test_a_watched_ride_counts_as_a_confirmed_way_home(clinic: Clinic, visit: Infusion) -> None:
    assert way_home.gate(visit, visit.starts_at) == ["There is no confirmed way home."]
    arrange(clinic, visit)
    assert way_home.gate(clinic.fresh(visit), visit.starts_at) == []
    found = way(clinic, visit)
    assert (found.level, found.word) == ("ok", "Watched ride")
    assert found.sentence == f"Watched ride: {CABS}. Signed off by {clinic.staff[Role.CLINICIAN].full_name}."
    assert clinic.until(visit, "started").override_at is None


def test_it_is_on_record_who_arranged_and_who_signed(clinic: Clinic, visit: Infusion) -> None:
    row = arrange(clinic, visit, actor=clinic.desk)
    assert (row.arranged_by, row.authorised_by) == (clinic.desk, clinic.staff[Role.CLINICIAN])
    assert AuditEntry.objects.filter(verb="arrangement.made", actor=f"staff:{clinic.desk.pk}").count() == 1


def test_pressed_twice_it_is_arranged_once(clinic: Clinic, visit: Infusion) -> None:
    assert arrange(clinic, visit) == arrange(clinic, visit, details=f"  {CABS}. ")
    assert Arrangement.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rung": Rung.POSTPONE}, "The clinic's rules do not allow this way home."),
        ({"rung": Rung.PAID_ESCORT}, "The clinic's rules do not allow this way home."),
        ({"rung": "door"}, "The clinic's rules do not allow this way home."),
        ({"details": " ... "}, "Write down how the patient goes home and who made sure of it."),
    ],
)
def test_what_cannot_be_arranged_is_refused(clinic: Clinic, visit: Infusion, changes, sentence) -> None:
    with pytest.raises(Refused) as refused:
        arrange(clinic, visit, **changes)
    assert refused.value.reasons == [sentence]
    assert not Arrangement.objects.exists()


def test_a_way_the_signed_rules_do_not_name_is_refused(clinic: Clinic, visit: Infusion) -> None:
    Infusion.objects.filter(pk=visit.pk).update(policy=PolicyFactory(site=clinic.site))
    with pytest.raises(Refused, match="rules do not allow this way home"):
        arrange(clinic, visit)


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.NURSE])
def test_only_a_role_the_rules_name_signs_it_off(clinic: Clinic, visit: Infusion, role: Role) -> None:
    with pytest.raises(Refused, match="signed off by a role"):
        arrange(clinic, visit, authorised_by=clinic.staff[role])


def test_whoever_left_the_clinic_signs_nothing(clinic: Clinic, visit: Infusion) -> None:
    clinic.staff[Role.CLINICIAN].is_active = False
    with pytest.raises(Refused, match="signed off by a role"):
        arrange(clinic, visit)


@pytest.mark.parametrize(
    ("rung", "hours", "sentence"),
    [
        (Rung.WATCHED_RIDE, 6, "This could be arranged until Wednesday 11 March at 07:30."),
        (Rung.EXTENDED_STAY, 4, "This could be arranged until Wednesday 11 March at 09:30."),
    ],
)
def test_each_way_has_its_last_hour(clinic: Clinic, visit: Infusion, rung: Rung, hours: int, sentence: str) -> None:
    last = visit.starts_at - timedelta(hours=hours)
    with pytest.raises(Refused) as refused:
        arrange(clinic, visit, rung, now=last + timedelta(minutes=1))
    assert refused.value.reasons == [sentence]
    assert arrange(clinic, visit, rung, now=last - timedelta(minutes=1)).pk


def test_once_it_has_begun_only_a_longer_stay_is_left(clinic: Clinic, visit: Infusion) -> None:
    sam = clinic.named("Sam")
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "started")
    with pytest.raises(Refused, match="The treatment has begun"):
        arrange(clinic, visit, now=visit.started_at)
    row = arrange(clinic, visit, Rung.EXTENDED_STAY, now=visit.started_at)
    assert promise_rows.arranged(visit) == row


def test_for_a_time_that_changed_meanwhile_nothing_is_arranged(clinic: Clinic, visit: Infusion) -> None:
    seen = visit.starts_at
    clinic.move(visit, seen + DAY)
    with pytest.raises(Refused, match="The time of this visit has changed"):
        arrange(clinic, visit, for_starts_at=seen)


def test_for_a_visit_that_is_off_nothing_is_arranged(clinic: Clinic, visit: Infusion) -> None:
    infusions.cancel(infusion=visit, actor=clinic.desk, now=clinic.now, reason="ill")
    with pytest.raises(Refused, match="This visit is over"):
        arrange(clinic, visit)


def test_one_stands_and_the_next_waits_until_it_has_ended(clinic: Clinic, visit: Infusion) -> None:
    row = arrange(clinic, visit)
    with pytest.raises(Refused, match="is arranged already"):
        arrange(clinic, visit, Rung.EXTENDED_STAY)
    with pytest.raises(Refused, match="Say in a few words why it ends"):
        end(clinic, row, why=" x ")
    ended = end(clinic, row)
    assert (ended.ended_at, ended.ended_why) == (clinic.now, "Sam can come")
    assert end(clinic, row, why="again").ended_why == "Sam can come"
    assert way_home.gate(clinic.fresh(visit), visit.starts_at) == ["There is no confirmed way home."]
    assert arrange(clinic, visit, Rung.EXTENDED_STAY).pk


def test_the_database_holds_one_that_stands(clinic: Clinic, visit: Infusion) -> None:
    row = arrange(clinic, visit)
    row.pk = None
    with pytest.raises(IntegrityError, match="arrangement_one_stands"), transaction.atomic():
        row.save(force_insert=True)


# --- a longer stay holds the room ----------------------------------------------------------------------


def test_a_longer_stay_holds_the_room_until_its_end_and_gives_it_back(clinic: Clinic, visit: Infusion) -> None:
    planned = visit.ends_at
    row = arrange(clinic, visit, Rung.EXTENDED_STAY)
    until = visit.pickup_from + timedelta(minutes=clinic.policy.extended_stay_minutes)
    longer = clinic.fresh(visit)
    assert longer.ends_at == until
    assert longer.room_free_at == until + timedelta(minutes=clinic.protocol.turnaround_minutes)
    end(clinic, row)
    assert clinic.fresh(visit).ends_at == planned


def next_in_the_room(clinic: Clinic, at) -> Infusion:
    course = CourseFactory(patient__site=clinic.site, patient__given_name="Omar", patient__family_name="Perez")
    return InfusionFactory(course=course, room=clinic.room, starts_at=at, policy=clinic.policy)


def test_where_the_next_visit_stands_the_stay_is_refused_and_nothing_is_kept(clinic: Clinic, visit: Infusion) -> None:
    next_in_the_room(clinic, visit.room_free_at)
    with pytest.raises(Refused, match=f"{clinic.room} is needed for Omar P. on Wednesday 11 March"):
        arrange(clinic, visit, Rung.EXTENDED_STAY)
    assert not Arrangement.objects.exists()
    assert clinic.fresh(visit).ends_at == visit.ends_at


def test_a_day_that_runs_late_takes_the_stay_with_it(clinic: Clinic, visit: Infusion) -> None:
    arrange(clinic, visit, Rung.EXTENDED_STAY)
    held = clinic.fresh(visit).ends_at
    for verb, minutes in (("arrive", 30), ("start", 60), ("recover", 100), ("ready", 160)):
        at = visit.starts_at + timedelta(minutes=minutes)
        visit = getattr(infusions, verb)(infusion=visit, actor=clinic.nurse, now=at)
    needed = visit.ready_at + timedelta(minutes=clinic.policy.extended_stay_minutes)
    assert clinic.fresh(visit).ends_at == needed > held


def test_where_the_next_visit_comes_first_the_day_goes_on_and_the_desk_is_told(clinic: Clinic, visit: Infusion) -> None:
    arrange(clinic, visit, Rung.EXTENDED_STAY)
    held = clinic.fresh(visit)
    next_in_the_room(clinic, held.room_free_at)
    visit = infusions.arrive(infusion=visit, actor=clinic.nurse, now=visit.starts_at + timedelta(minutes=45))
    assert clinic.fresh(visit).ends_at == held.ends_at
    says = Alert.objects.get(key__startswith="stays-longer:").says
    assert "The longer stay of Maya now lasts until" in says
    assert "is needed for Omar P." in says


# --- it belongs to a time ------------------------------------------------------------------------------


@pytest.mark.parametrize("rung", [Rung.WATCHED_RIDE, Rung.EXTENDED_STAY])
def test_another_time_ends_it(clinic: Clinic, visit: Infusion, rung: Rung) -> None:
    row = arrange(clinic, visit, rung)
    length = visit.ends_at - visit.starts_at
    moved = clinic.move(visit, visit.starts_at + DAY)
    row.refresh_from_db()
    assert (row.ended_at, row.ended_why) == (clinic.now, "The visit was moved.")
    assert moved.ends_at - moved.starts_at == length
    assert way(clinic, visit).level == "stop"


def test_another_room_keeps_it_and_holds_that_room_as_long(clinic: Clinic, visit: Infusion) -> None:
    row = arrange(clinic, visit, Rung.EXTENDED_STAY)
    until = clinic.fresh(visit).ends_at
    clinic.room = type(clinic.room).objects.create(site=clinic.site, name="Room 77")
    moved = clinic.move(visit, visit.starts_at)
    row.refresh_from_db()
    assert (row.ended_at, moved.room.name, clinic.fresh(visit).ends_at) == (None, "Room 77", until)


def test_into_a_room_that_is_needed_before_its_end_it_does_not_move(clinic: Clinic, visit: Infusion) -> None:
    arrange(clinic, visit, Rung.EXTENDED_STAY)
    here = clinic.room
    clinic.room = type(clinic.room).objects.create(site=clinic.site, name="Room 77")
    next_in_the_room(clinic, visit.room_free_at)
    with pytest.raises(Refused, match="Room 77 is needed for Omar P"):
        clinic.move(visit, visit.starts_at)
    assert clinic.fresh(visit).room == here


def test_a_visit_that_is_called_off_ends_it(clinic: Clinic, visit: Infusion) -> None:
    row = arrange(clinic, visit)
    infusions.cancel(infusion=visit, actor=clinic.desk, now=clinic.now, reason="ill")
    row.refresh_from_db()
    assert row.ended_why == "The visit does not take place."


def test_a_ride_that_was_booked_is_called_off_by_a_person(clinic: Clinic, visit: Infusion) -> None:
    """The move's preview shows it among the calls for the desk."""
    arrange(clinic, visit)
    slot = clinic.slot(visit.starts_at + DAY)
    fresh = clinic.fresh(visit)
    seen = ripple.rehearse(infusion=fresh, slot=slot, actor=clinic.desk, now=clinic.now, version=fresh.version)
    says = f"Please call off the ride for Maya, Wed 11 Mar 13:30: {CABS}"
    assert says in seen.alerts
    assert not Alert.objects.exists()
    clinic.move(visit, slot.starts_at)
    assert Alert.objects.get(key__startswith="call-off:").says == says


# --- beside a person, and out of the door --------------------------------------------------------------


def test_somebody_may_say_yes_besides_and_both_are_said(clinic: Clinic, visit: Infusion) -> None:
    arrange(clinic, visit)
    sam = clinic.named("Sam")
    clinic.yes(sam, visit)
    late = visit.starts_at - timedelta(hours=2)
    found = way(clinic, visit, late)
    assert (found.level, found.word, found.held.first_name) == ("ok", "Watched ride", "Sam")
    assert found.sentence.startswith("Sam said yes but has not confirmed. Watched ride: City Cabs")
    commitments.reconfirm(commitment=clinic.promise(sam, visit), via="link", now=late)
    assert way(clinic, visit, late).word == "Way home"


def test_the_desk_is_told_when_a_helper_takes_what_was_arranged_and_when_they_step_back(
    clinic: Clinic, visit: Infusion
) -> None:
    arrange(clinic, visit)
    sam = clinic.named("Sam")
    clinic.yes(sam, visit)
    both = Alert.objects.get(key__startswith="besides:").says
    assert both.startswith("Sam takes Maya home, Wed 11 Mar 13:30. There is also: A ride the clinic books and watches.")
    commitments.withdraw(commitment=clinic.promise(sam, visit), via="link", now=clinic.now)
    says = Alert.objects.get(key__startswith="withdrawn:").says
    assert says == "Sam stepped back from Wed 11 Mar 13:30. There is still: A ride the clinic books and watches."
    assert way_home.gate(clinic.fresh(visit), visit.starts_at) == []


def test_what_is_arranged_ends_the_search_and_its_end_begins_it_again(clinic: Clinic, visit: Infusion) -> None:
    near = visit.starts_at - timedelta(days=2)
    ladder.sweep(now=near)
    open_steps = LadderStep.objects.filter(infusion=visit, ended_at=None)
    assert open_steps.count() == 1
    row = arrange(clinic, visit, now=near)
    assert not open_steps.exists()
    assert LadderStep.objects.get().end == "taken"
    end(clinic, row, now=near + timedelta(hours=1))
    assert open_steps.count() == 1


@pytest.mark.parametrize(
    ("rung", "note"),
    [
        (Rung.WATCHED_RIDE, "We book a ride for you, see you into it and make sure that you come home."),
        (Rung.EXTENDED_STAY, "You stay with us longer, until about 16:55. Then you can go home."),
    ],
)
def test_the_patient_reads_what_was_arranged_unless_somebody_comes(
    clinic: Clinic, visit: Infusion, rung: Rung, note: str
) -> None:
    assert patient_page.build(patient=clinic.patient, now=clinic.now).arranged_note == ""
    arrange(clinic, visit, rung)
    assert patient_page.build(patient=clinic.patient, now=clinic.now).arranged_note == note
    clinic.yes(clinic.named("Sam"), visit)
    assert patient_page.build(patient=clinic.patient, now=clinic.now).arranged_note == ""


def test_rules_that_no_longer_allow_it_close_the_gate(clinic: Clinic, visit: Infusion) -> None:
    arrange(clinic, visit)
    Infusion.objects.filter(pk=visit.pk).update(policy=PolicyFactory(site=clinic.site))
    assert way_home.gate(clinic.fresh(visit), visit.starts_at) == [
        "Watched ride: the clinic's rules do not allow this way home any more."
    ]


def test_a_nurse_lets_go_by_what_was_signed_off_with_its_words_as_evidence(clinic: Clinic, visit: Infusion) -> None:
    arrange(clinic, visit)
    visit = clinic.until(visit, "ready")
    left = {"infusion": visit, "evidence": "", "authorised_by": clinic.nurse, "actor": clinic.nurse, "score": 10}
    with pytest.raises(Refused, match="signed off by a role"):
        handovers.release_otherwise(how=ReleasedHow.AGAINST_ADVICE, now=visit.ready_at, **left)
    done = handovers.release_otherwise(how=ReleasedHow.WATCHED_RIDE, now=visit.ready_at, **left)
    assert (done.evidence, done.authorised_by, done.done_by) == (CABS, clinic.staff[Role.CLINICIAN], clinic.nurse)


def test_what_was_signed_by_somebody_who_left_is_signed_anew_by_one_who_may(clinic: Clinic, visit: Infusion) -> None:
    director, clinician = clinic.staff[Role.DIRECTOR], clinic.staff[Role.CLINICIAN]
    arrange(clinic, visit, authorised_by=director)
    visit = clinic.until(visit, "ready")
    director.is_active = False
    director.save(update_fields=["is_active"])
    left = {"infusion": visit, "how": ReleasedHow.WATCHED_RIDE, "evidence": "", "score": 10, "now": visit.ready_at}
    with pytest.raises(Refused, match="signed off by a role"):
        handovers.release_otherwise(authorised_by=clinic.nurse, actor=clinic.nurse, **left)
    done = handovers.release_otherwise(authorised_by=clinician, actor=clinician, **left)
    assert (done.evidence, done.authorised_by) == (CABS, clinician)


def test_a_ride_that_was_booked_is_called_off_where_the_patient_leaves_with_somebody(
    clinic: Clinic, visit: Infusion
) -> None:
    row = arrange(clinic, visit)
    sam = clinic.named("Sam")
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at)
    row.refresh_from_db()
    assert (row.ended_at, row.ended_why) == (visit.ready_at, "The patient left in another way.")
    says = Alert.objects.get(key=f"call-off:{row.pk}").says
    assert says == f"Please call off the ride for Maya, Wed 11 Mar 13:30: {CABS}"


def test_a_ride_that_took_them_home_stands(clinic: Clinic, visit: Infusion) -> None:
    row = arrange(clinic, visit)
    visit = clinic.until(visit, "ready")
    left = {"infusion": visit, "how": ReleasedHow.WATCHED_RIDE, "evidence": "", "score": 10, "now": visit.ready_at}
    handovers.release_otherwise(authorised_by=clinic.nurse, actor=clinic.nurse, **left)
    row.refresh_from_db()
    assert row.ended_at is None
    assert not Alert.objects.filter(key__startswith="call-off:").exists()


def test_the_desk_is_told_when_a_ride_is_booked_beside_a_helper_who_still_comes(
    clinic: Clinic, visit: Infusion
) -> None:
    clinic.confirmed(clinic.named("Sam"), visit)
    arrange(clinic, visit)
    both = Alert.objects.get(key__startswith="besides:").says
    assert both.startswith("Sam takes Maya home, Wed 11 Mar 13:30. There is also: A ride the clinic books and watches.")


def test_what_stands_for_one_way_signs_no_other(clinic: Clinic, visit: Infusion) -> None:
    arrange(clinic, visit, Rung.EXTENDED_STAY)
    visit = clinic.until(visit, "ready")
    left = {"infusion": visit, "evidence": "", "authorised_by": clinic.nurse, "actor": clinic.nurse, "score": 10}
    with pytest.raises(Refused, match="signed off by a role"):
        handovers.release_otherwise(how=ReleasedHow.WATCHED_RIDE, now=visit.ready_at, **left)


def test_how_many_questions_it_costs_does_not_grow_with_the_visits(
    clinic: Clinic, next_week, django_assert_num_queries
) -> None:
    clinic.book(*[next_week + index * DAY for index in range(3)])
    visits = list(clinic.site.infusions.select_related("site", "policy", "patient"))
    for visit in visits:
        arrange(clinic, visit)
    with django_assert_num_queries(2):
        assert {way.word for way in way_home.of(infusions=visits, now=clinic.now).values()} == {"Watched ride"}
