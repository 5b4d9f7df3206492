from .audit import AuditEvent
from .choices import Condition, DischargeReason, Sex
from .clinic import Clinic
from .patient import Patient
from .practitioner import Practitioner
from .user import Role, User

__all__ = ["AuditEvent", "Clinic", "Condition", "DischargeReason", "Patient", "Practitioner", "Role", "Sex", "User"]
