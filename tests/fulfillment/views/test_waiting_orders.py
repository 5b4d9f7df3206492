"""What waits says so: on the order, the list, the patient's page, the device and the call, with who was notified."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from devices import tenovi
from devices.models import Device
from fulfillment.worklist.refresh import refresh_worklist
from tests.factories import ApiKeySlotFactory, OperatorAlarmFactory
from tests.fulfillment.pages import count_queries, order_url
from tests.fulfillment.worklist.stuck_rows import ago, device_in, end_call, line_in
from tests.page_texts import page_text

KEY = "people-key"


@pytest.fixture(autouse=True)
def vendor_keys(settings):
    settings.TENOVI_API_KEYS = [KEY]
    settings.OPERATOR_EMAILS = ["ops@example.org"]


@pytest.fixture
def refused_key():
    """Refused at noon in New York, and the operators were mailed five minutes later."""
    noon = dt.datetime(2026, 11, 20, 17, tzinfo=dt.UTC)
    ApiKeySlotFactory(bucket=tenovi.ApiKey(KEY).bucket, refused_since=noon)
    mailed = noon + dt.timedelta(minutes=5)
    return OperatorAlarmFactory(name="vendor_key", since=noon, mailed_at=mailed)


def read(browser, url):
    return page_text(browser.get(url)).replace("&#x27;", "'")


def waiting_pages(line):
    device = device_in("connected", line.patient, since=timezone.now())
    Device.objects.filter(pk=device.pk).update(refresh_due_at=timezone.now())
    asked = end_call("needs_review", device, since=timezone.now(), lookup_requested_at=timezone.now())
    return {
        "order": order_url(line.order),
        "list": reverse("orders:list"),
        "patient": f"/patients/{line.patient_id}/",
        "device": reverse("devices:page", args=[device.hwi_id]),
        "call": reverse("orders:call", args=[asked.pk]),
    }


def test_pages_of_what_waits_for_a_stopped_lane_say_since_when_why_and_who_was_mailed(as_cora, rosa, refused_key):
    for name, url in waiting_pages(line_in("queued", rosa, since=ago(seconds=5))).items():
        page = read(as_cora, url)

        assert "Nothing goes to the vendor since Nov 20, 12:00 PM" in page, name
        assert "it refuses our key" in page, name
        assert "The operators were mailed at Nov 20, 12:05 PM." in page, name
        assert "within a minute" not in page, name
        assert "Please don't order anything again" in page, name


def test_pages_say_that_operators_were_not_mailed_yet_or_can_not_be(as_cora, rosa, refused_key, settings):
    url = order_url(line_in("queued", rosa, since=ago(seconds=5)).order)
    refused_key.delete()

    assert "The operators have not been mailed yet." in read(as_cora, url)
    settings.OPERATOR_EMAILS = []
    assert "No operator can be mailed" in read(as_cora, url)


def test_pages_of_a_lane_that_works_mention_no_stop(as_cora, rosa):
    for url in waiting_pages(line_in("queued", rosa, since=ago(seconds=5))).values():
        assert "Nothing goes to the vendor" not in read(as_cora, url)


@pytest.mark.parametrize("status", ["queued", "sending", "unknown"])
def test_call_that_has_not_moved_is_stuck_whatever_the_cause(as_cora, rosa, status):
    line = line_in(status, rosa, since=ago(days=1))
    refresh_worklist()

    for url in (order_url(line.order), reverse("orders:list"), f"/patients/{rosa.pk}/"):
        page = read(as_cora, url)
        assert "Please don't order it again" in page
        assert "Nothing to do" not in page
        assert "right now" not in page
    assert [row.status.label for row in as_cora.get(reverse("orders:list"), {"show": "stuck"}).context["rows"]] == [
        f"{line.get_status_display()}, longer than usual"
    ]


def test_young_queued_call_says_that_it_is_sent_within_a_minute(as_cora, rosa):
    line = line_in("queued", rosa, since=ago(seconds=20))

    assert "within a minute" in read(as_cora, order_url(line.order))


def test_delivered_device_that_was_never_used_is_stuck_everywhere(as_cora, rosa, ada, client_of):
    device = device_in("delivered", rosa, since=ago(days=1), delivered_on=ago(days=6))
    refresh_worklist()

    for url in (reverse("exceptions:list"), f"/patients/{rosa.pk}/", reverse("devices:page", args=[device.hwi_id])):
        assert "It arrived days ago, and no reading has come." in read(as_cora, url)
    admin = client_of(ada)
    assert "Exceptions: Delivered, never used" in read(admin, reverse("admin:index"))
    listed = read(admin, reverse("admin:worklist_worklistitem_changelist"))
    assert "Call the patient and help with the first measurement." in listed
    assert rosa.name in listed


def test_order_with_a_device_closed_here_only_says_so_and_is_not_finished(as_cora, rosa, cora):
    device = device_in("action_required", rosa, since=ago(days=2))
    line = line_in("action_required", rosa, since=ago(days=2), device=device)
    close = reverse("orders:close", args=[line.pk])
    assert "At the vendor nothing changes: its order lives" in read(as_cora, close)

    as_cora.post(close, {"reason": "Enough"})

    page = read(as_cora, order_url(line.order))
    assert "Closed here, open at the vendor" in page
    assert "Closed here only" in page
    assert "Cancel this device" in page
    assert as_cora.get(reverse("orders:list"), {"show": "finished"}).context["rows"] == []
    (row,) = as_cora.get(reverse("orders:list"), {"show": "stuck"}).context["rows"]
    assert row.status.label == "Closed here, open at the vendor"


def test_closing_a_refused_line_says_that_it_leaves_the_list(as_cora, rosa):
    line = line_in("rejected", rosa, since=ago(days=2))

    assert "It is no longer listed under" in read(as_cora, reverse("orders:close", args=[line.pk]))


def test_refused_shipment_of_a_device_with_a_sensor_id_says_how_it_is_activated(as_cora, rosa):
    line = line_in("rejected", rosa, since=ago(minutes=2), device_type__name="PatchRx PatchCap",
                   device_type__sensor_id_required=True)  # fmt: skip

    page = read(as_cora, order_url(line.order))

    assert "so it is activated on site" in page
    assert "Correct it" not in page


def test_stuck_pages_have_constant_queries(as_cora, rosa, client_of, ada):
    pages = [(as_cora, reverse("orders:list")), (as_cora, f"/patients/{rosa.pk}/")]
    pages.append((client_of(ada), reverse("admin:worklist_worklistitem_changelist")))

    def count_with_rows(number):
        for _ in range(number):
            line_in("queued", rosa, since=ago(days=1), override_reason="again")
            end_call("rejected", device_in("on_hold", rosa, since=ago(days=1)), since=ago(days=1))
        refresh_worklist()
        return [count_queries(browser, url) for browser, url in pages]

    count_with_rows(1)  # the first view of a page stores what it is opened with
    few = count_with_rows(0)

    assert count_with_rows(4) == few
