"""Dashboard panels of the admin: open work, deliveries, comparisons, webhooks and users, each figure with its list.

Every figure comes from a partial index, from a table of a few hundred rows, or is counted up to a limit.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from devices.admin import sync_display
from devices.admin.deliveries import count_by_reason
from devices.models import ApiKeySlot, Delivery, OperatorAlarm, SyncRun, VendorCall, WebhookCount
from devices.models.delivery import DeliveryKind, DeliveryState
from devices.models.sync import SyncKind
from devices.models.vendor_call import CallState
from devices.models.webhook_count import WebhookOutcome
from devices.monitoring.checks import DAY
from devices.sync import unknown_devices
from patients.admin_site.row_counts import CappedPaginator, row_count_label
from patients.admin_site.site import DashboardFigure, DashboardPanel, register_dashboard_panel
from patients.models import Role, User
from patients.permissions import current_user

MAX_REASONS = 10
BAD, WARN, OK = "bad", "warn", "ok"
ATTENTION_TITLE = "Needs a person"


def changelist_url(model: type[Model], **query: object) -> str:
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    return reverse(f"admin:{label}_changelist") + (f"?{urlencode(query)}" if query else "")


def build_line(
    label: str, rows: QuerySet[Any] | int, href: str = "", *, tone: str = "", note: str = ""
) -> DashboardFigure:
    """A figure with its link. The tone applies if the count isn't zero, else the figure is ok."""
    if isinstance(rows, int):
        count, more = rows, ""
    else:
        count, more = (counted := CappedPaginator(rows, 1)).count, " or more" if counted.is_capped else ""
    return DashboardFigure(label, f"{count}{more}", href, tone if count else OK if tone else "", note)


@register_dashboard_panel
def attention_panel(request: HttpRequest) -> DashboardPanel:
    own = Q(patient__clinic__in=list(current_user(request).clinics.all()))
    undecided = VendorCall.objects.filter(own, state=CallState.NEEDS_REVIEW)
    dead = Delivery.objects.filter(state=DeliveryState.DEAD)
    alarms = OperatorAlarm.objects.filter(resolved_at__isnull=True)
    keys = ApiKeySlot.objects.filter(refused_since__isnull=False)
    return DashboardPanel(
        ATTENTION_TITLE,
        [
            build_line(
                "Calls that a coordinator must decide",
                undecided,
                changelist_url(VendorCall, state__exact="needs_review"),
                tone=BAD,
            ),
            build_line(
                "Webhook deliveries that failed for good", dead, changelist_url(Delivery, state__exact="dead"), tone=BAD
            ),
            build_line(
                "Unknown devices",
                unknown_devices.count_unknown_devices(),
                reverse("admin:devices_unknown_device_list"),
                tone=WARN,
            ),
            build_line("Lasting alarms", alarms, changelist_url(OperatorAlarm, resolved_at__isempty=1), tone=BAD),
            build_line("Keys that the vendor refuses", keys, changelist_url(ApiKeySlot), tone=BAD),
        ],
    )


@register_dashboard_panel
def deliveries_panel(_: HttpRequest) -> DashboardPanel:
    """Deliveries that aren't done by state and kind, from two indexes; all of them by the planner's estimate."""
    found: dict[tuple[str, str], int] = {}
    for states in ((DeliveryState.NEW,), DeliveryState.needing_review()):
        some = Delivery.objects.filter(state__in=states).order_by()
        found |= {(state, kind): n for state, kind, n in some.values_list("state", "kind").annotate(n=Count("pk"))}
    lines = [
        build_line(
            f"{DeliveryState(state).label}: {DeliveryKind(kind).label.lower()}", count,
            changelist_url(Delivery, state__exact=state, kind__exact=kind),
            tone="" if state == DeliveryState.NEW else WARN,
        )
        for (state, kind), count in sorted(found.items())
    ]  # fmt: skip
    return DashboardPanel(
        "Webhook deliveries",
        [*lines, DashboardFigure("All stored deliveries", row_count_label(Delivery), changelist_url(Delivery))],
    )


@register_dashboard_panel
def quarantine_panel(_: HttpRequest) -> DashboardPanel:
    """By reason, the most frequent first, with what to do about each."""
    held = [group for group in count_by_reason() if group["state"] == DeliveryState.QUARANTINED][:MAX_REASONS]
    return DashboardPanel(
        "Quarantine",
        [
            build_line(
                group["reason"] or "no reason given", group["count"],
                changelist_url(Delivery, state__exact=group["state"], kind__exact=group["kind"],
                              reason=group["reason"]),
                tone=WARN, note=group["what_to_do"],
            )
            for group in held
        ],
        empty="Nothing is in quarantine.",
    )  # fmt: skip


@register_dashboard_panel
def sync_runs_panel(_: HttpRequest) -> DashboardPanel:
    """The last run of each kind: asked, found, missed by webhooks, how many differences."""
    lines = []
    for kind in SyncKind:
        run = SyncRun.objects.filter(kind=kind).order_by("-started_at").first()
        if run is None:
            lines.append(DashboardFigure(str(kind.label), "never", changelist_url(SyncRun, kind__exact=kind), BAD))
            continue
        href = reverse("admin:devices_syncrun_change", args=[run.pk])
        lines.append(
            DashboardFigure(
                str(kind.label),
                sync_display.describe_run_time(run),
                href,
                sync_display.run_tone(run),
                sync_display.summarize_run(run),
            )
        )
    return DashboardPanel("Comparisons with the vendor", lines)


@register_dashboard_panel
def webhooks_panel(_: HttpRequest) -> DashboardPanel:
    """Of the last 24 hours by outcome. What an authenticated sender was refused is lost until the next pull."""
    totals = WebhookCount.objects.since(timezone.now() - DAY).totals("outcome")
    tones = (
        dict.fromkeys(WebhookOutcome.values, BAD)
        | dict.fromkeys(WebhookOutcome.unauthenticated(), WARN)
        | {WebhookOutcome.ACCEPTED: ""}
    )
    return DashboardPanel(
        "Webhooks in the last 24 hours",
        [
            build_line(
                str(WebhookOutcome(outcome).label),
                count,
                changelist_url(WebhookCount, outcome__exact=outcome),
                tone=tones[outcome],
            )
            for outcome, count in sorted(totals.items())
        ],
        empty="None came.",
    )


@register_dashboard_panel
def people_panel(request: HttpRequest) -> DashboardPanel:
    user = current_user(request)
    own = User.objects.all() if user.is_superuser else User.objects.filter(clinics__in=user.clinics.all()).distinct()
    lines = [
        build_line(
            str(role.label),
            own.filter(role=role, is_active=True).count(),
            changelist_url(User, role__exact=role, is_active__exact=1),
        )
        for role in Role
        if role
    ]
    invited = own.filter(is_active=False, last_login__isnull=True)
    closed = own.filter(is_active=False, last_login__isnull=False)
    return DashboardPanel(
        "People",
        [
            *lines,
            build_line("Invited, not signed in yet", invited, changelist_url(User, is_active__exact=0)),
            build_line("Closed accounts", closed, changelist_url(User, is_active__exact=0)),
        ],
    )
