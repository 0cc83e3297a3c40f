import pytest
from django.urls import reverse

from education import library
from education.access import APPROVERS, CHECKERS, READERS, WRITERS
from education.models import HelpNumber
from tests.factories import SiteFactory, StaffFactory

TEXT = {"summary": "What to do now.", "text": "## Now {#hour-0}\nRest. [[clinic_phone]]", "sources": "- Us"}


@pytest.fixture
def as_role(client, people):
    def sign_in(role):
        client.force_login(getattr(people, role))
        return client

    return sign_in


def url(name, page, *rest):
    return reverse(f"library_{name}", args=[page.pk, *rest])


def waiting_post(page, number=1):
    return {**TEXT, "based_on": number}


def test_the_library_lists_every_page_with_its_state(as_role, pages):
    html = as_role("front_desk").get(reverse("library")).text
    assert html.count("Waiting for approval") == 12
    assert "12 pages need a medical director" in html


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_page_and_for_three(as_role, pages, rows, django_assert_num_queries):
    kept = list(pages.values_list("pk", flat=True)[:rows])
    pages.exclude(pk__in=kept).delete()
    client = as_role("nurse")
    client.get(reverse("library"))
    with django_assert_num_queries(6):
        assert client.get(reverse("library")).text.count('scope="row"') == rows


def test_the_list_is_in_reading_order(pages, site, now):
    rows = library.shelf(site=site, today=now.date(), language="en")
    assert [row.page.slug for row in rows] == [
        "patient-before",
        "patient-during",
        "patient-after",
        "helper-before",
        "helper-during",
        "helper-after",
    ]


def test_a_search_shows_what_it_found(as_role, pages):
    html = as_role("nurse").get(reverse("library"), {"q": "seat belts", "language": "en"}).text
    assert html.count('scope="row"') == 3


def test_a_search_that_finds_nothing_says_so_and_shows_the_way_back(as_role, pages):
    html = as_role("nurse").get(reverse("library"), {"q": "<b>submarine</b>"}).text
    assert "No page speaks of “&lt;b&gt;submarine&lt;/b&gt;”" in html
    assert "Show all pages" in html


@pytest.mark.parametrize("query", [{"q": "x" * 500}, {"language": "tlh"}, {"q": "\x00"}, {"q": "& | ! ( <->"}])
def test_a_search_that_makes_no_sense_is_no_error(as_role, pages, query):
    assert as_role("nurse").get(reverse("library"), query).status_code == 200


def test_a_library_without_pages_says_when_they_come(as_role, site):
    assert "No pages yet" in as_role("nurse").get(reverse("library")).text


def test_a_page_shows_the_values_of_the_signed_policy(as_role, page, policy):
    html = as_role("front_desk").get(url("page", page)).text
    assert "No alcohol for 24 hours." in html
    assert 'href="tel:4105550142"' in html


def test_before_there_is_a_policy_the_page_names_what_will_stand_there(client, site, page):
    client.force_login(StaffFactory(role="nurse", sites=[site]))
    assert "No alcohol for [time without alcohol]." in client.get(url("page", page)).text


def test_a_page_in_another_language_says_so_to_a_screen_reader(as_role, pages):
    page = pages.get(slug="patient-after", language="es")
    assert '<article class="prose" lang="es">' in as_role("nurse").get(url("page", page)).text


def test_an_older_wording_can_be_read_and_is_marked(as_role, page, people, now):
    library.revise(page=page, text="New", summary="S", sources="", based_on=1, actor=people.nurse, now=now)
    html = as_role("nurse").get(url("revision", page, 1)).text
    assert "You are reading wording 1, an older one" in html


def test_a_wording_is_saved_and_waits(as_role, page):
    answer = as_role("nurse").post(url("edit", page), waiting_post(page))
    assert (answer.status_code, answer.url) == (302, url("page", page))
    page.refresh_from_db()
    assert (page.revisions.count(), page.current) == (2, None)


def test_a_stale_form_keeps_what_was_typed(as_role, page, people, now):
    library.revise(page=page, text="New", summary="S", sources="", based_on=1, actor=people.director, now=now)
    answer = as_role("nurse").post(url("edit", page), waiting_post(page))
    assert answer.status_code == 422
    assert "Somebody saved other changes" in answer.text
    assert "Rest. [[clinic_phone]]" in answer.text


def test_an_unknown_value_is_refused_by_its_name(as_role, page):
    answer = as_role("nurse").post(url("edit", page), {**waiting_post(page), "text": "[[moon_phase]]"})
    assert answer.status_code == 422
    assert "There is no value for [[moon_phase]]." in answer.text
    assert page.revisions.count() == 1


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "'; DROP TABLE x; --", "شكرا 🌙 שלום"])
def test_any_words_are_kept_as_typed_and_shown_harmless(as_role, page, text):
    client = as_role("nurse")
    client.post(url("edit", page), {**waiting_post(page), "text": text})
    assert page.revisions.first().text == text
    assert "<script>alert" not in client.get(url("page", page)).text


