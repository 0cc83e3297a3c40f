from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from clinic.domain import infusions
from clinic.domain.errors import Refused
from clinic.enums import DischargeItem, ReleasedHow
from clinic.models import AuditEntry, Infusion
from messaging.models import Message
from support.domain import code_words, commitments, handovers, helper_page
from support.enums import AlertKind, HandoverCheck
from support.models import Alert, Designation, Handover
from tests.factories import PolicyFactory, ProtocolFactory, StaffFactory
from tests.support.conftest import Clinic

LATER = timedelta(minutes=5)


@pytest.fixture
def ready(clinic: Clinic, next_week):
    """Maya is ready to leave and Sam has the way home."""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    return clinic.until(visit, "ready"), clinic.promise(sam, visit)


def test_the_patient_leaves_with_the_named_adult(clinic: Clinic, ready):
    visit, sam = ready
    handover = clinic.hand_over(visit, sam, now=visit.ready_at + LATER)
    fresh = Infusion.objects.get(pk=visit.pk)
    sam.refresh_from_db()
    assert (fresh.status, fresh.released_how, sam.status) == ("released", "handover", "kept")
    assert (handover.commitment, handover.done_by, handover.score) == (sam, clinic.nurse, 10)
    assert AuditEntry.objects.filter(verb="handover.completed").count() == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"score": None}, "Record the discharge score."),
        ({"score": 8}, "The discharge score is below 9."),
        ({"instructions_given": False}, "Give the instructions to the person who takes the patient home."),
        ({"adult_seen": False}, "Meet Sam in person first."),
        ({"check_by": ""}, "Say how you know who this is."),
        ({"check_by": "code"}, "Write down both words as they were said."),
        (
            {"accepted_on_paper": False},
            "Let them accept what they take on: on their phone, or on paper in front of you.",
        ),
    ],
)
def test_what_is_missing_is_said_and_nobody_leaves(clinic: Clinic, ready, changes, reason):
    visit, sam = ready
    with pytest.raises(Refused) as no:
        clinic.hand_over(visit, sam, now=visit.ready_at, **changes)
    assert no.value.reasons == [reason]
    assert Infusion.objects.get(pk=visit.pk).status == "ready"
    assert Handover.objects.get().done_at is None


def test_both_words_must_match_whatever_their_case(clinic: Clinic, ready):
    visit, sam = ready
    drawn = Handover.objects.get()
    swapped = {"check_by": HandoverCheck.CODE, "words": (drawn.helper_word, drawn.patient_word)}
    with pytest.raises(Refused, match="The two words do not match"):
        clinic.hand_over(visit, sam, now=visit.ready_at, **swapped)
    right = {"check_by": HandoverCheck.CODE, "words": (f" {drawn.patient_word.upper()}", drawn.helper_word)}
    assert clinic.hand_over(visit, sam, now=visit.ready_at, **right).done_at == visit.ready_at


def wrong_words(clinic, visit, sam, *, words=("apple", "pear")):
    with pytest.raises(Refused) as no:
        clinic.hand_over(visit, sam, now=visit.ready_at, check_by=HandoverCheck.CODE, words=words)
    return no.value.reasons


def test_words_that_were_wrong_five_times_count_for_nothing_on_this_visit(clinic: Clinic, ready):
    """A refused try is counted although nothing else of it is kept."""
    visit, sam = ready
    said = [wrong_words(clinic, visit, sam)[-1] for _time in range(5)]
    spent = "The words were wrong five times. For this visit only a photo ID counts, or a face you know."
    assert said[0] == "4 more tries with the words."
    assert said[3:] == ["1 more try with the words.", spent]
    drawn = Handover.objects.get()
    assert wrong_words(clinic, visit, sam, words=(drawn.patient_word, drawn.helper_word)) == [spent]
    assert (Handover.objects.get().wrong_words, AuditEntry.objects.filter(verb="handover.wrong_words").count()) == (
        5,
        5,
    )
    assert clinic.hand_over(visit, sam, now=visit.ready_at, check_by=HandoverCheck.PHOTO_ID).done_at is not None


@pytest.mark.parametrize("phase", ["started", "recovering"])
def test_words_said_before_they_are_ready_are_no_try(clinic: Clinic, next_week, phase):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, phase)
    said = {"check_by": HandoverCheck.CODE, "words": ("apple", "pear")}
    with pytest.raises(Refused, match="The patient is not ready to leave yet"):
        clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.starts_at + timedelta(hours=1), **said)
    assert not Handover.objects.exists()


