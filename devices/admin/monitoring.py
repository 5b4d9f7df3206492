"""Admin of periodic jobs, operator alarms and webhook counts."""

from __future__ import annotations

from django.contrib import admin

from devices.models import OperatorAlarm, WebhookCount
from patients.admin_site.base import ReadOnlyAdmin
from patients.admin_site.filters import EmptyFieldFilter
from patients.queueing.models import PeriodicJob


@admin.register(PeriodicJob)
class PeriodicJobAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "succeeded_at", "problem")


class OngoingFilter(EmptyFieldFilter):
    when_empty, when_filled = "Lasts", "Over"


@admin.register(OperatorAlarm)
class OperatorAlarmAdmin(ReadOnlyAdmin):
    """What each name means and what to do is in docs/operations.md."""

    list_display = ("name", "problem", "since", "resolved_at", "mailed_at")
    list_filter = (("resolved_at", OngoingFilter),)


@admin.register(WebhookCount)
class WebhookCountAdmin(ReadOnlyAdmin):
    list_display = ("minute", "outcome", "source", "count")
    list_filter = ("outcome", ("minute", admin.DateFieldListFilter))
