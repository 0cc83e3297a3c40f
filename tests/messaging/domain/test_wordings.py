import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.utils import InternalError

from messaging.domain import wordings
from messaging.domain.wordings import Stale
from messaging.models import Wording
from tests.factories import SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db
WHICH = {"kind": "reminder", "channel": "sms", "language": "en"}


@pytest.fixture
def site_id() -> int:
    return SiteFactory().pk


@pytest.fixture
def actor_id() -> int:
    return StaffFactory().pk


@pytest.fixture
def write(site_id, actor_id, now):
    def written(text, *, based_on=0, subject="", at=now, **which) -> Wording:
        return wordings.write(
            site_id=site_id, subject=subject, text=text, based_on=based_on, made_by_id=actor_id, now=at, **WHICH | which
        )

    return written


def current(site_id, **which) -> Wording | None:
    return wordings.current(site_id=site_id, **WHICH | which)


def test_a_clinic_that_wrote_nothing_has_the_words_of_the_product(site_id):
    assert current(site_id) is None


def test_what_was_written_is_in_use_for_that_message_only(site_id, write):
    mine = write("Hello {{ name }}")
    assert current(site_id) == mine
    assert current(site_id, language="es") is None
    assert current(site_id, channel="email") is None
    assert current(site_id, kind="invitation") is None
    assert current(SiteFactory().pk) is None


def test_newer_words_retire_the_older_and_both_are_kept(site_id, write, now):
    first = write("Hello")
    second = write("Good day", based_on=1, at=now + timedelta(days=1))
    first.refresh_from_db()
    assert (first.text, first.retired_at) == ("Hello", now + timedelta(days=1))
    assert list(wordings.history(site_id=site_id, **WHICH)) == [second, first]
    assert [row.version for row in (first, second)] == [1, 2]


def test_writing_the_same_words_twice_writes_them_once(site_id, write):
    first = write("Hello")
    assert write("Hello") == first
    assert Wording.objects.count() == 1


def test_the_same_text_under_another_subject_is_a_new_version(write):
    write("Hello", subject="Your visit")
    assert write("Hello", subject="See you", based_on=1).version == 2


def test_who_began_from_older_words_is_refused_and_nothing_changes(site_id, write):
    first = write("Hello")
    with pytest.raises(Stale):
        write("Good day")
    assert current(site_id) == first


def test_back_to_the_words_of_the_product(site_id, write, now):
    write("Hello")
    assert wordings.reset(site_id=site_id, based_on=1, now=now, **WHICH)
    assert current(site_id) is None
    assert not wordings.reset(site_id=site_id, based_on=1, now=now, **WHICH)


def test_nothing_is_reset_under_somebody_elses_hands(site_id, write, now):
    write("Hello")
    second = write("Good day", based_on=1)
    with pytest.raises(Stale):
        wordings.reset(site_id=site_id, based_on=1, now=now, **WHICH)
    assert current(site_id) == second


def test_after_a_reset_the_next_version_has_the_next_number(site_id, write, now):
    write("Hello")
    wordings.reset(site_id=site_id, based_on=1, now=now, **WHICH)
    assert write("Good day").version == 2


def test_a_clock_that_went_back_does_not_keep_words_in_use(site_id, write, now):
    write("Hello")
    write("Good day", based_on=1, at=now - timedelta(hours=1))
    assert current(site_id).text == "Good day"


def test_all_words_in_use_are_one_query(site_id, write, now, django_assert_num_queries):
    write("Hello")
    write("Hola", language="es")
    write("Good day", kind="invitation")
    wordings.reset(site_id=site_id, based_on=1, now=now, **WHICH)
    with django_assert_num_queries(1):
        found = wordings.in_use(site_id=site_id)
        assert {key: row.made_by.full_name[:4] for key, row in found.items()} == {
            ("reminder", "sms", "es"): "Dana",
            ("invitation", "sms", "en"): "Dana",
        }


def test_what_was_written_cannot_be_written_over(write):
    mine = write("Hello")
    mine.text = "Good day"
    with pytest.raises(InternalError, match="Cannot update"):
        mine.save()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_write_the_first_version_at_once_one_is_told(site_id, write):
    start, ends = threading.Barrier(2), []

    def one(text: str) -> None:
        try:
            start.wait(timeout=10)
            ends.append(write(text).text)
        except Stale:
            ends.append("stale")
        finally:
            connection.close()

    both = [threading.Thread(target=one, args=(text,)) for text in ("Hello", "Good day")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(timeout=30)
    assert len(ends) == 2
    assert "stale" in ends
    assert Wording.objects.filter(retired_at=None).count() == 1
