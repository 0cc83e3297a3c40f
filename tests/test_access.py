"""Who may open what, generated from the URLconf: an address that declares nothing fails here."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from clinic.enums import Role
from clinic.models import AuditEntry
from support.domain import links
from tests import routes, world

pytestmark = pytest.mark.django_db

STAFF = [route for route in routes.ours() if route.is_staff]
BEHIND_LINKS = [route for route in routes.ours() if route.is_behind_a_link]
# Pages that show one patient: a read of each leaves a trace.
SHOWS_A_PATIENT = [r for r in STAFF if r.path.startswith(("patients/<", "infusions/<", "people/<", "alerts/<"))]
# Addresses that belong to everybody at work, not to one site: each sees their own site's words under them.
FOR_EVERY_SITE = {"library_number_check", "wording", "wording_preview", "wording_reset", "wording_restore"}


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture
def elsewhere():
    return world.build(now=timezone.now(), given_name="Elsewhere")


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def state_of_everything() -> dict[str, int]:
    """How many rows each table of ours has written, by its history: what GET must not change."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE relname ~ '^(clinic|support|education|messaging)_'"
        )
        return dict(cursor.fetchall())


@pytest.mark.parametrize("route", routes.ours(), ids=routes.ids)
def test_every_address_declares_who_may_open_it(route):
    assert route.allows, f"{route.path}: decorate the view with staff_only, by_link or public"


@pytest.mark.parametrize("route", STAFF, ids=routes.ids)
def test_nobody_gets_in_without_signing_in(route, here):
    url = route.url(**here.arguments(path=route.path, params=route.params))
    for method in ("get", "post"):
        response = getattr(Client(), method)(url)
        assert response.status_code in {302, 404, 405}
        if response.status_code == 302:
            assert response.url.startswith("/account/login/")


@pytest.mark.parametrize("route", STAFF, ids=routes.ids)
def test_a_role_that_is_not_named_is_refused(route, here):
    url = route.url(**here.arguments(path=route.path, params=route.params))
    for role in set(Role.values) - set(route.allows):
        for method in ("get", "post"):
            response = getattr(signed_in(here.staff[role]), method)(url)
            assert response.status_code in {403, 405}, (role, method)


@pytest.mark.parametrize("route", [r for r in STAFF if r.params], ids=routes.ids)
def test_another_sites_object_is_not_there(route, here, elsewhere):
    """CVE-2026-34055, CVE-2026-25745, CVE-2026-25930 (OpenEMR): guarded in one place, open in print and edit."""
    if route.name in FOR_EVERY_SITE:
        return
    url = route.url(**elsewhere.arguments(path=route.path, params=route.params))
    for role in route.allows:
        for method in ("get", "post"):
            response = getattr(signed_in(here.staff[role]), method)(url)
            assert response.status_code in {404, 405}, (role, method)


@pytest.mark.parametrize("route", STAFF, ids=routes.ids)
def test_reading_changes_nothing(route, here):
    """CVE-2026-23622 (Easy!Appointments): state changed by GET. Reading may leave its trace, nothing else."""
    url = route.url(**here.arguments(path=route.path, params=route.params))
    client = signed_in(here.staff[next(iter(sorted(route.allows)))])
    before = state_of_everything()
    for method in ("get", "head", "options"):
        assert getattr(client, method)(url).status_code < 500
    changed = {table for table, count in state_of_everything().items() if count != before.get(table, 0)}
    assert changed <= {"clinic_auditentry", "clinic_audithead"}


@pytest.mark.parametrize("route", SHOWS_A_PATIENT, ids=routes.ids)
def test_opening_a_patients_record_leaves_a_trace(route, here):
    url = route.url(**here.arguments(path=route.path, params=route.params))
    reader = here.staff[next(iter(sorted(route.allows)))]
    response = signed_in(reader).get(url)
    if response.status_code == 405:
        return
    assert response.status_code == 200
    traces = AuditEntry.objects.filter(actor=f"staff:{reader.pk}", verb="read", patient_id=here.patient.pk)
    assert traces.exists()


@pytest.mark.parametrize("route", BEHIND_LINKS, ids=routes.ids)
@pytest.mark.parametrize("purpose", ["helper", "patient"])
def test_reading_by_link_ten_times_changes_nothing(route, purpose, here):
    """https://github.com/activepieces/activepieces/issues/14024 : scanners and previews open links."""
    link = here.helper_link if purpose == "helper" else here.patient_link
    url = route.url(**here.arguments(path=route.path, params=route.params, key=links.token(link)))
    client = Client()
    before = state_of_everything()
    for _time in range(10):
        assert client.get(url).status_code < 500
        assert client.head(url).status_code < 500
        assert client.options(url).status_code < 500
    changed = {table for table, count in state_of_everything().items() if count != before.get(table, 0)}
    assert changed <= {"clinic_auditentry", "clinic_audithead", "support_link", "education_reading"}
    link.refresh_from_db()
    assert link.withdrawn_at is None


@pytest.mark.parametrize("route", BEHIND_LINKS, ids=routes.ids)
def test_a_link_of_one_person_never_reaches_another(route, here, elsewhere):
    """https://github.com/kishan0725/Hospital-Management-System/issues/55 : A's link with B's numbers in it."""
    theirs = elsewhere.pks
    for link in (here.helper_link, here.patient_link):
        arguments = here.arguments(path=route.path, params=route.params, key=links.token(link))
        if "pk" not in arguments:
            continue
        arguments["pk"] = theirs[here.subject(route.path)]
        for method in ("get", "post"):
            response = getattr(world.theirs(Client(), link), method)(route.url(**arguments))
            assert response.status_code in {404, 405}


@pytest.mark.parametrize("route", BEHIND_LINKS, ids=routes.ids)
def test_a_wrong_key_is_one_and_the_same_404(route, here):
    token = links.token(here.helper_link)
    wrong = [token[:-1] + ("A" if token[-1] != "A" else "B"), "x" * links.TOKEN_LENGTH, "nonsense-of-any-length"]
    answers = set()
    for key in wrong:
        url = route.url(**here.arguments(path=route.path, params=route.params, key=key))
        for method in ("get", "post"):
            response = getattr(Client(), method)(url)
            if response.status_code != 405:
                answers.add((response.status_code, response.content))
    assert len(answers) == 1
    assert {status for status, _content in answers} == {404}


# "Send me a new one" is the one act that a closed link still has; its own tests say what it may do.
ACTS = [route for route in BEHIND_LINKS if route.name != "link_renew"]


@pytest.mark.parametrize("route", ACTS, ids=routes.ids)
def test_a_withdrawn_link_shows_one_kind_page_and_does_nothing(route, here):
    links.withdraw_all(designation=here.designation, now=timezone.now())
    key = links.token(here.helper_link)
    url = route.url(**here.arguments(path=route.path, params=route.params, key=key))
    for method in ("get", "post"):
        response = getattr(Client(), method)(url)
        assert response.status_code in {404, 405, 410}
        if response.status_code == 410:
            assert "(410)" in response.content.decode()


@pytest.mark.parametrize("route", ACTS, ids=routes.ids)
def test_an_expired_link_acts_no_more(route, here):
    here.helper_link.expires_at = timezone.now() - timedelta(seconds=1)
    here.helper_link.save()
    key = links.token(here.helper_link)
    url = route.url(**here.arguments(path=route.path, params=route.params, key=key))
    assert Client().post(url).status_code in {404, 405, 410}
