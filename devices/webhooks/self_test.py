"""Webhook self-test: what is registered at the vendor beside what is expected, repair, and test messages.

Another system's hooks are listed and never written to. A secret is compared, never stored, shown or logged.
"""

from __future__ import annotations

import datetime as dt
import hmac
import logging
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from devices import step_goals, tenovi
from devices.inbox import maintenance
from devices.models import Delivery, Device, SyncRun, WebhookSelfTest
from devices.models.sync import SyncKind
from devices.models.webhook_self_test import SelfTestKind
from devices.webhooks import registration
from patients.audit import audit_log
from patients.models import AuditEvent, Patient
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import drain
from patients.wording import count_noun

if TYPE_CHECKING:
    from devices.tenovi import TenoviClient, VendorWebhook
    from patients.models import User

logger = logging.getLogger(__name__)

DAILY = dt.timedelta(hours=24)
LATE = 1.5 * DAILY
MAX_STEP_ATTEMPTS = 3
LOSS_DAYS = 30
BAR_STEP = 12  # of the chart of loss, from bar to bar; thirty days touch on thirty-one dates
PIN_KEY = "measurement_webhook_id"  # of the vendor's device properties
TEST_MESSAGE_REASON = "a message of the webhook self-test"
NOT_REGISTERED = "Not registered at the vendor."
EVENT_BY_MESSAGE = {SelfTestKind.MEASUREMENT: "MEASUREMENT", SelfTestKind.FULFILLMENT: "FULFILLMENT"}


@transaction.atomic
def request_step(kind: SelfTestKind, *, by: User | None, device: Device | None = None) -> WebhookSelfTest:
    """Have a worker do one step; the one that is open already, if there is one."""
    try:
        with transaction.atomic():
            step = WebhookSelfTest.objects.create(kind=kind, device=device, requested_by=by)
    except IntegrityError:
        return WebhookSelfTest.objects.filter(kind=kind, device=device).latest("pk")
    if by:
        audit_log.record_event(
            AuditEvent.Action.SYNC,
            by=by,
            patients=[device.patient_id] if device and device.patient_id else (),
            target=f"webhook_self_test:{step.pk}",
            step=str(kind),
        )
    wake_worker("webhook_self_test")
    return step


def request_daily_check() -> None:
    since = timezone.now() - DAILY
    if settings.SITE_URL and not WebhookSelfTest.objects.filter(kind=SelfTestKind.CHECK, created_at__gt=since).exists():
        request_step(SelfTestKind.CHECK, by=None)


def run_due_steps(client: TenoviClient, *, site_url: str) -> None:
    def claim() -> WebhookSelfTest | None:
        return WebhookSelfTest.objects.due().claim().first()

    drain(claim, partial(run_step, client=client, site_url=site_url))


def run_step(step: WebhookSelfTest, *, client: TenoviClient, site_url: str) -> None:
    """Each step may be repeated: a comparison reads, a repair sets what it found different, a test message has one id
    however often it is sent."""
    try:
        if step.kind == SelfTestKind.REPAIR:
            registration.register_webhooks(client, site_url=site_url)
        if step.device:
            read_properties(step.device, client, site_url=site_url, unpin=step.kind == SelfTestKind.UNPIN)
        elif step.is_message:
            send_test_message(step, client, site_url=site_url)
        else:
            step.findings = compare_webhooks(client.list_webhooks().rows, site_url=site_url)
    except tenovi.VendorError as error:
        logger.warning("webhook self-test %s: %s", step.kind, error)
        problem, over = f"The vendor could not be asked: {error}", step.attempts + 1 >= MAX_STEP_ATTEMPTS
        step.fail(problem=problem, **({"finished_at": timezone.now()} if over else {}))
    else:
        step.release(finished_at=timezone.now(), problem=step.problem, findings=step.findings)


def compare_webhooks(hooks: Iterable[VendorWebhook], *, site_url: str) -> dict[str, Any]:
    """`expected`: event, address and problems of each hook of ours; `others`: the hooks of other systems."""
    hooks = list(hooks)
    endpoints = {event: site_url + path for event, path in registration.WEBHOOK_PATHS.items()}
    expected = [
        {"event": event, "endpoint": endpoint, "problems": webhook_problems(hooks, event=event, endpoint=endpoint)}
        for event, endpoint in endpoints.items()
    ]
    others = [hook for hook in hooks if hook.endpoint not in endpoints.values()]
    return {
        "expected": expected,
        "others": [{"event": hook.event or "", "endpoint": public_address(hook.endpoint)} for hook in others],
    }


def webhook_problems(hooks: Iterable[VendorWebhook], *, event: str, endpoint: str) -> list[str]:
    """What differs from what this installation expects, in words; empty if all is right."""
    own = [hook for hook in hooks if hook.endpoint == endpoint]
    if not own:
        return [NOT_REGISTERED]
    hook, problems = own[-1], []  # the one that a repair writes to
    if len(own) > 1:
        often = count_noun(len(own), "time")
        problems.append(f"Registered {often}, so each event comes {often}: delete the others there.")
    if hook.event != event:
        problems.append(f"Registered for the event {hook.event or 'none'}.")
    if (hook.auth_key or "Authorization").casefold() != settings.TENOVI_WEBHOOK_HEADER.casefold():
        problems.append("The secret is sent in another header.")
    if not is_live_secret(hook.auth_header or ""):
        problems.append("The secret is another one, so its messages are refused.")
    if event == "MEASUREMENT" and not hook.post_as_array:
        problems.append("Readings of one measurement come one by one, not as a list.")
    if hook.enabled_by_default is False:
        problems.append("Switched off: only devices that are pinned to it send to it.")
    return problems


