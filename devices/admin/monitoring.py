"""What runs by itself, and whom it called."""

from __future__ import annotations

from django.contrib import admin

from devices.models import Alarm, HookTally, PeriodicJob
from patients.admin_site.base import ReadOnlyAdmin
from patients.admin_site.filters import Either


@admin.register(PeriodicJob)
class PeriodicJobAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "succeeded_at", "problem")


class Lasting(Either):
    when_empty, when_filled = "Lasts", "Over"


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin):
    """What each name means and what to do is in docs/operations.md."""

    list_display = ("name", "problem", "since", "over_at", "mailed_at")
    list_filter = (("over_at", Lasting),)


@admin.register(HookTally)
class HookTallyAdmin(ReadOnlyAdmin):
    list_display = ("minute", "outcome", "source", "count")
    list_filter = ("outcome", ("minute", admin.DateFieldListFilter))
