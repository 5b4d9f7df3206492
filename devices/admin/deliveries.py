"""Admin of webhook deliveries: list, body, replay and dismissal."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest, HttpResponse

from devices.admin import unknown_device_pages
from devices.inbox import ownership, redaction, troubleshooting
from devices.models import Delivery
from devices.models.delivery import DeliveryKind, DeliveryState
from devices.sync import unknown_devices
from patients.admin_site.base import ReadOnlyAdmin, has_model_permission, viewer
from patients.permissions import current_user
from patients.queueing.wakeup import wake_worker

WORK_BY_DELIVERY_KIND = {
    DeliveryKind.MEASUREMENT: "measurement_webhooks",
    DeliveryKind.FULFILLMENT: "fulfillment_webhooks",
    DeliveryKind.SPECIAL_ORDER: "special_order_webhooks",
}
MAX_REASONS = 100
REPLAY_EXPLANATION = "Each is processed as if it had just come in. What was stored from it before stays as it is."
DISMISS_EXPLANATION = (
    "They leave the list of deliveries that need a person. Their bodies stay until they are purged by age."
)
OTHER_CLINICS_MESSAGE = "Left out, because their devices belong to other clinics:"


class ReasonFilter(admin.SimpleListFilter):
    """Filters deliveries that need a person. Reasons hold no value of a patient, so a URL may carry them."""

    title, parameter_name = "reason", "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = Delivery.objects.filter(state__in=DeliveryState.needing_review()).order_by("reason")
        return [
            (reason, reason) for reason in found.values_list("reason", flat=True).distinct()[:MAX_REASONS] if reason
        ]

    def queryset(self, request: HttpRequest, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        if not self.value():
            return rows
        return rows.filter(reason=self.value(), state__in=DeliveryState.needing_review())


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Lists show no body; a body is shown whole only to people of the clinic whose patients it names."""

    list_display = ("id", "received_at", "kind", "source", "state", "reason", "what_to_do", "attempts", "flagged")
    list_filter = ("state", "kind", ReasonFilter, "source", "flagged", ("received_at", admin.DateFieldListFilter))
    list_select_related = False
    search_fields = ("=id", "=hwi_id")
    search_help_text = "The number of a delivery, or an HWI device id"
    exclude = ("body", "digest", "lease")
    readonly_fields = ("what_to_do", "sha256", "shown_body")
    actions = ("replay_selected", "dismiss_selected")
    change_list_template = "admin/devices/delivery/change_list.html"

    def get_urls(self) -> list[Any]:
        return [*unknown_device_pages.unknown_device_urls(self.admin_site), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what no list shows: a body may have 1 MiB. A record's page reads it by itself."""
        return super().get_queryset(request).defer("body", "digest", "outcome")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {
            "counts": count_by_reason(),
            "unknown_device_count": unknown_devices.count_unknown_devices(),
            **(extra_context or {}),
        }
        return super().changelist_view(request, extra)

    def shown_body(self, delivery: Delivery) -> str:
        return redaction.redacted_body_for(delivery, user=viewer.get())

    @admin.display(description="SHA-256")
    def sha256(self, delivery: Delivery) -> str:
        return bytes(delivery.digest).hex()

    def what_to_do(self, delivery: Delivery) -> str:
        return troubleshooting.advice_for_reason(delivery.reason, state=delivery.state)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return has_model_permission(request, "replay", Delivery)

    @admin.action(description="Process the selected deliveries once more", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse | None:
        own = self.own_selection(request, queryset)
        if not own.exists():
            return None
        if confirmation := self.confirm_delivery_action(request, own, "Process once more?", REPLAY_EXPLANATION):
            return confirmation
        kinds = set(own.order_by().values_list("kind", flat=True).distinct())
        count = ownership.replay_own(own, by=current_user(request))
        for kind in kinds:
            wake_worker(WORK_BY_DELIVERY_KIND[DeliveryKind(kind)])
        self.message_user(request, f"Processed again: {count}.", messages.SUCCESS)
        return None

    @admin.action(description="Dismiss the selected deliveries", permissions=["replay"])
    def dismiss_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse | None:
        own = self.own_selection(request, queryset)
        if not own.exists():
            return None
        if confirmation := self.confirm_delivery_action(
            request, own, "Dismiss without processing?", DISMISS_EXPLANATION
        ):
            return confirmation
        count = ownership.dismiss_own(own, reason="checked by a person", by=current_user(request))
        self.message_user(request, f"Dismissed: {count}.", messages.SUCCESS)
        return None

    def own_selection(self, request: HttpRequest, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Without deliveries of other clinics, which are counted in a message."""
        own, others = ownership.own_deliveries(rows, user=current_user(request))
        if others:
            self.message_user(request, f"{OTHER_CLINICS_MESSAGE} {others}.", messages.WARNING)
        return own

    def confirm_delivery_action(
        self, request: HttpRequest, rows: QuerySet[Delivery], question: str, meaning: str
    ) -> HttpResponse | None:
        about = [
            f"{group['kind_label']}, {group['state_label']}: {group['reason'] or 'no reason'} ({group['count']})"
            for group in count_by_reason(rows)
        ]
        return self.confirm_action(request, rows, question=question, meaning=meaning, affected=about)


def count_by_reason(rows: QuerySet[Delivery] | None = None) -> list[dict[str, Any]]:
    """Counts by state, kind and reason, with the oldest of each: of deliveries that need a person, or of `rows`."""
    if rows is None:
        rows = Delivery.objects.filter(state__in=DeliveryState.needing_review())
    grouped = rows.order_by().values("state", "kind", "reason").annotate(count=Count("pk"), oldest=Min("received_at"))
    return [
        {
            **group,
            "state_label": DeliveryState(group["state"]).label,
            "kind_label": DeliveryKind(group["kind"]).label,
            "what_to_do": troubleshooting.advice_for_reason(group["reason"], state=group["state"]),
        }
        for group in grouped.order_by("state", "-count", "kind", "reason")[:MAX_REASONS]
    ]
