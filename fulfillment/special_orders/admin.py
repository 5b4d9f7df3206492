"""Admin of special orders, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from devices.hardware_ids import format_hardware_id
from fulfillment.special_orders.models import SpecialOrder, StockCorrection, StockItem
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline
from patients.models import User


@admin.register(SpecialOrder)
class SpecialOrderAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("order_number", "type_label", "status", "patient_name", "created_on", "updated_on")
    list_filter = ("order_type", "status")
    list_select_related = ("patient",)
    search_fields = ("=request_id",)
    search_help_text = "The vendor's id of the request"

    exclude = ("hardware_uuid",)
    readonly_fields = ("gateway",)

    @admin.display(description="gateway ID or IMEI")
    def gateway(self, order: SpecialOrder) -> str:
        return format_hardware_id(order.hardware_uuid)

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        return rows.filter(pk__in=SpecialOrder.objects.visible_to(user).values("pk"))


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
