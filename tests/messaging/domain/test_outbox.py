import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.domain import outbox
from messaging.domain.outbox import Changes
from messaging.models import Message
from tests.factories import SiteFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def site_id() -> int:
    return SiteFactory().pk


def reconcile(site_id, now, *wanted, scope="visit:1") -> Changes:
    return outbox.reconcile(site_id=site_id, scope=scope, wanted=wanted, now=now)


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("status", flat=True))


def sent(message: Message, now) -> None:
    Message.objects.filter(pk=message.pk).update(status="sent", sent_at=now, sent_to="+14105550107")


def test_what_is_wanted_and_new_is_written_down(site_id, wants, now):
    assert reconcile(site_id, now, wants(1), wants(2)) == Changes(inserted=2)
    assert states() == ["pending", "pending"]


def test_the_same_plan_again_changes_nothing(site_id, wants, now):
    """https://github.com/SergeyMosin/Appointments/issues/675"""
    reconcile(site_id, now, wants(1))
    assert reconcile(site_id, now, wants(1)) == Changes(kept=1)
    assert Message.objects.get().plan_version == 1


def test_a_re_plan_keeps_what_was_sent(site_id, wants, now):
    """https://github.com/SergeyMosin/Appointments/issues/675"""
    reconcile(site_id, now, wants(1))
    sent(Message.objects.get(), now)
    assert reconcile(site_id, now, wants(1, due_at=now + HOUR)) == Changes(kept=1)
    assert reconcile(site_id, now) == Changes()
    assert states() == ["sent"]


def test_moving_the_visit_voids_the_old_rows_and_makes_new_ones(site_id, wants, now):
    """https://github.com/calcom/cal.diy/issues/6905"""
    reconcile(site_id, now, wants(1))
    assert reconcile(site_id, now, wants(1, about_at=now + 30 * HOUR)) == Changes(inserted=1, voided=1)
    assert states() == ["void", "pending"]


def test_moving_it_back_revives_the_row_that_was_never_sent(site_id, wants, now):
    reconcile(site_id, now, wants(1))
    reconcile(site_id, now, wants(1, about_at=now + 30 * HOUR))
    assert reconcile(site_id, now, wants(1)) == Changes(revived=1, voided=1)
    assert states() == ["pending", "void"]


def test_a_row_whose_time_is_over_is_not_revived(site_id, wants, now):
    reconcile(site_id, now, wants(1))
    reconcile(site_id, now)
    assert reconcile(site_id, now + 5 * HOUR, wants(1)) == Changes(too_late=1)
    assert states() == ["void"]


def test_what_is_too_late_when_it_is_planned_is_not_promised(site_id, wants, now):
    assert reconcile(site_id, now, wants(1, not_after=now)) == Changes(too_late=1)
    assert states() == []


def test_a_new_time_of_sending_moves_the_waiting_row(site_id, wants, now):
    reconcile(site_id, now, wants(1))
    assert reconcile(site_id, now, wants(1, due_at=now + HOUR, wall_time="10:41")) == Changes(rescheduled=1)
    row = Message.objects.get()
    assert (row.due_at, row.wall_time, row.plan_version) == (now + HOUR, "10:41", 2)


def test_each_visit_of_a_series_has_its_own_reminder(site_id, wants, now):
    """https://github.com/openemr/openemr/issues/11480"""
    series = [wants(1, subject=f"visit:{n}", about_at=now + n * HOUR) for n in (1, 2, 3)]
    assert reconcile(site_id, now, *series) == Changes(inserted=3)


def test_a_person_wanted_twice_gets_one_message(site_id, wants, now):
    """https://github.com/betagouv/rdv-service-public/issues/2137"""
    assert reconcile(site_id, now, wants(1), wants(1)) == Changes(inserted=1)


def test_a_message_about_no_time_is_said_once_too(site_id, wants, now):
    reconcile(site_id, now, wants(1, about_at=None))
    reconcile(site_id, now, wants(1, about_at=None), scope="visit:2")
    assert states() == ["pending"]


def test_another_scope_is_left_alone(site_id, wants, now):
    reconcile(site_id, now, wants(1))
    reconcile(site_id, now, wants(2, subject="visit:2"), scope="visit:2")
    assert states() == ["pending", "pending"]


