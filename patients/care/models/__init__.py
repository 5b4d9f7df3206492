from .absence import Absence
from .team import CareTeamMember, EndReason

__all__ = ["Absence", "CareTeamMember", "EndReason"]
