"""Each module registers what it is about."""

from __future__ import annotations

from devices.admin import calls, comparisons, dashboard, deliveries, hardware, upkeep

__all__ = ("calls", "comparisons", "dashboard", "deliveries", "hardware", "upkeep")
