"""Admin of billing: rules and settings for administrators, with history; lines and approvals read-only."""

from measurements.billing.admin import line_rows, rules

__all__ = ("line_rows", "rules")
