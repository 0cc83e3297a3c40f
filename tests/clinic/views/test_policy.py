from datetime import time

import pytest
from django.test import Client
from django.urls import reverse

from clinic.domain import policies
from clinic.enums import Role, Rung
from clinic.forms.policy import RUNG, PolicyForm
from clinic.models import Policy, Site

pytestmark = pytest.mark.django_db


def typed(**more: str) -> dict[str, object]:
    """The form as it is shown, with something changed."""
    form = PolicyForm(instance=Policy())
    shown = {name: form[name].value() for name in form.fields}
    plain = {name: f"{value:%H:%M}" if isinstance(value, time) else value for name, value in shown.items()}
    return {name: value for name, value in plain.items() if value is not None and value is not False} | more


def test_looking_at_the_form_makes_no_draft(director: Client, site: Site) -> None:
    director.get(reverse("policy_edit"))
    assert Policy.objects.filter(site=site).count() == 1


def test_a_draft_changes_nothing_until_it_is_signed(director: Client, site: Site) -> None:
    signed = policies.current(site=site)
    director.post(reverse("policy_edit"), typed(solids_hours="8"))
    draft = Policy.objects.get(site=site, signed_at=None)
    assert (policies.current(site=site), draft.solids_hours) == (signed, 8)
    page = director.get(reverse("policy")).content.decode()
    assert ("changed" in page, "now 6" in page) == (True, True)


def test_the_director_signs_the_version_that_was_read(director: Client, site: Site) -> None:
    director.post(reverse("policy_edit"), typed(solids_hours="8"))
    draft = Policy.objects.get(site=site, signed_at=None)
    director.post(reverse("policy_sign"), {"edition": "1-0"})
    assert policies.current(site=site) != draft
    director.post(reverse("policy_sign"), {"edition": policies.edition(policy=draft)})
    current = policies.current(site=site)
    assert (current, current.signed_by, current.solids_hours) == (draft, director.staff, 8)


def test_rules_that_were_changed_after_they_were_read_are_not_signed(director: Client, sign_in, site: Site) -> None:
    director.post(reverse("policy_edit"), typed(solids_hours="8"))
    shown = director.get(reverse("policy")).context["edition"]
    sign_in(Role.ADMIN).post(reverse("policy_edit"), typed(solids_hours="1"))
    page = director.post(reverse("policy_sign"), {"edition": shown}, follow=True).content.decode()
    assert "The draft has changed since you opened this page. Read it again." in page
    assert Policy.objects.get(site=site, solids_hours=1).signed_at is None


def test_an_administrator_writes_and_does_not_sign(sign_in, site: Site) -> None:
    admin = sign_in(Role.ADMIN)
    assert admin.post(reverse("policy_edit"), typed(solids_hours="8")).status_code == 302
    draft = Policy.objects.get(site=site, signed_at=None)
    assert admin.post(reverse("policy_sign"), {"edition": policies.edition(policy=draft)}).status_code == 403
    assert "It counts once the medical director has signed it." in admin.get(reverse("policy")).content.decode()


def test_everybody_at_work_may_read_the_rules(desk: Client) -> None:
    page = desk.get(reverse("policy")).content.decode()
    assert ("A named adult drives" in page, "Write a new version" in page) == (True, False)


def test_the_ways_home_are_kept_in_the_order_of_their_numbers(director: Client, site: Site) -> None:
    ways = {f"{RUNG}{rung}": "" for rung in Rung}
    chosen = {f"{RUNG}{Rung.POSTPONE}": "3", f"{RUNG}{Rung.WATCHED_RIDE}": "1", f"{RUNG}{Rung.ADULT_DRIVES}": "2"}
    director.post(reverse("policy_edit"), typed(**ways | chosen))
    draft = Policy.objects.get(site=site, signed_at=None)
    assert draft.rungs == [Rung.WATCHED_RIDE, Rung.ADULT_DRIVES, Rung.POSTPONE]


def test_the_form_says_what_a_higher_age_of_helpers_changes(director: Client, site: Site) -> None:
    page = director.get(reverse("policy_edit")).content.decode()
    assert "The questions and the check before the start go by 18 in any case." in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({f"{RUNG}{rung}": "" for rung in Rung}, f"{RUNG}{Rung.ADULT_DRIVES}"),
        (
            {f"{RUNG}{Rung.ADULT_DRIVES}": "2", f"{RUNG}{Rung.ADULT_ACCOMPANIES}": "2"},
            f"{RUNG}{Rung.ADULT_ACCOMPANIES}",
        ),
        ({"helper_min_age": "17"}, "helper_min_age"),
        ({"texts_from": "20:00", "texts_until": "08:00"}, "texts_until"),
        ({"texts_per_day": "0"}, "texts_per_day"),
        ({"texts_per_day": "5", "texts_per_week": "4"}, "texts_per_week"),
        ({"texts_apart_minutes": "241"}, "texts_apart_minutes"),
        ({"solids_hours": "-1"}, "solids_hours"),
        ({"solids_hours": "99999"}, "solids_hours"),
        ({"solids_hours": ""}, "solids_hours"),
    ],
)
def test_rules_that_cannot_be_are_refused_at_their_field(
    change: dict[str, str], field: str, director: Client, site: Site
) -> None:
    answer = director.post(reverse("policy_edit"), typed(**change))
    errors = answer.context["form"].errors
    assert (answer.status_code, list(errors)) == (422, [field])


def test_without_any_rules_the_page_says_what_comes(director: Client, site: Site) -> None:
    site.policies.all()
    other = Client()
    other.force_login(director.staff)
    Policy.objects.filter(site=site, signed_at=None).delete()
    assert other.get(reverse("policy")).status_code == 200


def test_a_free_time_is_kept_for_five_minutes_at_least(director: Client, site: Site) -> None:
    answer = director.post(reverse("policy_edit"), typed(waitlist_minutes="0"))
    assert answer.status_code == 422
    assert "Ensure this value is greater than or equal to 5." in answer.content.decode()


def test_how_many_texts_one_number_gets_is_written_and_read(director: Client, site: Site) -> None:
    director.post(reverse("policy_edit"), typed(texts_per_day="3", texts_per_week="9", texts_apart_minutes="30"))
    draft = Policy.objects.get(site=site, signed_at=None)
    assert (draft.texts_per_day, draft.texts_per_week, draft.texts_apart_minutes) == (3, 9, 30)
    page = director.get(reverse("policy")).content.decode()
    assert "exts to one number in 7 days, at most" in page
