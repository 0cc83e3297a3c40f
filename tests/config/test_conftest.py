"""What every test may rely on: an empty database, also where history protects itself, and a broker of its own."""

from datetime import datetime

import pytest
from django.core.cache import cache
from django.db import connection
from redis import Redis

from clinic.models import AuditEntry


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "again"])
def test_what_a_transactional_test_wrote_is_gone_before_the_next(time: str, now: datetime) -> None:
    assert AuditEntry.objects.count() == 0
    AuditEntry.objects.create(at=now, actor="system", verb="tested", subject=time)
    cache.set("seen", time)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "again"])
def test_what_another_session_wrote_is_gone_too(time: str, pg_dsn: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)
        cursor.execute("INSERT INTO django_session VALUES (%s, '', now())", [time])


@pytest.mark.django_db
def test_the_cache_starts_empty(broker_url: str) -> None:
    assert cache.get("seen") is None
    with Redis.from_url(broker_url.replace("redis+socket://", "unix://")) as broker:
        assert broker.ping()


def test_the_fixed_moment_is_a_tuesday_morning_in_new_york(now: datetime) -> None:
    assert f"{now:%A %H:%M}" == "Tuesday 14:41"
