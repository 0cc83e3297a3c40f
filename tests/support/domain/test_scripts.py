"""What is read out to whom the desk calls: in their language, with no more than a message might tell."""

from datetime import timedelta

import pytest

from clinic.models import Patient
from messaging.domain import compile, telling, words
from messaging.domain.outbox import Wanted
from messaging.models import Message
from support.domain import fallback, plan, replan, scripts, wording_slots
from support.enums import AlertKind
from support.models import Alert, Designation
from tests.support.conftest import Clinic

CALLED = sorted({scripts.SAME.get(kind, kind) for kind in plan.WORTH_A_CALL | fallback.WORTH_A_CALL})
LANGUAGES = ["en", "es"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(clinic: Clinic) -> Designation:
    return clinic.named("Sam")


@pytest.fixture
def visit(clinic: Clinic, sam, next_week):
    return clinic.book(next_week)


def said(visit, kind: str, recipient: str, language: str = "en", **changes) -> str:
    call = {
        "kind": kind,
        "subject": f"infusion:{visit.pk}",
        "about_at": visit.starts_at,
        "recipient": recipient,
        "channel": "call",
        "due_at": visit.starts_at,
        "not_after": visit.starts_at,
        "language": language,
    }
    return scripts.of(call=Wanted(**call | changes), visit=visit)


def test_it_greets_asks_who_is_there_says_it_and_tells_a_machine_nothing(clinic: Clinic, visit):
    assert said(visit, "patient_1_day", f"patient:{clinic.patient.pk}") == (
        "Hello, this is Northgate Care. Am I speaking with Maya?\n\n"
        "Your visit is Wed 11 Mar 13:30. Please do not eat after 07:30 and do not drink after 11:30. "
        "Do you know how you get home?\n\n"
        f"Our number is {clinic.site.phone}. Thank you, and goodbye.\n\n"
        "If a machine answers, say only this:\n"
        f"“This is a message for Maya. Please call us at {clinic.site.phone}. Thank you.”"
    )


def test_it_is_in_the_language_of_who_is_called(clinic: Clinic, visit):
    text = said(visit, "patient_moved", f"patient:{clinic.patient.pk}", "es")
    assert text.startswith("Hola, llamamos de Northgate Care. ¿Hablo con Maya?\n\nTu visita tiene nueva hora: ")


def test_a_helper_who_may_not_know_dates_hears_none(visit, sam):
    Designation.objects.update(may_know=[])
    text = said(visit, "helper_reconfirm", f"designation:{sam.pk}")
    assert "Am I speaking with Sam?" in text
    assert "There is something new about helping Maya." in text
    assert "11 Mar" not in text


def test_whom_no_message_may_ask_is_asked_the_same(visit, sam):
    text = said(visit, "helper_unreached", f"designation:{sam.pk}")
    assert "Maya would like your help Wed 11 Mar " in text
    assert "Can you take them home?" in text


def test_words_at_fault_do_not_keep_anybody_from_calling(clinic: Clinic, visit):
    """The place is no longer offered: there is no time to name."""
    assert said(visit, "waitlist_offer", f"patient:{clinic.patient.pk}") == ""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*CALLED, wording_slots.NEWS])
def test_every_call_has_words_that_name_only_what_a_message_may_and_tell_nothing(kind, language):
    source = words.shipped(wording=f"{kind}.voice", language=language)
    slots = wording_slots.SLOTS[kind]
    longest = {name: slot.longest for name, slot in slots.items()}
    text = compile.compiled(source, slots=slots).render(longest)
    assert telling.word(text=text) == ""


def test_a_planned_call_has_its_script_and_the_sweep_writes_it_once(
    clinic: Clinic, visit, django_assert_max_num_queries
):
    Patient.objects.update(phone="", email="")
    due = visit.starts_at - timedelta(days=1)
    replan.sweep(now=due)
    alert = Alert.objects.get(kind=AlertKind.CALL_TASK, says__contains="its times")
    assert "Am I speaking with Maya?" in alert.script
    with django_assert_max_num_queries(20):
        replan.sweep(now=due + timedelta(minutes=1))


def test_the_last_road_of_a_message_has_its_script(clinic: Clinic, visit):
    Patient.objects.update(email="")
    Message.objects.filter(kind="patient_1_day").update(
        status="dead", error_class="unclear", error_text="Nobody can say."
    )
    row = Message.objects.get(kind="patient_1_day")
    fallback.on_dead(row, "Nobody can say.", clinic.now)
    assert "Am I speaking with Maya?" in Alert.objects.get(kind=AlertKind.CALL_TASK).script
