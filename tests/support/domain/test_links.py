"""Links: derived, bound to one person, closed at once, never in the database."""

import re
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError

from support.domain import links
from support.models import Link
from tests.factories import NOW, DesignationFactory, PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def link():
    return links.for_designation(designation=DesignationFactory(), now=NOW)


def test_a_token_leads_back_to_its_link(link):
    assert links.resolve(links.token(link)) == link


def test_a_token_has_at_least_128_bits_beyond_the_links_name(link):
    secret = links.token(link)[links.ID_LENGTH :]
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", secret)
    assert len(secret) * 6 >= 128


def test_the_address_fits_the_55_signs_kept_for_it_and_ignores_the_request(link, settings):
    settings.PUBLIC_URL = "https://northgate.example"
    assert links.address(link) == f"https://northgate.example/l/{links.token(link)}/"
    assert len("https://nw.example/l/") + links.TOKEN_LENGTH + 1 <= 55


def test_no_table_of_the_database_holds_the_token(link):
    secret = links.token(link)[links.ID_LENGTH :]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM support_link l WHERE l::text LIKE %s UNION ALL"
            " SELECT count(*) FROM support_linkevent e WHERE e::text LIKE %s",
            [f"%{secret}%", f"%{secret}%"],
        )
        assert cursor.fetchall() == [(0,), (0,)]


def test_a_second_message_uses_the_same_link_and_prolongs_it(link):
    later = NOW + timedelta(days=45)
    again = links.for_designation(designation=link.designation, now=later)
    assert again == link
    assert again.expires_at == later + links.KEPT_FOR


def test_an_expired_link_is_not_revived_but_replaced(link):
    later = link.expires_at + timedelta(seconds=1)
    assert links.for_designation(designation=link.designation, now=later) != link


def test_a_changed_sign_anywhere_resolves_to_nothing(link):
    token = links.token(link)
    for place in range(len(token)):
        wrong = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert links.resolve(wrong) is None


@pytest.mark.parametrize("nonsense", ["", "x", "a" * 29, "a" * 30, "a" * 31, "é" * 30, "../../etc/passwd", "%00" * 10])
def test_nonsense_resolves_to_nothing(link, nonsense):
    assert links.resolve(nonsense) is None


def test_a_token_of_one_link_does_not_open_another(link):
    other = links.for_patient(patient=PatientFactory(), now=NOW)
    assert links.resolve(other.id + links.token(link)[links.ID_LENGTH :]) is None


def test_an_older_key_keeps_old_links_working_until_it_is_taken_out(link, settings):
    old = links.token(link)
    settings.LINK_KEYS = ["a new key", *settings.LINK_KEYS]
    assert links.resolve(old) == link
    assert links.token(link) != old
    settings.LINK_KEYS = ["a new key"]
    assert links.resolve(old) is None


def test_withdrawal_closes_every_link_of_the_designation_at_once(link):
    assert links.withdraw_all(designation=link.designation, now=NOW) == 1
    link.refresh_from_db()
    assert not links.is_usable(link, now=NOW)


def test_a_withdrawn_link_cannot_be_revived_even_by_raw_sql(link):
    links.withdraw_all(designation=link.designation, now=NOW)
    with pytest.raises(InternalError, match="withdrawal_is_final"), transaction.atomic():
        Link.objects.filter(pk=link.pk).update(withdrawn_at=None)


def test_a_link_is_bound_to_exactly_one_person():
    named = DesignationFactory()
    with pytest.raises(Exception, match="link_bound_to_one_person"), transaction.atomic():
        Link.objects.create(
            purpose="helper",
            designation=named,
            patient=named.patient,
            site=named.patient.site,
            created_at=NOW,
            expires_at=NOW + timedelta(days=1),
        )
