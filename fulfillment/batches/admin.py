"""Admin of batches of orders, read-only."""

from __future__ import annotations

from django.contrib import admin

from fulfillment.batches.models import BatchItem, OrderBatch
from patients.admin_site.base import ReadOnlyAdmin


@admin.register(OrderBatch)
class OrderBatchAdmin(ReadOnlyAdmin):
    clinic_path = "clinic"
    list_display = ("__str__", "kit", "clinic", "placed_by", "placed_at", "stopped_at")
    list_select_related = ("kit", "clinic", "placed_by")
    search_fields = ("=id",)
    search_help_text = "The id of a batch"


@admin.register(BatchItem)
class BatchItemAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "batch__clinic", "patient_id"
    list_display = ("__str__", "patient_name", "batch", "state", "reason")
    list_filter = ("state",)
    list_select_related = ("patient", "batch")
    search_fields = ("=batch__id",)
    search_help_text = "The id of a batch"
