import pytest

from messaging.domain import inbound, opt_outs
from messaging.models import InboundText, OptOut

STOP_WORDS = [
    *["STOP", "stop.", " Stop please ", "stopall", "QUIT", "end", "Revoke", "opt out", "Opt-out", "optout", "CANCEL"],
    *["unsubscribe", "unsubscribe me", "STOP 12345", "stop texting me", "alto", "Alto!", "Parar", "cancelar", "BAJA"],
]
HELPER, PATIENT = "+14105550101", "+14105550102"


def receive(body, now, *, sid="SM1", sender=HELPER) -> bool:
    return inbound.receive(provider_id=sid, from_number=sender, body=body, now=now)


@pytest.mark.parametrize(
    "body",
    STOP_WORDS,
)
def test_words_that_ask_for_no_more_texts(body):
    assert inbound.meaning(body) == "stopped"


@pytest.mark.parametrize("body", ["START", "unstop", "Empezar"])
def test_words_that_ask_for_texts_again(body):
    assert inbound.meaning(body) == "started"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "👍",
        "yes",
        "I have to cancel my ride tomorrow",
        "Weekend is fine",
        "I'll stop by the desk at noon",
        "bajamos",
    ],
)
def test_other_words_are_passed_on(body):
    assert inbound.meaning(body) == "passed_on"


@pytest.mark.django_db
def test_a_helpers_stop_stops_everything_for_the_helper_and_nothing_for_the_patient(now):
    """https://github.com/medic/cht-core/issues/476"""
    receive("STOP 12345", now)
    assert opt_outs.among(addresses=[HELPER, PATIENT]) == {HELPER}


@pytest.mark.django_db
def test_the_same_text_again_does_nothing(now):
    assert receive("STOP", now)
    receive("START", now, sid="SM2")
    assert not receive("STOP", now)
    assert not opt_outs.holds(address=HELPER)
    assert InboundText.objects.count() == 2


@pytest.mark.django_db
def test_opting_out_again_holds_again_and_what_was_before_is_kept(now):
    for number, body in enumerate(["STOP", "START", "STOP", "STOP"]):
        receive(body, now, sid=f"SM{number}")
    assert opt_outs.holds(address=HELPER)
    assert [(row.ended_at, row.ended_how) for row in OptOut.objects.order_by("pk")] == [(now, "text"), (None, "")]


@pytest.mark.django_db
def test_an_address_is_the_same_however_it_is_written(now):
    opt_outs.record(address="+1 410 555 0101", how="said so", now=now)
    opt_outs.record(address="Sam@Example.org", how="said so", now=now)
    assert opt_outs.holds(address=HELPER)
    assert opt_outs.holds(address="sam@example.org")


@pytest.fixture
def heard(monkeypatch):
    texts = []

    def breaks(text, now):
        raise LookupError("Dana")

    monkeypatch.setattr(inbound, "on_inbound", [breaks, lambda text, now: texts.append((text.body, text.handled))])
    return texts


@pytest.mark.django_db
def test_every_text_is_offered_and_one_broken_listener_stops_neither_the_others_nor_the_opt_out(heard, now, caplog):
    receive("I'm late", now)
    receive("stop", now, sid="SM2")
    assert heard == [("I'm late", "passed_on"), ("stop", "stopped")]
    assert opt_outs.holds(address=HELPER)
    assert "Dana" not in caplog.text
