"""A patient's page: what it shows, to whom, at which cost, and what it writes down."""

import datetime as dt
import re

import pytest

from devices.statuses import DeviceState
from fulfillment.models import LineStatus
from measurements.models import Measurement
from tests.factories import (
    AssignmentFactory,
    DeviceFactory,
    HardwareChangeFactory,
    OrderFactory,
    OrderLineFactory,
    PatientFactory,
)
from tests.measurements.page_setup import NOW, add_device_with_readings, add_reading, audited_patient_ids
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")


def test_patient_page_shows_demographics_charts_latest_readings_goals_and_devices(as_nadia, rosa):
    add_device_with_readings(rosa)

    page = as_nadia.get(f"/patients/{rosa.pk}/")

    assert not missing_words(
        page,
        "Rosa Delgado",
        "75 y, female born Apr 9, 1951 MRN MRN-ROSA Hypertension",
        "Eastern Time (New York), now 12:00 PM",
        "average 163/106 n 1",
        "1 of 1 above goal",
        "Tenovi BPM L Connected",
        "battery 62 %",
        "Blood pressure &lt; 130/80 mmHg, default",
    )


def test_patient_page_title_contains_no_name(as_nadia, rosa):
    response = as_nadia.get(f"/patients/{rosa.pk}/")

    assert re.search("<title>(.*)</title>", response.content.decode())[1] == "Patient · Vitals at Home"
    assert "no-store" in response["Cache-Control"]


def test_patient_page_writes_audit_and_returns_404_for_another_clinic(client, nadia, olaf, rosa):
    client.force_login(nadia)
    client.get(f"/patients/{rosa.pk}/")
    client.force_login(olaf)
    denied = client.get(f"/patients/{rosa.pk}/")

    assert audited_patient_ids("view") == [[rosa.pk]]
    assert denied.status_code == 404
    assert "Delgado" not in denied.content.decode()


def test_patient_page_shows_order_button_to_coordinator_but_not_clinician(client, nadia, cora, rosa):
    client.force_login(cora)
    coordinators = page_text(client.get(f"/patients/{rosa.pk}/"))
    client.force_login(nadia)
    clinicians = page_text(client.get(f"/patients/{rosa.pk}/"))

    assert "Order a kit" in coordinators
    assert "Order a kit" not in clinicians


def test_patient_page_range_is_remembered_per_user(as_nadia, rosa):
    def current(response):
        return response.context["chart_view"].date_range.length_days

    assert current(as_nadia.get(f"/patients/{rosa.pk}/")) == 30
    assert current(as_nadia.get(f"/patients/{rosa.pk}/?days=90")) == 90
    assert current(as_nadia.get(f"/patients/{rosa.pk}/")) == 90
    assert current(as_nadia.get(f"/patients/{rosa.pk}/?days=12")) == 90
    assert current(as_nadia.get(f"/patients/{rosa.pk}/?days=0")) == 0
    assert current(as_nadia.get(f"/patients/{rosa.pk}/?days=٣")) == 0


@pytest.mark.parametrize("days", [7, 14, 30, 90, 365, 0])
def test_patient_page_query_count_is_bounded_for_every_range(as_nadia, rosa, days, django_assert_max_num_queries):
    device = add_device_with_readings(rosa)
    for n in range(1, 40):
        add_reading(device, "blood_pressure", 140, 90, hours_ago=24 * n, latest=False, index=n)

    with django_assert_max_num_queries(34 if days else 35):
        as_nadia.get(f"/patients/{rosa.pk}/?days={days}")


def test_readings_table_shows_every_mark_in_words(as_nadia, rosa, nadia):
    device = DeviceFactory(patient=rosa)
    add_reading(device, "blood_pressure", 163, 106, index=3, estimated=True, conflict=True)
    add_reading(device, "pulse", 78, 0, index=3)
    add_reading(device, "glucose", 110, control=True, latest=False, filter_params={"meal_context": "fasting"})
    Measurement.objects.filter(metric="pulse").update(
        excluded_at=NOW, excluded_by=nadia, excluded_reason="her husband's"
    )

    shown = page_text(as_nadia.get(f"/patients/{rosa.pk}/"))

    assert "Systolic mmHg Diastolic mmHg Pulse bpm Glucose mg/dL Marks Device" in shown
    assert "Sat Nov 21, 2026, 7:00 AM 163 106 78" in shown
    assert "time estimated by the vendor; check: blood pressure has another value for the same time;" in shown
    assert "; pulse: excluded by Nadia Haddad" in shown
    assert "110 fasting control solution, not the patient" in shown


def test_patient_page_and_paper_have_charts_drawn_by_the_server_and_live_updates_none(as_nadia, rosa):
    add_device_with_readings(rosa)
    page, live, paper = (
        as_nadia.get(f"/patients/{rosa.pk}/{part}").content.decode() for part in ("", "live/?v=0", "print/")
    )

    assert [text.count('<svg class="picture"') for text in (page, live, paper)] == [3, 0, 3]
    assert ["vitals-data" in text for text in (page, live, paper)] == [True, True, False]
    assert re.findall(r'<script src="[^"]*/([\w-]+)(?:\.\w+)?\.js"', paper)[-1] == "print"
    assert "chart-plot" not in paper


