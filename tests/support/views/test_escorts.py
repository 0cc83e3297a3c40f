"""The clinic's list of paid escorts, kept in the set-up."""

import pytest
from django.urls import reverse

from clinic.enums import Role
from support.models import SupportPerson
from tests.factories import SiteFactory, SupportPersonFactory

PAT = {
    "given_name": "Pat",
    "family_name": "Homesafe",
    "phone": "410 555 0166",
    "escort_terms": "Homesafe, $45",
    "is_adult": "on",
}


@pytest.fixture
def admin(sign_in):
    return sign_in(Role.ADMIN)


def test_an_escort_is_added_changed_and_put_away(admin, site):
    assert "Nobody is on the list yet" in admin.get(reverse("escorts")).content.decode()
    assert admin.post(reverse("escorts"), PAT).status_code == 302
    pat = SupportPerson.objects.get()
    assert (pat.site, pat.phone, pat.is_escort, pat.is_adult, pat.is_active) == (site, "+14105550166", True, True, True)
    assert "Homesafe, $45" in admin.get(reverse("escorts")).content.decode()
    admin.post(reverse("escort", args=[pat.pk]), {**PAT, "escort_terms": "Homesafe, $50"})
    pat.refresh_from_db()
    assert (pat.escort_terms, pat.is_active) == ("Homesafe, $50", False)
    assert "put away" in admin.get(reverse("escorts")).content.decode()


@pytest.mark.parametrize("missing", ["given_name", "phone", "escort_terms", "is_adult"])
def test_what_is_missing_is_said(admin, missing):
    response = admin.post(reverse("escorts"), {**PAT, missing: ""})
    assert (response.status_code, SupportPerson.objects.count()) == (422, 0)


def test_a_number_that_cannot_be_dialled_is_refused(admin):
    assert admin.post(reverse("escorts"), {**PAT, "phone": "12"}).status_code == 422


def test_a_helper_and_another_clinics_escort_are_not_on_this_list(admin, site):
    helper = SupportPersonFactory(site=site)
    stranger = SupportPersonFactory(site=SiteFactory(), is_escort=True)
    for person in (helper, stranger):
        assert admin.get(reverse("escort", args=[person.pk])).status_code == 404
        assert admin.post(reverse("escort", args=[person.pk]), PAT).status_code == 404


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.NURSE, Role.CLINICIAN])
def test_the_list_is_kept_by_who_sets_the_clinic_up(sign_in, role):
    assert sign_in(role).get(reverse("escorts")).status_code == 403


def test_the_set_up_leads_there(admin):
    assert reverse("escorts") in admin.get(reverse("setup")).content.decode()
