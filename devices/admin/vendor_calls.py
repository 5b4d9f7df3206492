"""Admin of vendor calls and API keys."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from devices.models import ApiKeySlot, VendorCall
from devices.tenovi import clear_refused_key
from patients.admin_site.base import ReadOnlyAdmin, has_model_permission


@admin.register(VendorCall)
class VendorCallAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = (
        "reference",
        "kind",
        "state",
        "patient_name",
        "attempts",
        "created_at",
        "sent_at",
        "resolved_at",
        "reason",
    )
    list_filter = ("state", "kind")
    list_select_related = ("patient",)
    search_fields = ("=reference",)
    search_help_text = "A reference, such as V2K7M9QXRT"
    exclude = ("payload", "lease")


RESUME_KEYS_EXPLANATION = (
    "Waiting calls go out within seconds. If the vendor still refuses a key, its calls stop again by themselves."
)


@admin.register(ApiKeySlot)
class ApiKeySlotAdmin(ReadOnlyAdmin):
    list_display = ("bucket", "next_free_at", "refused_since", "refused_reason", "failing_since", "failing_cause")
    actions = ("resume_keys",)

    def has_clear_permission(self, request: HttpRequest) -> bool:
        return has_model_permission(request, "clear", ApiKeySlot)

    @admin.action(description="The key is in order again: resume its calls", permissions=["clear"])
    def resume_keys(self, request: HttpRequest, queryset: QuerySet[ApiKeySlot]) -> HttpResponse | None:
        asked = self.confirm_action(
            request, queryset, question="Call the vendor on these keys again?", meaning=RESUME_KEYS_EXPLANATION
        )
        if asked is None:
            for slot in queryset:
                clear_refused_key(slot.bucket)
            self.message_user(request, "Calls go out on these keys again.", messages.SUCCESS)
        return asked
