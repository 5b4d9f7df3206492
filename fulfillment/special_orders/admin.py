"""Admin of special orders, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet

from devices.hardware_ids import format_hardware_id
from fulfillment.special_orders.models import SpecialOrder
from patients.admin_site.base import ReadOnlyAdmin
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
        """Bulk, demo and supply orders name no patient: every administrator sees them."""
        return rows.filter(Q(patient__isnull=True) | Q(patient__clinic__in=user.clinics.all())).distinct()