def test_patient_page_shows_glucose_with_its_meal_everywhere(as_nadia, rosa):
    add_reading(DeviceFactory(patient=rosa), "glucose", 148, filter_params={"meal_context": "fasting"})

    reading = f"readings/{rosa.measurements.get().pk}/"
    addresses = [
        "/patients/",
        *(f"/patients/{rosa.pk}/{part}" for part in ("", "live/?v=0", "preview/", "print/", reading)),
    ]
    pages = [as_nadia.get(address) for address in addresses]

    assert [page.request["PATH_INFO"] for page in pages if "148 fasting" not in page_text(page)] == []
    assert page_text(pages[1]).count("148 fasting") == 2, "the latest value and the table"
    assert pages[1].context["chart_data"]["panels"][0]["lines"][0]["goal"]["words"] == "80\u2013130"


def test_readings_table_pagination_preserves_readings_taken_together_on_one_row(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    for n in range(70):
        add_reading(device, "blood_pressure", 120, 80, hours_ago=n, index=n + 1, latest=False)
        add_reading(device, "pulse", 70, 0, hours_ago=n, index=n + 1, latest=False)

    first = as_nadia.get(f"/patients/{rosa.pk}/").context["table"]
    second = as_nadia.get(f"/patients/{rosa.pk}/?table=2").context["table"]

    assert (len(first.rows), first.has_older, len(second.rows), second.has_older) == (60, True, 10, False)
    assert {len(row.cells) for row in first.rows + second.rows} == {3}


def test_patient_page_lists_readings_of_unknown_metrics(as_nadia, rosa):
    add_reading(DeviceFactory(patient=rosa), "lung_sparkle", "4.20")

    shown = page_text(as_nadia.get(f"/patients/{rosa.pk}/"))

    assert "Other readings (1) Lung sparkle 4" in shown


def test_patient_page_without_data_shows_empty_states(as_cora, rosa):
    page = as_cora.get(f"/patients/{rosa.pk}/")

    assert not missing_words(
        page,
        "No readings from Rosa Delgado yet.",
        "Nothing measured yet.",
        "No devices yet. Order a kit to begin.",
        "No readings in this range.",
    )


def test_patient_page_lists_ended_devices_with_dates(as_nadia, rosa, harbor):
    began, ended = (dt.datetime(2026, month, 3, 17, tzinfo=dt.UTC) for month in (5, 8))
    unlinked = DeviceFactory(
        patient=rosa, state="unlinked", unlinked_on=ended, connected_on=began, gateway=None, assignment=None,
        first_reading_at=began, last_reading_at=ended,
    )  # fmt: skip
    HardwareChangeFactory(device=unlinked, old_hardware_uuid="A1B2C3D4E5F6", new_hardware_uuid="", detected_at=ended)
    AssignmentFactory(device=unlinked, ended_at=ended)
    cancelled = DeviceFactory(patient=rosa, state="cancelled", name="Tenovi Scale")
    passed_on = DeviceFactory(patient=PatientFactory(clinic=harbor), name="Tenovi Pulse Ox", assignment=None)
    AssignmentFactory(device=passed_on, patient=rosa, started_at=began, ended_at=ended)

    page = as_nadia.get(f"/patients/{rosa.pk}/")

    assert not missing_words(
        page,
        "No device now.",
        "Earlier devices (3)",
        "Unlinked May 3, 2026 until Aug 3, 2026 · on A1B2-C3D4-E5F6",
        f"HWI device {unlinked.hwi_id} · readings from May 3, 2026 to Aug 3, 2026",
        f"HWI device {cancelled.hwi_id} · no readings",
        "Tenovi Pulse Ox No longer this patient",
        "Tenovi Scale Cancelled",
    )
    assert "No devices yet" not in page_text(page)
    html = page.content.decode()
    assert f"/devices/{cancelled.hwi_id}/" in html
    assert f"/devices/{passed_on.hwi_id}/" not in html


def test_patient_page_shipped_device_shows_steps_and_safe_tracking_link(as_nadia, rosa, cora, settings):
    settings.TRACKING_HOSTS = ["fedex.com"]
    order = OrderFactory(patient=rosa, placed_by=cora, lines=0, placed_at=NOW - dt.timedelta(days=5))
    shipped = DeviceFactory(
        patient=rosa,
        state=DeviceState.SHIPPED,
        shipped_on=NOW - dt.timedelta(days=2),
        tracking_link="https://www.fedex.com/track?n=1",
        unconfirmed_status="Delivered",
        unconfirmed_status_at=NOW,
    )
    OrderLineFactory(order=order, device=shipped, status=LineStatus.SHIPPED)
    DeviceFactory(patient=rosa, state=DeviceState.SHIPPED, tracking_link="javascript:alert(1)")

    response = as_nadia.get(f"/patients/{rosa.pk}/")

    assert "Requested Nov 16, Cora Lindqvist" in page_text(response)
    assert "Shipped Nov 19 Track" in page_text(response)
    assert "The vendor says “Delivered”; being confirmed." in page_text(response)
    assert 'href="https://www.fedex.com/track?n=1"' in response.content.decode()
    assert "javascript:" not in response.content.decode()


def test_patient_page_shows_order_line_without_device_id(as_nadia, rosa):
    order = OrderFactory(patient=rosa, lines=0)
    OrderLineFactory(order=order, status=LineStatus.ACTION_REQUIRED)

    assert "Tenovi BPM L Action required" in page_text(as_nadia.get(f"/patients/{rosa.pk}/"))


def test_patient_page_escapes_hostile_names(as_nadia, rosa):
    DeviceFactory(patient=rosa, name="<img src=x onerror=alert(1)>")
    add_reading(DeviceFactory(patient=rosa), "</script><script>alert(1)</script>"[:64], 1)

    body = as_nadia.get(f"/patients/{rosa.pk}/").content.decode()

    assert "<img src=x" not in body
    assert "<script>alert" not in body
