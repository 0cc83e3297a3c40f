"""Every page that a helper or a patient meets on the way, each as a story that ends before it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from clinic.models import Infusion
from config.demo.part import Part
from support.domain import links
from support.enums import SupportRole
from tests.browser.daylight import Story


@dataclass(frozen=True)
class Stage:
    """``leads`` gives the address in the text; ``beyond`` the page after it, by the link's id, where it is another."""

    leads: Callable[[Story], str]
    beyond: Callable[[Story, str], str] | None = None

    def path(self, story: Story, key: str) -> str:
        return self.beyond(story, key) if self.beyond else reverse("link", args=[key])


def series(story: Story) -> str:
    """Six dates asked; two taken."""
    part = story.patient(helpers=("Lee", "Jo"))
    visits = story.series(part)
    part.say_yes([visit.starts_at for visit in visits[:2]], story.now - timedelta(minutes=30))
    return story.helper_address(part, "Lee")


def first_time(story: Story) -> str:
    part = story.patient(helpers=("Lee",))
    story.series(part)
    return story.helper_address(part, "Lee")


def beside_the_patient(story: Story) -> str:
    part = story.patient(helpers=("Lee",))
    lee = story.named(part, "Lee")
    lee.roles = [SupportRole.RIDE, SupportRole.PRESENCE]
    lee.save()
    story.series(part)
    return story.helper_address(part, "Lee")


def asked_whether_to_go_on(story: Story) -> str:
    part = story.patient(helpers=("Lee",))
    story.series(part)
    lee = story.named(part, "Lee")
    lee.load_asked_at = story.now
    lee.save()
    return story.helper_address(part, "Lee")


def under_way(story: Story) -> tuple[Part, Infusion]:
    part = story.patient(helpers=("Lee", "Jo"))
    visit = story.visit(part, story.soon(-60))
    story.confirmed(part, "Lee", visit)
    part.arrive(visit.starts_at, timezone.now())
    part.start(visit.starts_at, timezone.now())
    return part, visit


def made_ready(story: Story) -> tuple[Part, Infusion]:
    part, visit = under_way(story)
    part.recover(visit.starts_at, timezone.now())
    part.ready(visit.starts_at, timezone.now())
    return part, visit


def gone(story: Story) -> Part:
    part, visit = made_ready(story)
    story.let_pass(visit, minutes=60)
    part.hand_over(visit.starts_at, timezone.now())
    return part


def ahead(story: Story) -> Part:
    """A visit today that nobody has said yes to."""
    part = story.patient(helpers=("Lee",))
    story.visit(part, story.soon(120))
    return part


def of_the_visit(name: str) -> Callable[[Story, str], str]:
    return lambda _story, key: reverse(name, args=[key, Infusion.objects.latest("pk").pk])


def of_the_link(name: str) -> Callable[[Story, str], str]:
    return lambda _story, key: reverse(name, args=[key])


def key_in(address: str) -> str:
    found = links.resolve(address.rstrip("/").rpartition("/")[2])
    assert found is not None
    return found.id


HELPERS = {
    "series": Stage(series),
    "training": Stage(first_time, of_the_link("link_training")),
    "etiquette": Stage(beside_the_patient, of_the_link("link_in_the_room")),
    "load": Stage(asked_whether_to_go_on),
    "day": Stage(lambda story: story.helper_address(under_way(story)[0], "Lee")),
    "handover": Stage(lambda story: story.helper_address(made_ready(story)[0], "Lee")),
    "tonight": Stage(lambda story: story.helper_address(gone(story), "Lee")),
}
PATIENTS = {
    "hold questions": Stage(lambda story: story.patient_address(ahead(story)), of_the_visit("link_questions")),
    "solo": Stage(lambda story: story.patient_address(ahead(story)), of_the_visit("link_nobody")),
    "comfort": Stage(lambda story: story.patient_address(ahead(story)), of_the_link("link_comfort")),
    "people": Stage(lambda story: story.patient_address(ahead(story)), of_the_link("link_people")),
    "quiet word": Stage(lambda story: story.patient_address(made_ready(story)[0])),
    "patient tonight": Stage(lambda story: story.patient_address(gone(story))),
}
