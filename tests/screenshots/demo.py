"""Where to look in the demo clinic: one object for each address, one person for each page behind a link."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from clinic.enums import InfusionStatus, Role
from clinic.models import Closure, Course, Infusion, Protocol, Room, Site, StaffMember
from education.models import HelpNumber, Page
from messaging.enums import MessageStatus
from messaging.models import InboundText, Message
from support.domain import links
from support.enums import HOLDING, AlertStatus, SupportRole
from support.models import Alert, CheckIn, Commitment, Designation, SupportPerson
from tests.routes import Route
from tests.world import WORDS

S = InfusionStatus
# Whoever comes first and may open a page shows it.
WHO = (Role.FRONT_DESK, Role.NURSE, Role.DIRECTOR, Role.ADMIN, Role.CLINICIAN)


@dataclass
class Demo:
    site: Site
    now: datetime
    staff: dict[str, StaffMember] = field(default_factory=dict)
    subjects: dict[str, int] = field(default_factory=dict)

    def visit(self, status: InfusionStatus) -> Infusion:
        """The latest visit of today, or before, that stands there; the next one for "booked"."""
        rows = Infusion.objects.filter(site=self.site, status=status).select_related("patient")
        if status == S.BOOKED:
            return rows.filter(starts_at__gt=self.now).earliest("starts_at")
        return rows.latest("starts_at")

    def ride(self, *, status: InfusionStatus = S.BOOKED, after: timedelta = timedelta(0)) -> Designation:
        """Who takes somebody home from a visit that stands there."""
        rides = Commitment.objects.filter(role=SupportRole.RIDE, status__in=HOLDING, infusion__status=status)
        if status == S.BOOKED:
            rides = rides.filter(infusion__starts_at__gt=self.now + after).order_by("infusion__starts_at")
        else:
            rides = rides.order_by("-infusion__starts_at")
        return rides.select_related("designation__patient", "designation__person")[0].designation

    def series(self) -> str:
        """The plans for somebody who has no visits yet."""
        patient = self.site.patients.filter(courses=None, designations__isnull=False).earliest("pk")
        first_day = f"{self.now + timedelta(days=7):%Y-%m-%d}"
        asked = urlencode({"protocol": self.subjects["setup/protocols"], "first_day": first_day})
        return f"/patients/{patient.pk}/course/new/?{asked}"

    def arguments(self, route: Route) -> dict[str, Any] | None:
        """None where the demo has nothing to show under this address."""
        words = [word for word in route.path.split("/") if word and not word.startswith("<")]
        values: dict[str, Any] = {"number": 1, **WORDS}
        for name in set(route.params) - values.keys():
            key = next((key for key in ("/".join(words[:2]), words[0]) if key in self.subjects), None)
            if key is None:
                return None
            values[name] = self.subjects[key]
        return values

    def behind_links(self) -> dict[str, str]:
        """Each state of a page that needs no account, by what to call its picture."""
        before, ready, tonight = self.ride(), self.ride(status=S.READY), self.ride(status=S.RELEASED)
        series = self.ride(after=timedelta(hours=20))
        home = self.visit(S.HOME)
        asked = CheckIn.objects.filter(designation__isnull=False).latest("due_at")
        told = self._of_designation(asked.designation)
        return {
            "helper-dates": self._of_designation(series),
            "helper-day": self._of_designation(before),
            "helper-handover": self._of_designation(ready),
            "helper-tonight": self._of_designation(tonight),
            "helper-check-in": f"{told}check-in/{asked.pk}/",
            "helper-reading": f"{told}read/before/",
            "patient-before": self._of_patient(before.patient),
            "patient-during": self._of_patient(self.visit(S.STARTED).patient),
            "patient-ready": self._of_patient(ready.patient),
            "patient-after": self._of_patient(home.patient),
            "patient-reading": f"{self._of_patient(home.patient)}read/after/",
            **self._circle(series),
        }

    def _circle(self, helper: Designation) -> dict[str, str]:
        """The people around a patient, by the patient's and the helper's own hand."""
        helpers, patients = self._of_designation(helper), self._of_patient(helper.patient)
        arrived, alone = self.visit(S.ARRIVED), self._nobody()
        return {
            "helper-what-it-involves": f"{helpers}what-it-involves/",
            "helper-in-the-room": f"{helpers}in-the-room/",
            "patient-people": f"{patients}people/",
            "patient-person": f"{patients}people/{helper.pk}/",
            "patient-person-new": f"{patients}people/new/",
            "patient-person-seen": f"{patients}people/{helper.pk}/seen/",
            "patient-comfort": f"{patients}comfort/",
            "patient-questions": f"{self._of_patient(arrived.patient)}visit/{arrived.pk}/questions/",
            "patient-nobody": f"{self._of_patient(alone.patient)}visit/{alone.pk}/nobody/",
        }

    def _nobody(self) -> Infusion:
        """The next visit nobody takes the patient home from."""
        taken = Commitment.objects.filter(role=SupportRole.RIDE, status__in=HOLDING)
        ahead = Infusion.objects.filter(site=self.site, status=S.BOOKED, starts_at__gt=self.now)
        return ahead.exclude(pk__in=taken.values("infusion")).select_related("patient").earliest("starts_at")

    def _of_designation(self, designation: Designation) -> str:
        return links.address(links.for_designation(designation=designation, now=self.now))

    def _of_patient(self, patient: Any) -> str:
        return links.address(links.for_patient(patient=patient, now=self.now))


def look(*, now: datetime) -> Demo:
    demo = Demo(site=Site.objects.get(), now=now)
    demo.staff = {role: StaffMember.objects.filter(role=role).earliest("pk") for role in WHO}
    ready = demo.visit(S.READY)
    demo.subjects = {
        "patients": ready.patient_id,
        "infusions": ready.pk,
        "infusions/move": demo.visit(S.BOOKED).pk,
        "courses": Course.objects.filter(patient=ready.patient).latest("pk").pk,
        "people": Designation.objects.filter(patient=ready.patient).earliest("rank").pk,
        "alerts": Alert.objects.exclude(status=AlertStatus.CLOSED).earliest("deadline").pk,
        "inbox": InboundText.objects.filter(done_at=None).latest("received_at").pk,
        "setup/rooms": Room.objects.earliest("pk").pk,
        "setup/protocols": Protocol.objects.earliest("pk").pk,
        "setup/people": demo.staff[Role.NURSE].pk,
        "setup/escorts": SupportPerson.objects.filter(is_escort=True).earliest("pk").pk,
        "closures": Closure.objects.latest("pk").pk,
        "messages": Message.objects.filter(status=MessageStatus.PENDING).earliest("due_at").pk,
        "library": Page.objects.filter(language="en", audience="patient", stage="after").get().pk,
        "library/numbers": HelpNumber.objects.earliest("pk").pk,
    }
    return demo
