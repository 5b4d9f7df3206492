from .audit import AuditEvent
from .clinic import Clinic
from .patient import Condition, DischargeReason, Patient, Sex
from .user import Role, User

__all__ = ["AuditEvent", "Clinic", "Condition", "DischargeReason", "Patient", "Role", "Sex", "User"]
