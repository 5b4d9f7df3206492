from .audit import AuditEvent
from .clinic import Clinic
from .patient import Condition, Patient, Sex
from .user import Role, User

__all__ = ["AuditEvent", "Clinic", "Condition", "Patient", "Role", "Sex", "User"]
