"""Each module registers what it is about."""

from __future__ import annotations

from devices.admin import dashboard, deliveries, devices, monitoring, sync_runs, vendor_calls, webhook_self_test

__all__ = ("dashboard", "deliveries", "devices", "monitoring", "sync_runs", "vendor_calls", "webhook_self_test")
