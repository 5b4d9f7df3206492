"""A patient's page: what it shows, to whom, at which cost, and what it writes down."""

import datetime as dt
import re

import pytest

from devices.statuses import DeviceState
from fulfillment.models import LineStatus
from measurements.models import Measurement
from tests.factories import DeviceFactory, OrderFactory, OrderLineFactory
from tests.patients.pages import NOW, measured, read, seen
from tests.texts import text, unsaid

pytestmark = pytest.mark.usefixtures("noon")


def test_the_page_shows_who_charts_newest_values_goals_and_devices(as_nadia, rosa):
    measured(rosa)

    page = as_nadia.get(f"/patients/{rosa.pk}/")

    assert not unsaid(
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


def test_the_page_and_the_tab_name_nobody_in_the_title(as_nadia, rosa):
    response = as_nadia.get(f"/patients/{rosa.pk}/")

    assert re.search("<title>(.*)</title>", response.content.decode())[1] == "Patient · Vitals at Home"
    assert "no-store" in response["Cache-Control"]


def test_opening_a_patient_is_audited_and_a_strangers_patient_is_not_found(client, nadia, olaf, rosa):
    client.force_login(nadia)
    client.get(f"/patients/{rosa.pk}/")
    client.force_login(olaf)
    denied = client.get(f"/patients/{rosa.pk}/")

    assert seen("view") == [[rosa.pk]]
    assert denied.status_code == 404
    assert "Delgado" not in denied.content.decode()


def test_a_coordinator_may_order_and_edit_and_a_clinician_sees_no_such_buttons(client, nadia, cora, rosa):
    client.force_login(cora)
    coordinators = text(client.get(f"/patients/{rosa.pk}/"))
    client.force_login(nadia)
    clinicians = text(client.get(f"/patients/{rosa.pk}/"))

    assert "Order a device" in coordinators
    assert "Order a device" not in clinicians


def test_the_range_is_remembered_per_person(as_nadia, rosa):
    def current(response):
        return response.context["look"].span.length

    assert current(as_nadia.get(f"/patients/{rosa.pk}/")) == 30
    assert current(as_nadia.get(f"/patients/{rosa.pk}/?days=90")) == 90
    assert current(as_nadia.get(f"/patients/{rosa.pk}/")) == 90
    assert current(as_nadia.get(f"/patients/{rosa.pk}/?days=12")) == 90
    assert current(as_nadia.get(f"/patients/{rosa.pk}/?days=0")) == 0
    assert current(as_nadia.get(f"/patients/{rosa.pk}/?days=٣")) == 0


@pytest.mark.parametrize("days", [7, 14, 30, 90, 365, 0])
def test_every_range_costs_the_same_queries(as_nadia, rosa, days, django_assert_max_num_queries):
    device = measured(rosa)
    for n in range(1, 40):
        read(device, "blood_pressure", 140, 90, hours_ago=24 * n, latest=False, index=n)

    with django_assert_max_num_queries(19 if days else 20):
        as_nadia.get(f"/patients/{rosa.pk}/?days={days}")


def test_the_table_tells_every_mark_in_words(as_nadia, rosa, nadia):
    device = DeviceFactory(patient=rosa)
    read(device, "blood_pressure", 163, 106, index=3, estimated=True, conflict=True)
    read(device, "pulse", 78, 0, index=3)
    read(device, "glucose", 110, control=True, latest=False, filter_params={"meal_context": "fasting"})
    Measurement.objects.filter(metric="pulse").update(
        excluded_at=NOW, excluded_by=nadia, excluded_reason="her husband's"
    )

    shown = text(as_nadia.get(f"/patients/{rosa.pk}/"))

    assert "Sat Nov 21, 2026, 7:00 AM Blood pressure 163/106 mmHg Pulse 78 bpm" in shown
    assert "time estimated by the vendor; check: another value for the same moment; excluded by Nadia Haddad" in shown
    assert "fasting; control solution, not the patient" in shown


def test_a_chart_says_the_goal_of_meals_that_its_band_does_not_show(as_nadia, rosa):
    read(DeviceFactory(patient=rosa), "glucose", 135, filter_params={"meal_context": "fasting"})

    shown = text(as_nadia.get(f"/patients/{rosa.pk}/"))

    assert "fasting or before meals: goal 80\u2013130" in shown


def test_the_table_pages_without_tearing_a_pair_apart(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    for n in range(70):
        read(device, "blood_pressure", 120, 80, hours_ago=n, index=n + 1, latest=False)
        read(device, "pulse", 70, 0, hours_ago=n, index=n + 1, latest=False)

    first = as_nadia.get(f"/patients/{rosa.pk}/").context["table"]
    second = as_nadia.get(f"/patients/{rosa.pk}/?table=2").context["table"]

    assert (len(first.rows), first.older, len(second.rows), second.older) == (60, True, 10, False)
    assert {len(row.cells) for row in first.rows + second.rows} == {2}


def test_metrics_that_we_do_not_know_are_listed_and_not_dropped(as_nadia, rosa):
    read(DeviceFactory(patient=rosa), "lung_sparkle", "4.20")

    shown = text(as_nadia.get(f"/patients/{rosa.pk}/"))

    assert "Other readings (1) Lung sparkle 4" in shown


def test_a_patient_without_anything_gets_words_instead_of_blanks(as_cora, rosa):
    page = as_cora.get(f"/patients/{rosa.pk}/")

    assert not unsaid(
        page,
        "No readings from Rosa Delgado yet.",
        "Nothing measured yet.",
        "No devices yet. Order a kit to begin.",
        "No readings in this range.",
    )


def test_a_device_on_its_way_shows_its_steps_with_a_safe_link(as_nadia, rosa, cora, settings):
    settings.TRACKING_HOSTS = ["fedex.com"]
    order = OrderFactory(patient=rosa, placed_by=cora, lines=0, placed_at=NOW - dt.timedelta(days=5))
    shipped = DeviceFactory(
        patient=rosa,
        state=DeviceState.SHIPPED,
        shipped_on=NOW - dt.timedelta(days=2),
        tracking_link="https://www.fedex.com/track?n=1",
        hinted_status="Delivered",
        hinted_at=NOW,
    )
    OrderLineFactory(order=order, device=shipped, status=LineStatus.SHIPPED)
    DeviceFactory(patient=rosa, state=DeviceState.SHIPPED, tracking_link="javascript:alert(1)")

    response = as_nadia.get(f"/patients/{rosa.pk}/")

    assert "Requested Nov 16, Cora Lindqvist" in text(response)
    assert "Shipped Nov 19 Track" in text(response)
    assert "The vendor says “Delivered”; being confirmed." in text(response)
    assert 'href="https://www.fedex.com/track?n=1"' in response.content.decode()
    assert "javascript:" not in response.content.decode()


def test_an_ordered_device_without_an_id_yet_is_shown_by_its_line(as_nadia, rosa):
    order = OrderFactory(patient=rosa, lines=0)
    OrderLineFactory(order=order, status=LineStatus.ACTION_REQUIRED)

    assert "Tenovi BPM L Action required" in text(as_nadia.get(f"/patients/{rosa.pk}/"))


def test_hostile_names_are_text(as_nadia, rosa):
    DeviceFactory(patient=rosa, name="<img src=x onerror=alert(1)>")
    read(DeviceFactory(patient=rosa), "</script><script>alert(1)</script>"[:64], 1)

    body = as_nadia.get(f"/patients/{rosa.pk}/").content.decode()

    assert "<img src=x" not in body
    assert "<script>alert" not in body