def is_live_secret(secret: str) -> bool:
    """Any that is accepted now: during a rotation there are two."""
    given = secret.encode("utf-8", "replace")
    return any(hmac.compare_digest(given, live.encode()) for live in settings.TENOVI_WEBHOOK_SECRETS)


def public_address(endpoint: str) -> str:
    """Without user, query and fragment, which may hold another system's secret."""
    try:
        parts = urlsplit(endpoint)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:200]
    except ValueError:
        return "an address that can't be read"


def send_test_message(step: WebhookSelfTest, client: TenoviClient, *, site_url: str) -> None:
    event = EVENT_BY_MESSAGE[SelfTestKind(step.kind)]
    endpoint = site_url + registration.WEBHOOK_PATHS[event]
    own = [hook for hook in client.list_webhooks().rows if hook.endpoint == endpoint and hook.event == event]
    if not own:
        step.problem = f"{NOT_REGISTERED} Repair it first."
        return
    test_id = str(step.test_device_id)
    client.send_test_webhook(hook_id=own[-1].id, event=event, hwi_device_id=test_id, patient_id=f"self-test-{test_id}")


def request_goal_rereads() -> None:
    for device in step_goals.goals_to_reread():
        request_step(SelfTestKind.PIN_CHECK, by=None, device=device)


def read_properties(device: Device, client: TenoviClient, *, site_url: str, unpin: bool) -> None:
    """Read the step goal, and to which hook the device sends alone; with `unpin` end that: then it sends to every hook
    again."""
    rows = client.list_device_properties(device.hwi_id).rows
    pin = next((row for row in rows if row.key.strip().casefold() == PIN_KEY and row.value), None)
    if pin and unpin:
        client.delete_device_property(device.hwi_id, pin.id)
        pin = None
    pinned_to = (pin.value or "").strip() if pin else ""
    if pinned_to:
        own = {str(hook.id) for hook in client.list_webhooks().rows if hook.endpoint.startswith(f"{site_url}/")}
        pinned_to = "" if pinned_to.lower() in own else pinned_to
    Device.objects.filter(pk=device.pk).update(pinned_webhook_id=pinned_to)
    step_goals.store_step_goal(device, rows)
    if device.patient_id:
        Patient.objects.touch_live_version([device.patient_id])
    wake_worker("exceptions")


def recognise_arrivals() -> int:
    """Record which test messages have arrived. Each waits in the inbox as one of an unknown device, which stores
    nothing of it; here it is dismissed before it is looked up at the vendor. Returns how many."""
    found = 0
    for step in WebhookSelfTest.objects.awaiting_arrival():
        deliveries = Delivery.objects.filter(hwi_id=step.test_device_id, state__in=Delivery.State.needing_review())
        received = deliveries.order_by("received_at").values_list("received_at", flat=True).first()
        if received:
            maintenance.dismiss_deliveries(deliveries, reason=TEST_MESSAGE_REASON)
            found += WebhookSelfTest.objects.filter(pk=step.pk).update(arrived_at=received)
    return found


def last_finished_comparison() -> WebhookSelfTest | None:
    steps = WebhookSelfTest.objects.filter(kind__in=(SelfTestKind.CHECK, SelfTestKind.REPAIR))
    return steps.filter(finished_at__isnull=False).first()


def check_registration() -> str | None:
    """For the operator alarm: what the last comparison found, or that there is none of the last day and a half."""
    last = last_finished_comparison()
    if last is None:
        return None  # the first one is requested as soon as a worker runs, whose heartbeat is checked
    if last.problem:
        return f"webhooks not compared with the vendor: {last.problem}"
    wrong = [f"{each['event']}: {' '.join(each['problems'])}" for each in last.findings["expected"] if each["problems"]]
    if wrong:
        return f"webhooks at the vendor: {'; '.join(wrong)}"
    late = last.finished_at is not None and timezone.now() - last.finished_at > LATE
    return "webhooks were not compared with the vendor since yesterday" if late else None


def last_special_order_arrival() -> dt.datetime | None:
    """No endpoint lists that hook: only its last message proves it."""
    arrived = Delivery.objects.filter(kind=Delivery.Kind.SPECIAL_ORDER, source=Delivery.Source.WEBHOOK)
    return arrived.order_by("-pk").values_list("received_at", flat=True).first()


def loss_by_day(now: dt.datetime) -> list[dict[str, Any]]:
    """Readings that the pulls of each day found and webhooks had missed, from the first day with a pull to today;
    `height` in percent of the highest day. A day without a pull has no number."""
    runs = SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS, finished_at__gt=now - dt.timedelta(days=LOSS_DAYS))
    days: dict[dt.date, int] = {}
    for finished_at, totals in runs.order_by("finished_at").values_list("finished_at", "totals"):
        day = timezone.localtime(finished_at).date()
        days[day] = days.get(day, 0) + int(totals.get("missed", 0))
    first, highest = min(days, default=None), max(days.values(), default=0)
    span = (timezone.localtime(now).date() - first).days + 1 if first else 0
    shown = [first + dt.timedelta(days=n) for n in range(span)] if first else []
    return [
        {
            "day": day,
            "missed": days.get(day),
            "height": round(100 * days.get(day, 0) / highest) if highest else 0,
            "x": BAR_STEP * n,
        }
        for n, day in enumerate(shown)
    ]
