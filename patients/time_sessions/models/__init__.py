from .approval import TimeApproval
from .session import Activity, EndReason, Mode, Programme, Source, TimeSession

__all__ = ["Activity", "EndReason", "Mode", "Programme", "Source", "TimeApproval", "TimeSession"]
