"""Each module registers what it is about."""

from __future__ import annotations

from patients.admin import audit_events, people

__all__ = ("audit_events", "people")