@pytest.mark.parametrize("status", ["sending", "unknown"])
def test_a_row_on_its_way_keeps_its_state(site_id, wants, now, status):
    reconcile(site_id, now, wants(1))
    on_its_way = {"sending": {"lease_until": now, "claimed_at": now, "attempts": 1}, "unknown": {"next_try_at": now}}
    Message.objects.update(status=status, posted_at=now, sent_to="+14105550107", **on_its_way[status])
    assert reconcile(site_id, now) == Changes()
    assert states() == [status]


def test_a_row_being_sent_that_the_plan_drops_gets_a_new_version(site_id, wants, now):
    reconcile(site_id, now, wants(1))
    Message.objects.update(status="sending", lease_until=now, claimed_at=now, attempts=1)
    reconcile(site_id, now)
    assert Message.objects.get().plan_version == 2


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(site_id, wants, now):
    def cost(count: int, scope: str) -> int:
        rows = [wants(n, subject=f"{scope}:{n}") for n in range(4 * count)]
        reconcile(site_id, now, *rows[: 2 * count], scope=scope)
        Message.objects.filter(scope=scope, recipient__in=[f"patient:{n}" for n in range(count)]).update(
            status="sending", lease_until=now, claimed_at=now, attempts=1
        )
        moved = [replace(row, due_at=now + HOUR) for row in rows[count : count + count // 2]]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            reconcile(site_id, now, *moved, *rows[2 * count :], scope=scope)
        return len(queries)

    assert cost(2, "few") == cost(40, "many") == 7  # five and the savepoint's two


def test_posting_twice_is_posting_once(site_id, wants, now):
    first = outbox.post(site_id=site_id, scope="visit:1", wanted=wants(1), now=now)
    again = outbox.post(site_id=site_id, scope="visit:1", wanted=wants(1), now=now)
    assert (first.pk, first.plan_version) == (again.pk, 0)


def test_a_plan_leaves_alone_what_was_posted_by_hand(site_id, wants, now):
    outbox.post(site_id=site_id, scope="visit:1", wanted=wants(1), now=now)
    assert reconcile(site_id, now) == Changes()
    assert states() == ["pending"]


def test_sending_again_is_a_new_row_and_a_second_press_is_not(site_id, wants, now):
    message = outbox.post(site_id=site_id, scope="visit:1", wanted=wants(1), now=now)
    sent(message, now)
    later = now + 3 * HOUR
    again = outbox.resend(message=message, reason="number corrected", now=later)
    second = outbox.resend(message=message, reason="number corrected", now=later + timedelta(seconds=2))
    assert again.pk == second.pk != message.pk
    assert (again.status, again.rule) == ("pending", "resent: number corrected")
    assert again.not_after > later


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_nothing_is_sent_again_for_no_reason(site_id, wants, now, reason):
    message = outbox.post(site_id=site_id, scope="visit:1", wanted=wants(1), now=now)
    with pytest.raises(ValueError, match="for a reason"):
        outbox.resend(message=message, reason=reason, now=now)
    assert states() == ["pending"]


def test_what_should_have_gone_is_known(site_id, wants, now):
    reconcile(site_id, now, wants(1, due_at=now - HOUR), wants(2, due_at=now + HOUR))
    assert [message.recipient for message in outbox.waiting(now=now)] == ["patient:1"]


def test_one_that_waits_for_the_morning_is_not_overdue_and_a_failing_one_is(site_id, wants, now):
    reconcile(site_id, now, wants(1, due_at=now - HOUR))
    Message.objects.update(next_try_at=now + HOUR)
    assert not outbox.waiting(now=now).exists()
    Message.objects.update(error_class="http_503")
    assert outbox.waiting(now=now).exists()


@pytest.mark.django_db(transaction=True)
def test_four_reconciliations_at_once_make_one_plan(wants, now):
    site_id = SiteFactory().pk
    rows = [wants(n, subject=f"visit:{n}") for n in range(20)]
    gate = threading.Barrier(4)
    failures: list[Exception] = []

    def work() -> None:
        gate.wait()
        try:
            reconcile(site_id, now, *rows)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert states() == ["pending"] * 20
