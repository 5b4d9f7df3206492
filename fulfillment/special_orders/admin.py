"""Admin of special orders and stock: read-only, but for the clinic whose stock a bulk order fills."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from devices.hardware_ids import format_hardware_id
from fulfillment.special_orders.models import SpecialOrder, StockCorrection, StockItem
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline, has_model_permission
from patients.audit import audit_log
from patients.models import Clinic, User
from patients.models.audit import AuditAction
from patients.permissions import current_user
from patients.wording import count_noun

NO_CLINIC = "no clinic: every clinic sees it"


@admin.register(SpecialOrder)
class SpecialOrderAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("order_number", "type_label", "status", "patient_name", "clinic", "created_on", "updated_on")
    list_filter = ("order_type", "status")
    list_select_related = ("patient", "clinic")
    search_fields = ("=request_id",)
    search_help_text = "The vendor's id of the request"

    exclude = ("hardware_uuid",)
    readonly_fields = ("gateway",)

    @admin.display(description="gateway ID or IMEI")
    def gateway(self, order: SpecialOrder) -> str:
        return format_hardware_id(order.hardware_uuid)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One for each clinic of the administrator: no report of the vendor names the clinic."""
        actions: dict[str, Any] = super().get_actions(request)
        if has_model_permission(request, "assign", SpecialOrder):
            clinics = Clinic.objects.filter(people=current_user(request)).order_by("name")
            for clinic in (None, *clinics):
                name, words = f"assign_{clinic.pk if clinic else 'none'}", str(clinic or NO_CLINIC)
                actions[name] = (
                    partial(assign_orders, clinic=clinic),
                    name,
                    f"Assign the stock of bulk orders to {words}",
                )
        return actions

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        return rows.filter(pk__in=SpecialOrder.objects.visible_to(user).values("pk"))


def assign_orders(
    _: SpecialOrderAdmin, request: HttpRequest, orders: QuerySet[SpecialOrder], *, clinic: Clinic | None
) -> None:
    """Bulk orders only: the others are a patient's, or no stock."""
    user = current_user(request)
    found = list(orders.filter(order_type=SpecialOrder.Type.BULK, patient=None).values_list("pk", flat=True))
    SpecialOrder.objects.filter(pk__in=found).update(clinic=clinic)
    for pk in found:
        audit_log.record_event(
            AuditAction.STOCK, by=user, clinic=clinic, target=f"special_order:{pk}", clinic_assigned=str(clinic or "")
        )
    words = f"{count_noun(len(found), 'bulk order')} assigned to {clinic or NO_CLINIC}."
    (messages.info if found else messages.warning)(request, words)


class StockCorrectionInline(ReadOnlyInline):
    model, fields = StockCorrection, ("at", "in_stock", "reason", "by")


@admin.register(StockItem)
class StockItemAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "special_order__patient__clinic", "special_order__patient_id"
    list_display = ("name", "gateway", "state_label", "special_order", "in_stock_since")
    list_filter = ("name",)
    list_select_related = ("special_order",)
    search_fields = ("=hardware_id",)
    search_help_text = "Gateway ID or IMEI, without hyphens"
    exclude = ("hardware_id",)
    readonly_fields = ("gateway", "state_label")
    inlines = (StockCorrectionInline,)

    @admin.display(description="gateway ID or IMEI")
    def gateway(self, item: StockItem) -> str:
        return item.printed_id

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).with_state()  # type: ignore[attr-defined]

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        return rows.filter(pk__in=StockItem.objects.visible_to(user).values("pk"))
