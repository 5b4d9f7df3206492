"""Admin of clinics, people, patients, practitioners and audit events: each module registers its models."""

from __future__ import annotations

from patients.admin import audit_events, care_team, clinics, notes, people, practitioners, programmes

__all__ = ("audit_events", "care_team", "clinics", "notes", "people", "practitioners", "programmes")
