"""What an ordinary day of the demo does not show: a free place that is offered, a move that can be undone, nothing that
fits, two records of one person. Everybody here has a name of sixty letters: pages must hold it."""

from datetime import time, timedelta
from urllib.parse import urlencode

from clinic.domain import infusions, moves
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus, Weekday
from clinic.models import Infusion, Patient, Protocol, TimeWish
from support.domain import links, waitlist
from support.models import Availability
from tests.factories import CourseFactory, DesignationFactory, PatientFactory
from tests.screenshots.demo import Demo

LONG = "Wolfeschlegelsteinhausenbergerdorffmaximilianaalexandrinaeva"


def addresses(demo: Demo) -> tuple[dict[str, str], dict[str, str]]:
    """Brings them about. For the director, whose role may book against a rule; and behind links."""
    last, before, *_ = Infusion.objects.filter(
        site=demo.site, status=InfusionStatus.BOOKED, starts_at__gt=demo.now
    ).order_by("-starts_at")
    someone = _offered(demo, before)
    course, named = someone.courses.get(), someone.designations.get()
    pages = {
        "waitlist-offered": "/waitlist/",
        "schedule-book-waiting": f"/schedule/book/?{urlencode({'at': f'{last.starts_at:%Y-%m-%dT%H:%M}'})}",
        "infusion-undo": f"/infusions/{_moved(demo, last).pk}/",
        "infusion-move-against": f"/infusions/{last.pk}/move/preview/?{_night(last)}",
        "course-offer-none": f"/patients/{_never_free(demo).pk}/course/new/?{_series(demo)}",
        "course-offer-long": f"/patients/{someone.pk}/course/new/?{_series(demo)}",
        "course-place-long": f"/courses/{course.pk}/place/",
        "patient-long": f"/patients/{someone.pk}/",
        "patient-same-both": f"/patients/{someone.pk}/same/?with={_twin(someone).pk}",
        "designation-times-long": f"/people/{named.pk}/times/",
        "designation-calendar-address": f"/people/{named.pk}/calendar/",
    }
    patients = links.address(links.for_patient(patient=someone, now=demo.now))
    helpers = links.address(links.for_designation(designation=named, now=demo.now))
    behind = {
        "patient-offered": patients,
        "patient-link-calendar": f"{patients}calendar/",
        "helper-times": f"{helpers}times/",
        "helper-calendar": f"{helpers}calendar/",
    }
    return pages, behind


def _offered(demo: Demo, visit: Infusion) -> Patient:
    """Waits for a time, can always be driven, and is offered the place of a visit that is cancelled."""
    patient = PatientFactory(site=demo.site, given_name=LONG, family_name="Okonkwo-Featherstonehaugh")
    named = DesignationFactory(patient=patient, person__given_name=LONG)
    Availability.objects.bulk_create(Availability(person=named.person, can=True, weekday=day) for day in Weekday)
    course = CourseFactory(patient=patient, protocol=visit.course.protocol)
    first, last = demo.now.date(), visit.starts_at.date() + timedelta(days=1)
    waitlist.join(course=course, first_day=first, last_day=last, actor=demo.staff["front_desk"], now=demo.now)
    infusions.cancel(infusion=visit, actor=demo.staff["front_desk"], now=demo.now, reason="Flu")
    return patient


def _moved(demo: Demo, visit: Infusion) -> Infusion:
    later = Slot(starts_at=visit.starts_at + timedelta(minutes=15), room=visit.room, clinician=visit.clinician)
    desk = demo.staff["front_desk"]
    return moves.move(infusion=visit, slot=later, actor=desk, now=demo.now, version=visit.version)


def _never_free(demo: Demo) -> Patient:
    """Can come on Mondays alone, which is too seldom for a series."""
    patient = PatientFactory(site=demo.site, given_name=LONG)
    TimeWish.objects.bulk_create(
        TimeWish(patient=patient, weekday=day, starts=time(0), ends=time(23, 45), suits=False)
        for day in Weekday
        if day != Weekday.MONDAY
    )
    return patient


def _twin(patient: Patient) -> Patient:
    return PatientFactory(site=patient.site, family_name=patient.family_name, birth_date=patient.birth_date)


def _night(visit: Infusion) -> str:
    day = f"{visit.starts_at + timedelta(days=1):%Y-%m-%d}"
    return urlencode({"day": day, "time": "05:10", "room": visit.room_id, "clinician": visit.clinician_id})


def _series(demo: Demo) -> str:
    protocol = Protocol.objects.filter(site=demo.site, is_active=True).earliest("pk")
    return urlencode({"protocol": protocol.pk, "first_day": f"{demo.now + timedelta(days=7):%Y-%m-%d}"})
