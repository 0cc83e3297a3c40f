"""A clinic whose zone is changed while visits are booked: the moments stay, every clock that is shown follows."""

from datetime import UTC, datetime, timedelta

import pytest

from clinic.domain import premises, sites
from clinic.domain.scheduling import free_slots
from messaging.models import Message
from support.domain import diary_board, watch
from support.domain.diary_board import Look

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def visit(clinic, next_week):
    return clinic.book(next_week)


@pytest.fixture
def to_denver(clinic):
    """Two hours behind New York."""

    def change():
        clinic.site.timezone = "America/Denver"
        sites.keep(row=clinic.site, actor=clinic.desk, now=clinic.now)

    return change


def due(visit) -> dict[str, datetime]:
    rows = Message.objects.filter(status="pending", scope=f"infusion:{visit.pk}")
    return dict(rows.values_list("kind", "due_at"))


def test_the_visit_keeps_its_moment_and_the_board_shows_another_time(clinic, visit, next_week, to_denver):
    def shown() -> list[str]:
        board = diary_board.of(site=clinic.site, look=Look(first=next_week.date()), now=clinic.now)
        return [item.when for lane in board.days[0].lanes for item in lane.items if hasattr(item, "when")]

    assert shown() == ["13:30–15:10"]
    to_denver()
    assert shown() == ["11:30–13:10"]
    visit.refresh_from_db()
    assert visit.starts_at == next_week


def test_free_times_lie_in_the_hours_of_the_new_clock(clinic, next_week, to_denver):
    def first() -> datetime:
        day = next_week.date()
        protocol = clinic.protocol
        return free_slots(site=clinic.site, protocol=protocol, first_day=day, last_day=day, now=clinic.now)[0].starts_at

    assert first() == datetime(2026, 3, 11, 12, 0, tzinfo=UTC)  # 08:00 in New York
    to_denver()
    assert first() == datetime(2026, 3, 11, 14, 0, tzinfo=UTC)  # 08:00 in Denver


def test_what_the_process_kept_of_the_premises_is_read_again(clinic, to_denver):
    assert premises.of(site=clinic.site).zone.key == "America/New_York"
    to_denver()
    assert premises.of(site=clinic.site).zone.key == "America/Denver"


def test_reminders_that_wait_go_by_the_new_clock(clinic, visit, next_week, to_denver):
    watch.run(now=clinic.now)
    before = due(visit)
    to_denver()
    near = next_week - 5 * DAY
    watch.run(now=near)
    after = due(visit)
    # Days before: at ten on the clinic's clock. Hours before: by the visit, whose moment stays.
    assert {kind: after[kind] - at for kind, at in before.items()} == {
        "patient_3_days": timedelta(hours=2),
        "patient_1_day": timedelta(hours=2),
        "patient_3_hours": timedelta(0),
    }
