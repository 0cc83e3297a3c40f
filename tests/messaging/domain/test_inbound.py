from datetime import timedelta

import pytest

from messaging.domain import inbound, opt_outs
from messaging.models import InboundText, OptOut
from tests.factories import SiteFactory

MINUTE = timedelta(minutes=1)
HELPER, PATIENT = "+14105550101", "+14105550102"


def receive(body, now, *, sid="SM1", sender=HELPER) -> bool:
    return inbound.receive(provider_id=sid, from_number=sender, body=body, now=now)


@pytest.mark.django_db
def test_a_helpers_stop_stops_everything_for_the_helper_and_nothing_for_the_patient(now):
    """https://github.com/medic/cht-core/issues/476"""
    receive("STOP 12345", now)
    assert opt_outs.among(addresses=[HELPER, PATIENT]) == {HELPER}


@pytest.mark.django_db
def test_the_same_text_again_does_nothing(now):
    assert receive("STOP", now)
    receive("START", now + MINUTE, sid="SM2")
    assert not receive("STOP", now + 2 * MINUTE)
    assert not opt_outs.holds(address=HELPER)
    assert InboundText.objects.count() == 2


@pytest.mark.django_db
def test_opting_out_again_holds_again_and_what_was_before_is_kept(now):
    for number, body in enumerate(["STOP", "START", "STOP", "STOP"]):
        receive(body, now + number * MINUTE, sid=f"SM{number}")
    assert opt_outs.holds(address=HELPER)
    assert [(row.ended_at, row.ended_how) for row in OptOut.objects.order_by("pk")] == [
        (now + MINUTE, "text"),
        (None, ""),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("order", [["STOP", "START"], ["START", "STOP"]])
def test_a_stop_and_a_start_that_overtook_each_other_end_at_the_stop(now, order):
    """The provider gives no order: whichever came first, nobody is written to who may have said no last."""
    for number, body in enumerate(order):
        receive(body, now + timedelta(seconds=10 * number), sid=f"SM{number}")
    assert opt_outs.holds(address=HELPER)
    # And a person reads a start that was not obeyed.
    assert InboundText.objects.get(keyword="start").handled == ("unclear" if order[0] == "STOP" else "started")


@pytest.mark.django_db
def test_a_text_is_kept_as_it_came_with_what_was_understood(now):
    inbound.receive(provider_id="SM1", from_number=HELPER, to_number="+14105550100", body="Sí, gracias", now=now)
    [text] = InboundText.objects.all()
    assert (text.body, text.to_number, text.keyword) == ("Sí, gracias", "+14105550100", "yes")
    assert (text.site, text.question, text.done_at) == (None, None, None)


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


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("by", ["the provider", "the clock"])
def test_a_text_whose_process_was_killed_before_anybody_heard_it_is_heard_once(now, monkeypatch, by):
    site, heard = SiteFactory(), []

    def takes_it_up(text, _now):
        if not heard:
            heard.append("died")
            raise Killed
        heard.append(text.body)
        text.site = site
        text.save(update_fields=["site"])

    monkeypatch.setattr(inbound, "on_inbound", [takes_it_up])
    with pytest.raises(Killed):
        receive("I'm late", now)
    for minute in (1, 2):
        if by == "the clock":
            inbound.hear_again(now=now + minute * MINUTE)
        else:
            assert not receive("I'm late", now + minute * MINUTE)
    assert heard == ["died", "I'm late"]


@pytest.mark.django_db
def test_a_text_nobody_takes_up_is_not_offered_for_ever(now):
    receive("I'm late", now)
    assert inbound.hear_again(now=now + timedelta(hours=23)) == 1
    assert inbound.hear_again(now=now + timedelta(hours=25)) == 0