def test_words_left_empty_are_no_try(clinic: Clinic, ready):
    visit, sam = ready
    assert wrong_words(clinic, visit, sam, words=("maple", " ")) == ["Write down both words as they were said."]
    assert Handover.objects.get().wrong_words == 0


def test_everything_the_rules_want_looked_at_is_ticked_and_kept(clinic: Clinic, next_week):
    items = [DischargeItem.STEADY, DischargeItem.ORIENTED]
    clinic.policy = PolicyFactory(site=clinic.site, discharge_items=items)
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    taking = clinic.promise(sam, visit)
    with pytest.raises(Refused) as no:
        clinic.hand_over(visit, taking, now=visit.ready_at, checked=[DischargeItem.ORIENTED])
    assert no.value.reasons == ["Not ticked yet: Walks steadily."]
    assert clinic.hand_over(visit, taking, now=visit.ready_at, checked=items).checked == ["oriented", "steady"]


def test_who_accepted_on_their_phone_need_not_on_paper(clinic: Clinic, ready):
    visit, sam = ready
    handovers.accept(handover=Handover.objects.get(), now=visit.ready_at, actor="link:abc")
    done = clinic.hand_over(visit, sam, now=visit.ready_at + LATER, accepted_on_paper=False)
    assert done.accepted_at == visit.ready_at
    assert AuditEntry.objects.get(verb="handover.accepted").actor == "link:abc"


def test_what_was_accepted_on_paper_says_before_whom(clinic: Clinic, ready):
    visit, sam = ready
    assert clinic.hand_over(visit, sam, now=visit.ready_at).accepted_at == visit.ready_at
    noted = AuditEntry.objects.get(verb="handover.accepted")
    assert (noted.actor, noted.note) == (f"staff:{clinic.nurse.pk}", "on paper")


@pytest.mark.parametrize("what", ["declined", "other visit", "minor", "withdrawn"])
def test_nobody_leaves_with_somebody_who_does_not_have_the_way_home(clinic: Clinic, ready, next_week, what):
    """Invariant 3."""
    visit, sam = ready
    wrong = sam
    if what == "declined":
        wrong = clinic.promise(clinic.named("Joanna"), visit)
    elif what == "other visit":
        other = clinic.book(next_week + timedelta(days=2))
        wrong = clinic.promise(sam.designation, other)
    elif what == "minor":
        sam.designation.person.is_adult = None
        sam.designation.person.save()
    else:
        commitments.withdraw(commitment=sam, via="link", now=visit.ready_at)
    with pytest.raises(Refused):
        clinic.hand_over(visit, wrong, now=visit.ready_at)
    assert Infusion.objects.get(pk=visit.pk).status == "ready"


def test_an_escort_swapped_five_minutes_before_can_take_the_patient(clinic: Clinic, ready):
    visit, sam = ready
    old = handovers.accept(handover=Handover.objects.get(), now=visit.ready_at, actor="link:abc")
    commitments.withdraw(commitment=sam, via="link", now=visit.ready_at)
    jo = clinic.named("Joanna")
    clinic.yes(jo, visit, now=visit.ready_at)
    new = Handover.objects.get()
    # What Sam knew and accepted counts for nobody else.
    assert new.accepted_at is None
    assert {old.patient_word, old.helper_word} != {new.patient_word, new.helper_word}
    clinic.hand_over(visit, clinic.promise(jo, visit), now=visit.ready_at + LATER)
    assert Infusion.objects.get(pk=visit.pk).status == "released"


def test_nobody_leaves_before_they_are_ready(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "recovering")
    with pytest.raises(Refused, match="not ready to leave"):
        clinic.hand_over(visit, clinic.promise(sam, visit), now=next_week + timedelta(hours=2))


def test_nobody_leaves_before_the_shortest_recovery_the_rules_name(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "recovering")
    visit = infusions.ready(infusion=visit, actor=clinic.nurse, now=visit.recovering_at + timedelta(minutes=10))
    taking = clinic.promise(sam, visit)
    early = visit.recovering_at + timedelta(minutes=29)
    with pytest.raises(Refused, match="let nobody leave before 14:55"):
        clinic.hand_over(visit, taking, now=early)
    assert clinic.hand_over(visit, taking, now=early + timedelta(minutes=1)).done_at is not None


