from clinic.models.audit import AuditEntry, AuditHead, AuditSeal
from clinic.models.course import Course, Protocol
from clinic.models.imports import ImportRun, ImportStatus
from clinic.models.infusion import Infusion
from clinic.models.patient import Contact, Patient, PatientIdentifier
from clinic.models.policy import Policy
from clinic.models.site import Closure, OpeningHours, Room, Site
from clinic.models.staff import StaffMember, WorkingHours

__all__ = [
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "Closure",
    "Contact",
    "Course",
    "ImportRun",
    "ImportStatus",
    "Infusion",
    "OpeningHours",
    "Patient",
    "PatientIdentifier",
    "Policy",
    "Protocol",
    "Room",
    "Site",
    "StaffMember",
    "WorkingHours",
]
