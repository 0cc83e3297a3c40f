from datetime import timedelta

import pytest

from messaging.domain import opt_outs
from messaging.models import OptOut

pytestmark = pytest.mark.django_db
NUMBER = "+14105550101"


@pytest.fixture
def heard(monkeypatch) -> list[tuple[str, bool]]:
    """Each change as it was told, with whether the opt-out held by then."""
    found = []
    monkeypatch.setattr(
        opt_outs, "on_change", [lambda address, now: found.append((address, opt_outs.holds(address=address)))]
    )
    return found


def test_each_change_is_told_once_and_after_it_holds(heard, now):
    for _again in range(2):
        opt_outs.record(address="+1 410 555 0101", how="phone", now=now)
    for _again in range(2):
        opt_outs.end(address=NUMBER, how="text", now=now)
    assert heard == [(NUMBER, True), (NUMBER, False)]


def test_an_opt_out_holds_whatever_its_followers_make_of_it(monkeypatch, now):
    def breaks(address, now):
        OptOut.objects.all().delete()
        raise ValueError

    later = []
    monkeypatch.setattr(opt_outs, "on_change", [breaks, lambda address, now: later.append(address)])
    opt_outs.record(address=NUMBER, how="text", now=now)
    assert (opt_outs.holds(address=NUMBER), later) == (True, [NUMBER])


def test_one_that_ended_is_history_beside_the_next(now):
    opt_outs.record(address=NUMBER, how="text", now=now)
    opt_outs.end(address=NUMBER, how="text", now=now + timedelta(days=1))
    opt_outs.record(address=NUMBER, how="own_link", now=now + timedelta(days=2))
    rows = OptOut.objects.order_by("since").values_list("how", "ended_how", "ended_at")
    assert list(rows) == [("text", "text", now + timedelta(days=1)), ("own_link", "", None)]


def test_one_address_written_in_two_ways_is_stopped_in_both(now):
    opt_outs.record(address="sam@example.org", how="own_link", now=now)
    asked = ["Sam@example.org", "sam@example.org", "lee@example.org"]
    assert opt_outs.among(addresses=asked) == {"Sam@example.org", "sam@example.org"}
