import pytest
from django.test import Client
from django.urls import reverse

from clinic.domain import presets, protocols
from clinic.models import Protocol, Site
from tests.factories import CourseFactory, PolicyFactory, ProtocolFactory, RoomFactory

pytestmark = pytest.mark.django_db

FORM = {
    "name": "IV",
    "route": "iv",
    "is_active": "on",
    "kind_0": "induction",
    "visits_0": "6",
    "least_0": "2",
    "best_0": "3",
    "most_0": "5",
    "prep_minutes": "15",
    "infusion_minutes": "40",
    "recovery_minutes": "45",
    "turnaround_minutes": "15",
    "observation_minutes": "",
}
MONTHLY = {"kind_1": "maintenance", "visits_1": "4", "least_1": "26", "best_1": "30", "most_1": "35"}


def test_a_protocol_of_two_stages_is_added(director: Client, site: Site) -> None:
    answer = director.post(reverse("protocol_new"), FORM | MONTHLY | {"needs": ["pump"], "present": ["nurse"]})
    new = Protocol.objects.get(site=site)
    assert answer.status_code == 302
    assert [(step.kind, step.visits, *step.gap) for step in new.steps] == [
        ("induction", 6, 2, 3, 5),
        ("maintenance", 4, 26, 30, 35),
    ]
    assert (new.needs, new.present, new.observation_minutes) == (["pump"], ["clinician", "nurse"], 0)


def test_a_line_left_empty_takes_its_stage_out(director: Client, site: Site) -> None:
    protocol = ProtocolFactory(site=site, stages=[(6, 2, 3, 5), (4, 26, 30, 35), (1, 60, 60, 60)])
    kept = {f"{part}_2": value for part, value in {"visits": "1", "least": "60", "best": "60", "most": "60"}.items()}
    director.post(reverse("protocol_edit", args=[protocol.pk]), FORM | kept | {"version": "1"})
    last = protocols.last_of(protocol=protocol)
    assert (last.version, [step.visits for step in last.steps]) == (2, [6, 1])


def test_two_empty_lines_wait_after_the_last_stage(director: Client, site: Site) -> None:
    protocol = ProtocolFactory(site=site, stages=[(6, 2, 3, 5), (4, 26, 30, 35)])
    page = director.get(reverse("protocol_edit", args=[protocol.pk]))
    assert len(list(page.context["form"].lines())) == 4


def test_the_list_says_how_long_a_visit_would_be_booked(director: Client, site: Site) -> None:
    PolicyFactory(site=site, min_recovery_minutes=120)
    ProtocolFactory(site=site, prep_minutes=15, infusion_minutes=40, recovery_minutes=45)
    assert "175 min" in director.get(reverse("protocols")).content.decode()


def test_nasal_spray_is_watched_for_two_hours_unless_told_otherwise(director: Client, site: Site) -> None:
    director.post(reverse("protocol_new"), FORM | {"route": "nasal"})
    assert Protocol.objects.get().observation_minutes == 120


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"least_0": "5", "most_0": "4"}, "best_0", "The best number of days lies between the least and the most."),
        ({"least_0": "0"}, "least_0", "Ensure this value is greater than or equal to 1."),
        ({"visits_0": "100"}, "visits_0", "Ensure this value is less than or equal to 60."),
        ({"visits_1": "4"}, "least_1", "Fill in the whole line, or leave it empty."),
        (
            {"visits_0": "", "least_0": "", "best_0": "", "most_0": ""},
            "visits_0",
            "A protocol needs at least one stage.",
        ),
        (
            {"infusion_minutes": "800"},
            "__all__",
            "A visit is over, and its room free, after 14 hours at the latest.",
        ),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    change: dict[str, str], field: str, sentence: str, director: Client, site: Site
) -> None:
    answer = director.post(reverse("protocol_new"), FORM | change)
    assert (answer.status_code, answer.context["form"].errors) == (422, {field: [sentence]})
    assert not Protocol.objects.exists()


def test_whoever_saves_second_is_told_and_keeps_what_they_typed(director: Client, site: Site) -> None:
    protocol = ProtocolFactory(site=site, name="IV")
    address = reverse("protocol_edit", args=[protocol.pk])
    director.post(address, FORM | {"infusion_minutes": "50", "version": "1"})
    answer = director.post(address, FORM | {"recovery_minutes": "60", "version": "1"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Now: treatment (minutes): 50 instead of 40." in page
    assert ('value="60"' in page, '<input type="hidden" name="version" value="2">' in page) == (True, True)


def test_an_old_versions_address_leads_to_the_last(director: Client, site: Site) -> None:
    protocol = ProtocolFactory(site=site, name="IV")
    director.post(reverse("protocol_edit", args=[protocol.pk]), FORM | {"infusion_minutes": "50", "version": "1"})
    last = protocols.last_of(protocol=protocol)
    assert director.get(reverse("protocol_edit", args=[protocol.pk])).url == reverse("protocol_edit", args=[last.pk])


def test_the_page_says_how_many_courses_keep_their_version(director: Client, site: Site) -> None:
    protocol = ProtocolFactory(site=site)
    CourseFactory(patient__site=site, protocol=protocol)
    page = director.get(reverse("protocol_edit", args=[protocol.pk])).content.decode()
    assert ("1 course under way" in page, "keep the version they began under" in page) == (True, True)


def test_what_the_clinic_lacks_is_said_after_saving_and_on_the_page(director: Client, site: Site) -> None:
    RoomFactory(site=site)
    answer = director.post(reverse("protocol_new"), FORM | {"needs": ["bed"]}, follow=True)
    page = director.get(reverse("protocol_edit", args=[Protocol.objects.get().pk]))
    sentence = "No room has all of this: Bed."
    assert [sentence in one.content.decode() for one in (answer, page)] == [True, True]


def test_ready_made_protocols_are_added_once(director: Client, site: Site) -> None:
    names = {"names": list(presets.PRESETS)}
    director.post(reverse("protocol_presets"), names)
    director.post(reverse("protocol_presets"), names)
    assert Protocol.objects.filter(site=site).count() == len(presets.PRESETS)


def test_what_is_on_the_list_is_not_offered_again(director: Client, site: Site) -> None:
    first, *others = presets.PRESETS
    director.post(reverse("protocol_presets"), {"names": [first]})
    page = director.get(reverse("protocols"))
    assert [choice.data["value"] for choice in page.context["form"]["names"]] == others
    director.post(reverse("protocol_presets"), {"names": others})
    assert "Ready-made" not in director.get(reverse("protocols")).content.decode()