def test_nasal_spray_is_watched_as_long_as_its_protocol_asks_however_short_the_recovery(clinic: Clinic, next_week):
    clinic.protocol = ProtocolFactory(
        site=clinic.site, route="nasal", infusion_minutes=5, recovery_minutes=40, observation_minutes=120
    )
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    for verb, minutes in [("arrive", 0), ("start", 15), ("recover", 20), ("ready", 50)]:
        at = next_week + timedelta(minutes=minutes)
        visit = getattr(infusions, verb)(infusion=visit, actor=clinic.nurse, now=at)
    taking = clinic.promise(sam, visit)
    for minutes in (45, 119):
        with pytest.raises(Refused, match="The patient is watched until 15:45: the protocol asks for 120 minutes"):
            clinic.hand_over(visit, taking, now=visit.started_at + timedelta(minutes=minutes))
    assert clinic.hand_over(visit, taking, now=visit.started_at + timedelta(minutes=120)).done_at is not None


def test_nobody_is_handed_over_twice(clinic: Clinic, ready):
    visit, sam = ready
    clinic.hand_over(visit, sam, now=visit.ready_at)
    with pytest.raises(Refused, match="has left already"):
        clinic.hand_over(visit, sam, now=visit.ready_at + LATER)
    assert AuditEntry.objects.filter(verb="handover.completed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_release_without_a_handover(clinic: Clinic, ready):
    """Invariant 3, broken on purpose: past every function, straight to the table, and past the domain of clinic."""
    visit, _sam = ready
    left = {"status": "released", "released_at": visit.ready_at, "released_how": "handover"}
    with pytest.raises(IntegrityError, match="was released without a handover"), transaction.atomic():
        Infusion.objects.filter(pk=visit.pk).update(**left)
    with pytest.raises(IntegrityError, match="was released without a handover"), transaction.atomic():
        infusions.release(infusion=visit, how=ReleasedHow.HANDOVER, actor=clinic.nurse, now=visit.ready_at)
    assert Infusion.objects.get(pk=visit.pk).status == "ready"


def test_a_finished_handover_without_a_verified_adult_cannot_be_written(clinic: Clinic, ready):
    visit, _sam = ready
    with pytest.raises(IntegrityError, match="handover_to_a_verified_adult"), transaction.atomic():
        Handover.objects.filter(infusion=visit).update(done_at=visit.ready_at, done_by=clinic.nurse)
    assert connection.needs_rollback is False


def otherwise(clinic, visit, how, *, now, **changes):
    values = {
        "evidence": "taxi 4711, driver seen, sister waits at the door",
        "authorised_by": clinic.staff["clinician"],
        "score": 10,
        "witness": clinic.desk if how == ReleasedHow.AGAINST_ADVICE else None,
    }
    return handovers.release_otherwise(infusion=visit, how=how, actor=clinic.nurse, now=now, **(values | changes))


def test_a_rung_the_policy_does_not_allow_is_refused(clinic: Clinic, ready):
    visit, _sam = ready
    with pytest.raises(Refused, match="do not allow this way home"):
        otherwise(clinic, visit, ReleasedHow.WATCHED_RIDE, now=visit.ready_at)
    assert (Infusion.objects.get(pk=visit.pk).status, Handover.objects.get().done_at) == ("ready", None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"evidence": " "}, "Write down how the patient goes home and who made sure of it."),
        ({"score": None}, "Record the discharge score."),
    ],
)
def test_another_way_home_needs_its_evidence(clinic: Clinic, ready, changes, reason):
    visit, _sam = ready
    with pytest.raises(Refused) as no:
        otherwise(clinic, visit, ReleasedHow.EXTENDED_STAY, now=visit.ready_at + timedelta(hours=3), **changes)
    assert no.value.reasons == [reason]


def test_another_way_home_is_signed_off_by_a_role_the_policy_names(clinic: Clinic, ready):
    visit, _sam = ready
    with pytest.raises(Refused, match="must be signed off by a role"):
        otherwise(clinic, visit, ReleasedHow.AGAINST_ADVICE, now=visit.ready_at, authorised_by=clinic.nurse)


def test_leaving_against_advice_is_possible_at_once_and_never_quiet(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "started")
    handover = otherwise(clinic, visit, ReleasedHow.AGAINST_ADVICE, now=next_week + timedelta(hours=1), score=None)
    assert (Infusion.objects.get(pk=visit.pk).released_how, handover.authorised_by) == (
        "against_advice",
        clinic.staff["clinician"],
    )


@pytest.mark.parametrize("who", ["nobody", "the same person", "of another clinic", "gone"])
def test_leaving_against_advice_has_a_witness_who_works_here(clinic: Clinic, ready, who):
    visit, _sam = ready
    witness = {
        "nobody": None,
        "the same person": clinic.nurse,
        "of another clinic": StaffFactory(),
        "gone": StaffFactory(sites=[clinic.site], is_active=False),
    }[who]
    with pytest.raises(Refused, match="somebody else"):
        otherwise(clinic, visit, ReleasedHow.AGAINST_ADVICE, now=visit.ready_at, witness=witness)
    assert Infusion.objects.get(pk=visit.pk).status == "ready"


