"""What an administrator sees first: how much of each kind there is, whether it needs somebody, and the way to it.

Every figure comes from a partial index, from rows of a few hundred, or is counted no further than anybody would read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from devices.admin import sync_display
from devices.admin.deliveries import counts
from devices.models import Alarm, Delivery, HookTally, KeySlot, SyncRun, VendorCall
from devices.models.delivery import DeliveryKind, DeliveryState
from devices.models.sync import SyncKind
from devices.models.vendor_call import CallState
from devices.models.webhook_count import HookOutcome
from devices.monitoring.checks import DAY
from devices.sync import unknown_devices
from fulfillment.models import LineStatus, OrderLine
from fulfillment.models.status import STUCK
from patients.admin_site.base import CappedPaginator, rows_in_words
from patients.admin_site.site import Line, Panel, panel
from patients.models import Role, User
from patients.permissions import person

MOST_REASONS = 10
BAD, WARN, OK = "bad", "warn", "ok"


def to(model: type[Model], **query: object) -> str:
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    return reverse(f"admin:{label}_changelist") + (f"?{urlencode(query)}" if query else "")


def line(label: str, rows: QuerySet[Any] | int, href: str = "", *, tone: str = "", note: str = "") -> Line:
    """With a tone only where there is something."""
    if isinstance(rows, int):
        count, more = rows, ""
    else:
        count, more = (counted := CappedPaginator(rows, 1)).count, " or more" if counted.capped else ""
    return Line(label, f"{count}{more}", href, tone if count else OK if tone else "", note)


@panel
def needs_somebody(request: HttpRequest) -> Panel:
    own = Q(patient__clinic__in=list(person(request).clinics.all()))
    undecided = VendorCall.objects.filter(own, state=CallState.NEEDS_HUMAN)
    dead = Delivery.objects.filter(state=DeliveryState.DEAD)
    alarms = Alarm.objects.filter(over_at__isnull=True)
    keys = KeySlot.objects.filter(bad_since__isnull=False)
    return Panel(
        "Needs somebody",
        [
            line(
                "Calls that a coordinator must decide",
                undecided,
                to(VendorCall, state__exact="needs_human"),
                tone=BAD,
            ),
            *_stuck(own),
            line("Webhook deliveries that failed for good", dead, to(Delivery, state__exact="dead"), tone=BAD),
            line("Unknown devices", unknown_devices.count(), reverse("admin:devices_unknown_list"), tone=WARN),
            line("Alarms that last", alarms, to(Alarm, over_at__isempty=1), tone=BAD),
            line("Keys that the vendor refuses", keys, to(KeySlot), tone=BAD),
        ],
    )


def _stuck(own: Q) -> Iterator[Line]:
    """Orders by what is the matter with them."""
    lines = OrderLine.objects.filter(own, closed_at__isnull=True, status__in=STUCK - {LineStatus.NEEDS_HUMAN})
    for status, count in lines.order_by().values_list("status").annotate(n=Count("pk")).order_by("status"):
        href = to(OrderLine, status__exact=status)
        yield line(f"Ordered devices: {LineStatus(status).label.lower()}", count, href, tone=WARN)


@panel
def deliveries(_: HttpRequest) -> Panel:
    """All that isn't done by state and kind, from two indexes; what is done by the planner's own estimate."""
    found: dict[tuple[str, str], int] = {}
    for states in ((DeliveryState.NEW,), DeliveryState.for_a_person()):
        some = Delivery.objects.filter(state__in=states).order_by()
        found |= {(state, kind): n for state, kind, n in some.values_list("state", "kind").annotate(n=Count("pk"))}
    lines = [
        line(
            f"{DeliveryState(state).label}: {DeliveryKind(kind).label.lower()}", count,
            to(Delivery, state__exact=state, kind__exact=kind), tone="" if state == DeliveryState.NEW else WARN,
        )
        for (state, kind), count in sorted(found.items())
    ]  # fmt: skip
    return Panel("Webhook deliveries", [*lines, Line("All that is kept", rows_in_words(Delivery), to(Delivery))])


@panel
def quarantine(_: HttpRequest) -> Panel:
    """By reason, the most frequent first, with what to do about each."""
    held = [group for group in counts() if group["state"] == DeliveryState.QUARANTINED][:MOST_REASONS]
    return Panel(
        "Quarantine",
        [
            line(
                group["reason"] or "no reason given", group["count"],
                to(Delivery, state__exact=group["state"], kind__exact=group["kind"], reason=group["reason"]),
                tone=WARN, note=group["what_to_do"],
            )
            for group in held
        ],
        empty="Nothing is in quarantine.",
    )  # fmt: skip


@panel
def comparisons(_: HttpRequest) -> Panel:
    """The last of each kind: asked, found, missed by webhooks, how many differences."""
    lines = []
    for kind in SyncKind:
        run = SyncRun.objects.filter(kind=kind).order_by("-started_at").first()
        if run is None:
            lines.append(Line(str(kind.label), "never", to(SyncRun, kind__exact=kind), BAD))
            continue
        href = reverse("admin:devices_syncrun_change", args=[run.pk])
        lines.append(
            Line(str(kind.label), sync_display.when(run), href, sync_display.tone(run), sync_display.in_short(run))
        )
    return Panel("Comparisons with the vendor", lines)


@panel
def webhooks(_: HttpRequest) -> Panel:
    """Of the last 24 hours by how they ended. What an authenticated sender was refused is lost until the next pull."""
    totals = HookTally.objects.since(timezone.now() - DAY).totals("outcome")
    strangers_ = HookOutcome.of_strangers()
    tones = dict.fromkeys(HookOutcome.values, BAD) | dict.fromkeys(strangers_, WARN) | {HookOutcome.ACCEPTED: ""}
    return Panel(
        "Webhooks in the last 24 hours",
        [
            line(str(HookOutcome(outcome).label), count, to(HookTally, outcome__exact=outcome), tone=tones[outcome])
            for outcome, count in sorted(totals.items())
        ],
        empty="None came.",
    )


@panel
def people(request: HttpRequest) -> Panel:
    user = person(request)
    own = User.objects.all() if user.is_superuser else User.objects.filter(clinics__in=user.clinics.all()).distinct()
    lines = [
        line(
            str(role.label),
            own.filter(role=role, is_active=True).count(),
            to(User, role__exact=role, is_active__exact=1),
        )
        for role in Role
        if role
    ]
    invited = own.filter(is_active=False, last_login__isnull=True)
    closed = own.filter(is_active=False, last_login__isnull=False)
    return Panel(
        "People",
        [
            *lines,
            line("Invited, not yet in", invited, to(User, is_active__exact=0)),
            line("Closed accounts", closed, to(User, is_active__exact=0)),
        ],
    )
