"""Keyset pagination: each row once, forwards and backwards, with None first or last and mixed directions."""

import datetime as dt

import pytest
from django.utils import timezone

from devices.models import Device
from devices.views import device_list
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.models import Patient
from tests.factories import DeviceFactory, PatientFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()
BATTERY_LEVELS = (None, 10, 80, None, 10, 55, None)
KEY_SETS = {
    "nulls first": (SortKey("battery_percent", nulls="first"), SortKey("pk")),
    "nulls last": (SortKey("battery_percent", nulls="last"), SortKey("pk")),
    "descending, nulls last": (SortKey("battery_percent", descending=True, nulls="last"), SortKey("pk")),
    "mixed directions": (SortKey("battery_percent", nulls="first"), SortKey("name", descending=True), SortKey("pk")),
    "never null": (SortKey("name", descending=True), SortKey("pk", descending=True)),
}


@pytest.fixture
def seven_devices(rosa):
    for n, percent in enumerate(BATTERY_LEVELS):
        DeviceFactory(patient=rosa, name=f"device {n % 3}", battery_percent=percent)


def get_page(keys, request=None, **changes):
    devices = Device.objects.all()
    arguments = {"keys": keys, "request": request or PageRequest(), "size": 2, "anchors": devices, "rows": devices}
    return paginate(devices, **arguments | changes)


@pytest.mark.parametrize("keys", KEY_SETS.values(), ids=KEY_SETS)
def test_paginate_returns_each_row_once_in_order_both_ways(seven_devices, keys):
    expected = list(Device.objects.order_by(*(key.order_by for key in keys)))
    pages = [get_page(keys)]
    while pages[-1].after:
        pages.append(get_page(keys, PageRequest(str(pages[-1].after))))

    assert [device for page in pages for device in page.rows] == expected
    assert [(page.first_row_number, page.last_row_number, page.total) for page in pages] == [
        (1, 2, 7),
        (3, 4, 7),
        (5, 6, 7),
        (7, 7, 7),
    ]
    back = [pages[-1]]
    while back[-1].before:
        back.append(get_page(keys, PageRequest(str(back[-1].before), backwards=True)))
    assert [page.rows for page in reversed(back)] == [page.rows for page in pages]
    assert [page.first_row_number for page in back] == [7, 5, 3, 1]


@pytest.mark.parametrize("key", ["0", "-1", "9" * 40, "x", "\x00", "' OR 1=1"])
def test_paginate_with_unknown_or_malformed_key_returns_first_page(seven_devices, key):
    keys = KEY_SETS["never null"]

    assert get_page(keys, PageRequest(key)).rows == get_page(keys).rows


def test_paginate_continues_after_row_that_left_the_filter(seven_devices):
    keys = KEY_SETS["nulls last"]
    first = get_page(keys)
    Device.objects.filter(pk=first.after).update(state="unlinked")
    expected = get_page(keys, PageRequest(str(first.after))).rows

    page = paginate(
        Device.objects.linked(),
        keys=keys,
        request=PageRequest(str(first.after)),
        size=2,
        anchors=Device.objects.all(),
        rows=Device.objects.all(),
    )

    assert page.rows == expected


def test_paginate_loads_no_more_rows_than_a_page(seven_devices, django_assert_num_queries):
    with django_assert_num_queries(2) as captured:
        get_page(KEY_SETS["nulls last"])

    assert "LIMIT 3" in captured[0]["sql"]
    assert "OFFSET" not in captured[0]["sql"]


def test_device_list_pager_links_include_filters(as_nadia, rosa, monkeypatch):
    monkeypatch.setattr(device_list, "PAGE_SIZE", 2)
    for days in range(5):
        DeviceFactory(patient=rosa, last_seen_at=NOW - dt.timedelta(days=10 + days), name=f"device {days}")
    DeviceFactory(patient=PatientFactory(clinic=rosa.clinic), last_seen_at=NOW, name="fresh")

    first = as_nadia.get("/devices/", {"silent": "7"})
    second = as_nadia.get("/devices/", {"silent": "7", "after": first.context["page"].after})

    assert [device.name for device in first.context["page"].rows] == ["device 4", "device 3"]
    assert [device.name for device in second.context["page"].rows] == ["device 2", "device 1"]
    text = second.content.decode()
    assert "3\N{EN DASH}4 of 5" in text
    for parameter in (f"before={second.context['page'].before}", f"after={second.context['page'].after}"):
        assert f'href="?silent=7&amp;{parameter}"' in text


def test_page_request_reads_after_and_before_from_the_query():
    assert PageRequest.from_query({"after": "7"}) == PageRequest("7")
    assert PageRequest.from_query({"before": "7"}) == PageRequest("7", backwards=True)
    assert PageRequest.from_query({}).key == ""


def test_paginate_of_no_rows_returns_empty_page():
    no_patients = Patient.objects.none()

    page = paginate(
        no_patients, keys=(SortKey("pk"),), request=PageRequest(), size=2, anchors=no_patients, rows=no_patients
    )

    assert (page.rows, page.total, page.has_other_pages) == ([], 0, False)
