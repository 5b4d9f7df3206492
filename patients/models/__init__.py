from .audit import AuditEvent
from .clinic import Clinic
from .patient import Condition, DischargeReason, Patient, Sex
from .practitioner import Practitioner
from .user import Role, User

__all__ = ["AuditEvent", "Clinic", "Condition", "DischargeReason", "Patient", "Practitioner", "Role", "Sex", "User"]