@pytest.mark.parametrize(
    ("may_know", "says"),
    [
        (["contact"], "If nobody answers, call Joanna: Maya allowed it."),
        ([], "Nobody else may be told: where nobody answers, a clinician decides."),
    ],
)
def test_who_left_against_advice_is_called_within_the_time_of_the_rules(clinic: Clinic, ready, may_know, says):
    visit, _sam = ready
    jo = clinic.named("Joanna")
    Designation.objects.filter(pk=jo.pk).update(call_first=True, may_know=may_know)
    otherwise(clinic, visit, ReleasedHow.AGAINST_ADVICE, now=visit.ready_at)
    call = Alert.objects.get(kind=AlertKind.LEFT_ADVICE)
    assert call.says == f"Maya left against advice. Please call and ask how they are. {says}"
    assert call.deadline == visit.ready_at + timedelta(minutes=60)
    assert (call.designation == jo, call.owner) == (bool(may_know), clinic.nurse)


def test_who_may_be_on_the_road_for_somebody_who_left_alone_is_called(clinic: Clinic, ready):
    """And their page speaks of no evening with a patient they did not take."""
    visit, sam = ready
    otherwise(clinic, visit, ReleasedHow.AGAINST_ADVICE, now=visit.ready_at)
    call = Alert.objects.get(kind=AlertKind.CALL_TASK)
    assert call.says == "Maya left in another way. Please tell Sam that nobody has to come."
    assert call.designation == sam.designation
    assert helper_page.build(designation=sam.designation, now=visit.ready_at + LATER).today is None
    assert not Message.objects.filter(kind="helper_home").exists()
    assert Message.objects.get(kind="patient_home").status == "pending"


def test_home_is_said_once_and_kept(clinic: Clinic, ready):
    visit, sam = ready
    clinic.hand_over(visit, sam, now=visit.ready_at)
    at = visit.ready_at + timedelta(minutes=40)
    handovers.say_home(infusion=visit, now=at, actor="link:abc")
    handovers.say_home(infusion=visit, now=at + LATER, actor="link:def")
    assert (Infusion.objects.get(pk=visit.pk).home_at, Handover.objects.get().home_said_at) == (at, at)
    assert AuditEntry.objects.filter(verb="infusion.home").values_list("actor", flat=True).get() == "link:abc"


def test_nobody_is_home_before_they_left(clinic: Clinic, ready):
    visit, _sam = ready
    with pytest.raises(Refused, match="has not left yet"):
        handovers.say_home(infusion=visit, now=visit.ready_at, actor="link:abc")


def test_the_helper_accepts_once_and_only_while_it_is_about_now(clinic: Clinic, ready):
    visit, sam = ready
    drawn = handovers.accept(handover=Handover.objects.get(), now=visit.ready_at, actor="link:abc")
    handovers.accept(handover=drawn, now=visit.ready_at + LATER, actor="link:abc")
    assert Handover.objects.get().accepted_at == visit.ready_at
    clinic.hand_over(visit, sam, now=visit.ready_at)
    handovers.say_home(infusion=visit, now=visit.ready_at + LATER, actor="link:abc")
    with pytest.raises(Refused, match="This visit is over"):
        handovers.accept(handover=drawn, now=visit.ready_at + LATER, actor="link:abc")


def test_nobody_accepts_what_was_signed_off_in_another_way(clinic: Clinic, ready):
    visit, sam = ready
    otherwise(clinic, visit, ReleasedHow.AGAINST_ADVICE, now=visit.ready_at + LATER, witness=clinic.desk)
    with pytest.raises(Refused, match="This visit is over"):
        handovers.accept(
            handover=Handover.objects.get(), now=visit.ready_at + 2 * LATER, actor="link:abc", commitment=sam
        )
    assert Handover.objects.get().accepted_at is None


def test_words_that_were_read_out_stay(clinic: Clinic, ready):
    visit, _sam = ready
    first = Handover.objects.get()
    again = code_words.draw(infusion=visit, now=visit.ready_at + LATER)
    assert (again.patient_word, again.helper_word) == (first.patient_word, first.helper_word)


def test_after_leaving_nobody_is_called_in_any_more(clinic: Clinic, ready):
    visit, sam = ready
    clinic.hand_over(visit, sam, now=visit.ready_at)
    assert Message.objects.get(kind="helper_come_in").status == "void"
