import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import AuditEntry
from support.domain import alerts
from support.enums import AlertKind
from support.models import Alert
from tests import factories
from tests.support.conftest import Clinic

HOUR = timedelta(hours=1)


def opened(clinic, kind=AlertKind.CALL_TASK, *, key="test:1", now=None, **fields):
    return alerts.open_alert(
        kind=kind, key=key, says="Please call.", patient=clinic.patient, now=now or clinic.now, **fields
    )


@pytest.mark.parametrize(
    ("kind", "role", "minutes"),
    [
        (AlertKind.CALL_TASK, Role.FRONT_DESK, 60),
        (AlertKind.CANT_COME, Role.FRONT_DESK, 60),
        (AlertKind.CALL_ME, Role.NURSE, 60),
        (AlertKind.WORRIED, Role.NURSE, 60),
        (AlertKind.NOBODY_CAME, Role.NURSE, 60),
        (AlertKind.URGENT, Role.CLINICIAN, 10),
    ],
)
def test_every_alert_has_an_owner_and_a_deadline_from_the_policy(clinic: Clinic, kind, role, minutes):
    alert = opened(clinic, kind)
    assert (alert.owner, alert.deadline) == (clinic.staff[role], clinic.now + timedelta(minutes=minutes))


def test_where_nobody_has_the_role_the_next_one_up_owns_it_and_else_whoever_there_is(clinic: Clinic):
    for role in (Role.FRONT_DESK, Role.NURSE):
        clinic.staff[role].is_active = False
        clinic.staff[role].save()
    assert opened(clinic).owner == clinic.staff[Role.CLINICIAN]
    type(clinic.desk).objects.update(is_active=False)
    admin = factories.StaffFactory(sites=[clinic.site], role=Role.ADMIN)
    assert opened(clinic, key="test:2").owner == admin


def test_an_alert_without_anybody_to_own_it_is_refused_rather_than_lost_silently(clinic: Clinic):
    type(clinic.desk).objects.update(is_active=False)
    with pytest.raises(Refused, match="An alert needs an owner"):
        opened(clinic)


def test_the_database_holds_no_alert_without_an_owner_or_a_deadline(clinic: Clinic):
    """Invariant 8, broken on purpose."""
    alert = opened(clinic)
    for fields in ({"owner": None}, {"deadline": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Alert.objects.filter(pk=alert.pk).update(**fields)


def test_the_same_thing_never_opens_two(clinic: Clinic):
    assert opened(clinic) == opened(clinic)


def test_a_closed_one_opens_anew_unless_it_is_asked_about_every_minute(clinic: Clinic):
    first = alerts.close(alert=opened(clinic), outcome="called, all well", actor=clinic.desk, now=clinic.now)
    assert opened(clinic, once=True) == first
    assert opened(clinic) != first


def test_what_happened_since_is_said_once_and_older_words_give_way(clinic: Clinic):
    alert = opened(clinic)
    Alert.objects.update(says="Please call. " + "x" * 280)
    for news in ("They go out again.", "They go out again.", "They stopped again.", "They stopped again."):
        alerts.add(key_begins="test:", says=news)
    alert.refresh_from_db()
    assert alert.says.startswith("Please call. xxx")
    assert alert.says.endswith("They stopped again.")
    assert (len(alert.says), alert.says.count("They stopped again.")) == (300, 1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_open_the_same_alert_at_once_make_one(clinic: Clinic):
    ready = threading.Barrier(4)
    found: list[object] = []

    def work():
        ready.wait()
        try:
            found.append(opened(clinic).pk)
        except Exception as error:
            found.append(repr(error))
        connection.close()

    threads = [threading.Thread(target=work) for _one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Alert.objects.get().pk] * 4


def test_unread_it_climbs_from_desk_to_director_and_starts_again(clinic: Clinic):
    alert = opened(clinic)
    owners = []
    for step in range(1, 6):
        assert alerts.hand_on(now=clinic.now + step * HOUR) == 1
        alert.refresh_from_db()
        owners.append(alert.owner.role)
        assert alert.deadline == clinic.now + (step + 1) * HOUR
    assert owners == ["nurse", "clinician", "director", "front_desk", "nurse"]
    assert AuditEntry.objects.filter(verb="alert.handed_on").count() == 5


def test_before_its_deadline_or_once_somebody_has_it_an_alert_stays(clinic: Clinic):
    alert = opened(clinic)
    assert alerts.hand_on(now=alert.deadline - timedelta(seconds=1)) == 0
    alerts.acknowledge(alert=alert, actor=clinic.nurse, now=clinic.now)
    assert alerts.hand_on(now=alert.deadline + HOUR) == 0
    alert.refresh_from_db()
    assert (alert.owner, alert.status) == (clinic.nurse, "acknowledged")


def test_one_bad_row_does_not_stop_the_others(clinic: Clinic, monkeypatch):
    bad, good = opened(clinic, key="test:1"), opened(clinic, key="test:2")
    Alert.objects.filter(pk=bad.pk).update(kind="nonsense")
    assert alerts.hand_on(now=clinic.now + HOUR) == 1
    good.refresh_from_db()
    assert good.owner == clinic.nurse


def test_closing_takes_a_word_on_what_was_done_and_happens_once(clinic: Clinic):
    alert = opened(clinic)
    with pytest.raises(Refused, match="what was done"):
        alerts.close(alert=alert, outcome="  ", actor=clinic.desk, now=clinic.now)
    closed = alerts.close(alert=alert, outcome="called", actor=clinic.desk, now=clinic.now)
    assert (closed.status, closed.closed_by, closed.outcome) == ("closed", clinic.desk, "called")
    with pytest.raises(Refused, match="done already"):
        alerts.close(alert=alert, outcome="called", actor=clinic.desk, now=clinic.now)
    with pytest.raises(Refused, match="done already"):
        alerts.acknowledge(alert=alert, actor=clinic.desk, now=clinic.now)
