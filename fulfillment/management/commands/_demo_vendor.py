"""The simulated vendor of the demo: what its staff does by its control API, and the exchange of all that waits."""

from __future__ import annotations

import os
from typing import Any, Self

import httpx2
from django.conf import settings
from django.utils import timezone

from devices import tenovi
from devices.models import Device, VendorCall
from devices.outbox import recovery, sending
from devices.webhooks import registration
from fulfillment import tracking
from fulfillment.replacements import refresh
from fulfillment.replacements.models import Replacement

MAX_ROUNDS = 5  # a refused create of a record is looked up, then sent as an update


class DemoVendor:
    """While it is used, the vendor doesn't limit requests: the cases make a hundred."""

    def __init__(self, client: tenovi.TenoviClient) -> None:
        self.client = client

    def __enter__(self) -> Self:
        self.gap_seconds = self.control("limits")["gap_seconds"]
        self.control("limits", gap_seconds=0.0)
        return self

    def __exit__(self, *_: object) -> None:
        self.end_failures()
        self.control("limits", gap_seconds=self.gap_seconds)

    def control(self, path: str, *, method: str = "POST", **body: Any) -> Any:
        answer = httpx2.request(
            method,
            f"{settings.TENOVI_BASE_URL}/_control/{path}",
            headers={"X-Control": os.environ.get("SIMULATOR_CONTROL", "control")},
            json=body,
        )
        answer.raise_for_status()
        return answer.json()

    def register_special_order_webhook(self) -> None:
        """The real vendor offers this in its web app only."""
        self.control(
            "register_special_order_webhook",
            endpoint=settings.SITE_URL + registration.SPECIAL_ORDERS_PATH,
            auth_key=settings.TENOVI_WEBHOOK_HEADER,
            auth_header=settings.TENOVI_WEBHOOK_SECRETS[0],
        )

    def set_status(self, device: Device, status: str) -> None:
        """It moves no further by itself."""
        self.control("status", hwi_device_id=str(device.hwi_id), status=status)

    def hold(self, kind: str, key: str) -> None:
        self.control("hold", kind=kind, key=key)

    def let_time_pass(self, seconds: float) -> None:
        self.control("advance", seconds=seconds)

    def fail(self, method: str, path: str, *, status: int, **fault: Any) -> None:
        self.control("faults", kind="status", match={"method": method, "path_contains": path}, status=status, **fault)

    def end_failures(self) -> None:
        self.control("faults", method="DELETE")

    def exchange(self) -> None:
        """What the workers do in a minute: calls are sent and searched, ordered devices read, lines updated."""
        self.send()
        Device.objects.filter(lines__isnull=False).update(refresh_due_at=timezone.now())
        tracking.refresh_due_devices(self.client)
        tracking.update_order_lines()
        refresh.update_from_calls()
        Replacement.objects.open().update(refresh_due_at=timezone.now())
        refresh.fetch_due_replacements(self.client)

    def send(self) -> None:
        for _ in range(MAX_ROUNDS):
            sending.send_due_calls(self.client)
            recovery.search_unknown_calls(self.client)
            if not VendorCall.objects.due().exists():
                break
