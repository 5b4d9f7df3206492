"""Calls to the vendor, and the keys that they go out with."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from devices.models import KeySlot, VendorCall
from devices.tenovi import clear_bad
from patients.admin_site.base import ReadOnlyAdmin, may


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
        "settled_at",
        "reason",
    )
    list_filter = ("state", "kind")
    list_select_related = ("patient",)
    search_fields = ("=reference",)
    search_help_text = "A reference, such as V2K7M9QXRT"
    exclude = ("payload", "lease")


CALL_AGAIN = "What waits goes out within seconds. If the vendor still refuses a key, its lane stops again by itself."


@admin.register(KeySlot)
class KeySlotAdmin(ReadOnlyAdmin):
    list_display = ("bucket", "next_free_at", "bad_since", "bad_reason")
    actions = ("try_again",)

    def has_clear_permission(self, request: HttpRequest) -> bool:
        return may(request, "clear", KeySlot)

    @admin.action(description="The key is in order again: go on", permissions=["clear"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[KeySlot]) -> HttpResponse | None:
        asked = self.ask_first(request, queryset, question="Call the vendor on these keys again?", meaning=CALL_AGAIN)
        if asked is None:
            for slot in queryset:
                clear_bad(slot.bucket)
            self.message_user(request, "Calls go out on these keys again.", messages.SUCCESS)
        return asked
