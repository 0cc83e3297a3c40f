from clinic.models.audit import AuditEntry, AuditHead, AuditSeal
from clinic.models.course import Course, Protocol, ProtocolStage
from clinic.models.imports import ImportRun, ImportStatus
from clinic.models.infusion import Infusion, Move, RuleOverride
from clinic.models.patient import Contact, Patient, PatientIdentifier, TimeWish
from clinic.models.policy import Policy
from clinic.models.precheck import BloodPressure, HoldAnswer, SecondSignature, TreatmentConsent
from clinic.models.site import Closure, DeskNote, DiaryStamp, OpeningHours, Room, Site
from clinic.models.staff import StaffMember, WorkingHours

__all__ = [
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "BloodPressure",
    "Closure",
    "Contact",
    "Course",
    "DeskNote",
    "DiaryStamp",
    "HoldAnswer",
    "ImportRun",
    "ImportStatus",
    "Infusion",
    "Move",
    "OpeningHours",
    "Patient",
    "PatientIdentifier",
    "Policy",
    "Protocol",
    "ProtocolStage",
    "Room",
    "RuleOverride",
    "SecondSignature",
    "Site",
    "StaffMember",
    "TimeWish",
    "TreatmentConsent",
    "WorkingHours",
]
