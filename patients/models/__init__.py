from .audit import AuditEvent
from .choices import Condition, DischargeReason, Sex
from .clinic import Clinic
from .clinic_calendar import ClinicChange, ClinicClosedDay, ClinicHours, Weekday
from .monitoring_period import MonitoringPeriod
from .patient import Patient
from .practitioner import Practitioner
from .user import Role, User

__all__ = [
    "AuditEvent",
    "Clinic",
    "ClinicChange",
    "ClinicClosedDay",
    "ClinicHours",
    "Condition",
    "DischargeReason",
    "MonitoringPeriod",
    "Patient",
    "Practitioner",
    "Role",
    "Sex",
    "User",
    "Weekday",
]