def test_a_director_approves_and_the_page_is_in_use(as_role, page, policy):
    answer = as_role("director").post(url("approve", page), {"number": 1}, follow=True)
    assert "Approved. This is what people read from now on." in answer.text
    page.refresh_from_db()
    assert page.current.number == 1


def test_a_page_that_is_not_ready_is_refused_with_the_reason(as_role, page, people, now):
    text = "Wait [[moon_phase]]."
    library.revise(page=page, text=text, summary="S", sources="", based_on=1, actor=people.nurse, now=now)
    answer = as_role("director").post(url("approve", page), {"number": 2}, follow=True)
    assert "There is no value for [[moon_phase]] here." in answer.text
    assert "Wait [moon_phase?]." in answer.text


def test_approving_what_somebody_reworded_meanwhile_is_refused(as_role, page, people, now):
    library.revise(page=page, text="New", summary="S", sources="", based_on=1, actor=people.nurse, now=now)
    answer = as_role("director").post(url("approve", page), {"number": 1}, follow=True)
    assert "There is a newer wording of this page." in answer.text


@pytest.mark.parametrize("number", ["", "99", "-1", "1; --", "٣"])
def test_approving_a_wording_that_does_not_exist_is_not_found(as_role, page, number):
    assert as_role("director").post(url("approve", page), {"number": number}).status_code == 404


def test_a_draft_on_paper_says_that_it_is_one(as_role, page, people, now):
    client = as_role("nurse")
    assert "Draft, not approved" in client.get(url("print", page)).text
    library.approve(revision=page.revisions.get(), actor=people.director, now=now)
    assert "Wording 1, approved Tuesday 3 March 2026" in client.get(url("print", page)).text


def test_the_numbers_are_listed_and_a_check_is_written_down(as_role, pages):
    HelpNumber.objects.update(reviewed_on="2020-01-01", review_due="2020-07-01")
    client = as_role("front_desk")
    assert client.get(reverse("library_numbers")).text.count("Check due") == 3
    number = HelpNumber.objects.filter(region="US", number="988").first()
    answer = client.post(reverse("library_number_check", args=[number.pk]), follow=True)
    assert answer.text.count("Check due") == 2
    assert set(HelpNumber.objects.filter(number="988", region="CA").values_list("review_due", flat=True)) != set(
        HelpNumber.objects.filter(number="988", region="US").values_list("review_due", flat=True)
    )


def test_a_region_without_numbers_says_what_to_do(as_role, pages, site):
    site.region = "ZZ"
    site.save()
    assert "We know no help numbers for the region “ZZ”" in as_role("nurse").get(reverse("library_numbers")).text


def test_somebody_of_another_site_finds_nothing_here(client, page):
    client.force_login(StaffFactory(role="director", sites=[SiteFactory()]))
    for name in ("page", "edit", "print"):
        assert client.get(url(name, page)).status_code == 404
    assert client.post(url("approve", page), {"number": 1}).status_code == 404


def test_somebody_without_a_site_sees_an_empty_library(client, page):
    client.force_login(StaffFactory(role="director"))
    assert "No pages yet" in client.get(reverse("library")).text


@pytest.mark.parametrize(
    ("name", "method", "allowed"),
    [
        ("page", "get", READERS),
        ("print", "get", READERS),
        ("edit", "get", WRITERS),
        ("edit", "post", WRITERS),
        ("approve", "post", APPROVERS),
    ],
)
def test_each_door_opens_for_its_roles_and_no_other(as_role, page, policy, name, method, allowed):
    for role in READERS:
        answer = getattr(as_role(role), method)(url(name, page), {"number": 1})
        assert (answer.status_code != 403) == (role in allowed), role


def test_only_those_who_may_check_a_number_can(as_role, pages):
    number = HelpNumber.objects.filter(region="US").first()
    for role in READERS:
        answer = as_role(role).post(reverse("library_number_check", args=[number.pk]))
        assert (answer.status_code == 302) == (role in CHECKERS), role


def test_a_stranger_is_asked_to_sign_in(client, page):
    for name in ("page", "edit", "print"):
        assert client.get(url(name, page)).status_code == 302
    assert client.post(url("approve", page), {"number": 1}).status_code == 302


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete"])
def test_nothing_is_approved_or_checked_but_by_post(as_role, page, method):
    client = as_role("director")
    before = list(HelpNumber.objects.values())
    number = HelpNumber.objects.filter(region="US").first()
    assert getattr(client, method)(url("approve", page)).status_code == 405
    assert getattr(client, method)(reverse("library_number_check", args=[number.pk])).status_code == 405
    page.refresh_from_db()
    assert page.current is None
    assert list(HelpNumber.objects.values()) == before
