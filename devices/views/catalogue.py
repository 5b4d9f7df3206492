"""The vendor's catalogue: device types with metrics and costs, as last read, and the request to read it again."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from devices.models import DeviceType, SyncRun
from devices.models.sync import SyncKind
from devices.outbox import waiting_reasons
from devices.sync import runs
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.permissions import Permission, current_user, requires_permission
from patients.queueing.wakeup import wake_worker

PAGE_SIZE = 100
SORT_KEYS = (SortKey("name"), SortKey("pk"))
COLUMNS = tuple(
    ListColumn(label)
    for label in ("Device type", "Sensor code", "Measures", "Up-front", "Shipping", "Monthly", "Can be ordered")
)
SHOWN_FILTER = ListFilter(
    "show",
    "Show",
    {
        "orderable": FilterChoice("Can be ordered", DeviceType.ORDERABLE & Q(in_stock=True)),
        "out_of_stock": FilterChoice("Not in stock", DeviceType.ORDERABLE & Q(in_stock=False)),
        "cellular": FilterChoice("Cellular", DeviceType.ORDERABLE & Q(sensor_code="")),
        "over": FilterChoice("Deprecated or not listed", Q(deprecated=True) | Q(listed=False)),
    },
)
SYNC_REQUESTED = "The vendor is asked for its catalogue. This page shows it within a minute: please reload."


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """No patient is on this page, so nothing is audited."""
    types, chosen = DeviceType.objects.all(), SelectedFilters([SHOWN_FILTER], request.GET)
    page = paginate(
        chosen.apply(types),
        keys=SORT_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=types,
        rows=types,
    )
    unfinished = SyncRun.objects.unfinished().filter(kind=SyncKind.CATALOGUE).first()
    finished = SyncRun.objects.filter(kind=SyncKind.CATALOGUE, finished_at__isnull=False)
    clinic = current_user(request).clinics.first()
    context = {
        "page": page,
        "filter_query": chosen.query,
        "filter_rows": chosen.filter_rows(),
        "columns": COLUMNS,
        "read_at": finished.order_by("-finished_at").values_list("finished_at", flat=True).first(),
        "unfinished": unfinished,
        "lane_stop": waiting_reasons.background_lane_stop() if unfinished else None,
        "zone": clinic.time_zone if clinic else "UTC",
    }
    return render(request, "devices/catalogue.html", context)


@requires_permission(Permission.PLACE_ORDERS)
@require_POST
def sync_catalogue(request: HttpRequest) -> HttpResponse:
    """A second click returns the run that is under way."""
    runs.open_run(SyncKind.CATALOGUE, by=current_user(request))
    wake_worker("catalogue_sync")
    messages.info(request, SYNC_REQUESTED)
    return redirect("devices:catalogue")
