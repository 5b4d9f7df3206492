"""The list of patients and a patient's page: what they show, to whom, at which cost, and what they write down."""

import datetime as dt
import re

import pytest
import time_machine
from django.utils import timezone

from devices.states import DeviceState
from fulfillment.models import LineStatus
from measurements import overviews
from measurements.arrays import bigints
from measurements.models import Measurement
from patients.models import AuditEvent, Patient
from patients.search import birth_date
from tests.factories import (
    DeviceFactory,
    GatewayFactory,
    LatestReadingFactory,
    MeasurementFactory,
    OrderFactory,
    OrderLineFactory,
    PatientFactory,
)

NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)  # noon in New York


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def as_nadia(client, nadia):
    client.force_login(nadia)
    return client


@pytest.fixture
def as_cora(client, cora):
    client.force_login(cora)
    return client


def read(device, code, value_1, value_2=None, *, hours_ago=5, latest=True, **fields):
    row = MeasurementFactory(
        device=device,
        code=code,
        value_1=value_1,
        value_2=value_2,
        taken_at=timezone.now() - dt.timedelta(hours=hours_ago),
        **fields,
    )
    if latest:
        LatestReadingFactory(measurement=row)
    weighed = {device.patient_id} if code == "weight" else set()
    overviews.follow(bigints([row.pk]), patients=[device.patient_id], weighed=weighed)
    return row


def measured(patient):
    """A patient with a device, a blood pressure with its pulse, and a weight."""
    device = DeviceFactory(patient=patient, first_reading_at=NOW, last_reading_at=NOW, battery_percent=62)
    read(device, "blood_pressure", 163, 106, index=7)
    read(device, "pulse", 78, 0, index=7)
    read(device, "weight", "171.04")
    return device


def seen(action):
    return list(AuditEvent.objects.filter(action=action).values_list("patient_ids", flat=True))


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# --- the list ---------------------------------------------------------------------------------------------------


def test_the_list_answers_who_and_how(as_nadia, rosa):
    measured(rosa)

    shown = text(as_nadia.get("/patients/"))

    assert "Delgado, Rosa 75 F · Hypertension 163/106 ▲ above goal 5 h 171.0 5 h" in shown
    assert "1 of 30" in shown
    assert "1 connected" in shown


def test_the_list_is_one_audit_row_with_the_ids_shown(as_nadia, nadia, rosa):
    other = PatientFactory(clinic=rosa.clinic)

    as_nadia.get("/patients/")

    event = AuditEvent.objects.get(action="list")
    assert (event.actor_id, set(event.patient_ids), event.route) == (nadia.pk, {rosa.pk, other.pk}, "patients:list")


def test_the_list_holds_nobody_of_another_clinic(client, olaf, rosa):
    client.force_login(olaf)

    response = client.get("/patients/")

    assert "Delgado" not in text(response)
    assert "No patients are enrolled yet." in text(response)
    assert seen("list") == [[]]


def test_discharged_patients_leave_the_list_but_can_be_found(as_nadia, rosa):
    Patient.objects.filter(pk=rosa.pk).update(discharged_at=timezone.now() + dt.timedelta(days=1))

    assert "Delgado" not in text(as_nadia.get("/patients/"))
    assert "Delgado, Rosa" in text(as_nadia.post("/patients/", {"q": "delgado"}))


@pytest.mark.parametrize(
    "asked", ["rosa", "DELG", "rosa delgado", "Delgado, Rosa", "mrn-ros", "1951-04-09", "4/9/1951"]
)
def test_a_patient_is_found_by_name_mrn_or_birth_date(as_nadia, rosa, asked):
    stranger = PatientFactory(
        clinic=rosa.clinic, given_name="Bela", family_name="Kiss", mrn="K-1", birth_date=dt.date(1960, 1, 1)
    )

    response = as_nadia.post("/patients/", {"q": asked})

    assert [row.patient for row in response.context["rows"]] == [rosa]
    assert seen("search") == [[rosa.pk]]
    assert stranger.family_name not in text(response)


def test_what_was_searched_for_stands_in_no_address_and_in_no_audit_row(as_nadia, rosa):
    response = as_nadia.post("/patients/", {"q": "Delgado"})

    assert response.status_code == 200
    assert "Delgado" not in str(list(AuditEvent.objects.values()))
    assert "q=" not in response.content.decode()


@pytest.mark.parametrize("asked", ["\x00", "%", "' OR 1=1 --", "x" * 5000, "31/31/1999", "  "])
def test_an_odd_search_finds_nobody_and_breaks_nothing(as_nadia, rosa, asked):
    response = as_nadia.post("/patients/", {"q": asked})

    assert response.status_code == 200
    assert "Delgado" not in text(response) or not asked.strip()


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("3/14/1951", dt.date(1951, 3, 14)),
        ("1951-03-14", dt.date(1951, 3, 14)),
        ("Mar 14, 1951", dt.date(1951, 3, 14)),
        ("14/31/1951", None),
        ("rosa", None),
    ],
)
def test_birth_dates_are_read_as_people_write_them(said, day):
    assert birth_date(said) == day


def test_the_list_costs_the_same_queries_for_one_patient_as_for_many(
    as_nadia, rosa, django_assert_max_num_queries, django_assert_num_queries
):
    def fill(patient):
        measured(patient)
        OrderFactory(patient=patient)

    fill(rosa)
    with django_assert_max_num_queries(20) as few:
        as_nadia.get("/patients/")
    for zone in ("America/Chicago", "America/New_York", "America/Denver"):
        fill(PatientFactory(clinic=rosa.clinic, time_zone=zone))

    with django_assert_num_queries(len(few)):
        as_nadia.get("/patients/")


def test_days_measured_are_the_patients_days(as_nadia, rosa):
    """11:30 pm and 12:30 am in New York are two days there, though one in UTC."""
    device = DeviceFactory(patient=rosa)
    read(device, "blood_pressure", 120, 80, hours_ago=36.5, latest=False)  # Nov 19, 11:30 pm
    read(device, "blood_pressure", 121, 80, hours_ago=35.5, latest=False)  # Nov 20, 12:30 am
    read(device, "blood_pressure", 121, 80, hours_ago=35.5, latest=False, index=2)
    read(device, "weight", 170, hours_ago=100, latest=False, control=True)

    assert "2 of 30" in text(as_nadia.get("/patients/"))


# --- the page ---------------------------------------------------------------------------------------------------


def test_the_page_shows_who_charts_newest_values_goals_and_devices(as_nadia, rosa):
    measured(rosa)

    shown = text(as_nadia.get(f"/patients/{rosa.pk}/"))

    for expected in (
        "Rosa Delgado",
        "75 y, female born Apr 9, 1951 MRN MRN-ROSA Hypertension",
        "America/New_York, now 12:00 PM",
        "average 163/106 n 1",
        "1 of 1 above goal",
        "Tenovi BPM L Connected",
        "battery 62 %",
        "Blood pressure &lt; 130/80 mmHg, default",
    ):
        assert expected in shown


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
    shown = text(as_cora.get(f"/patients/{rosa.pk}/"))

    for expected in (
        "No readings from Rosa Delgado yet.",
        "Nothing measured yet.",
        "No devices yet. Order a kit to begin.",
        "No readings in this range.",
    ):
        assert expected in shown


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


# --- live -------------------------------------------------------------------------------------------------------


def test_an_unchanged_patient_is_204_with_no_phi_read_no_audit_and_no_session_touch(
    as_nadia, rosa, django_assert_num_queries
):
    with django_assert_num_queries(3 + 2) as asked:  # session, user, version; and the request's transaction
        response = as_nadia.get(f"/patients/{rosa.pk}/live/?v=1&days=30")

    assert (response.status_code, response.content, response.cookies) == (204, b"", {})
    assert AuditEvent.objects.filter(action="view").count() == 0
    assert not any("given_name" in query["sql"] for query in asked.captured_queries)


def test_a_changed_patient_is_200_audited_and_carries_the_new_version(as_nadia, rosa):
    measured(rosa)
    Patient.objects.bump([rosa.pk])

    response = as_nadia.get(f"/patients/{rosa.pk}/live/?v=1&days=7")

    assert response.status_code == 200
    assert 'data-live-version="2"' in response.content.decode()
    assert "<html" not in response.content.decode()
    assert seen("view") == [[rosa.pk]]


def test_the_refresh_holds_the_same_parts_as_the_page(as_nadia, rosa):
    measured(rosa)

    def parts(path):
        return re.findall(r'id="([\w-]+)" data-live-part', as_nadia.get(path).content.decode())

    assert sorted(parts(f"/patients/{rosa.pk}/")) == sorted(parts(f"/patients/{rosa.pk}/live/?v=0"))
    assert parts("/patients/") == parts("/patients/live/?v=0") == ["patient-rows"]


@pytest.mark.parametrize("path", ["/patients/{}/live/?v=1", "/patients/{}/live/?v=0"])
def test_the_refresh_of_a_strangers_patient_is_not_found(client, olaf, rosa, path):
    client.force_login(olaf)

    response = client.get(path.format(rosa.pk))

    assert response.status_code == 404
    assert "Delgado" not in response.content.decode()


def test_the_refresh_of_somebody_signed_out_is_a_redirect_without_a_patient(client, rosa):
    response = client.get(f"/patients/{rosa.pk}/live/?v=0")

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_the_list_is_204_until_any_of_its_patients_changes(as_nadia, rosa, olaf, harbor):
    stranger = PatientFactory(clinic=harbor)
    version = as_nadia.get("/patients/").context["version"]
    AuditEvent.objects.filter(action="list").exists()

    Patient.objects.bump([stranger.pk])
    assert as_nadia.get(f"/patients/live/?v={version}").status_code == 204
    Patient.objects.bump([rosa.pk])
    assert as_nadia.get(f"/patients/live/?v={version}").status_code == 200
    assert len(seen("list")) == 2


# --- devices ----------------------------------------------------------------------------------------------------


def test_the_devices_of_ones_own_patients_are_listed_and_audited(as_nadia, rosa, harbor):
    DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid="a1b2c3d4e5f6"), battery_percent=9)
    DeviceFactory(patient=PatientFactory(clinic=harbor, family_name="Elsewhere"))

    shown = text(as_nadia.get("/devices/"))

    assert "Delgado, Rosa" in shown
    assert "A1B2-C3D4-E5F6" in shown
    assert "9 %" in shown
    assert "Elsewhere" not in shown
    assert seen("list") == [[rosa.pk]]


def test_devices_can_be_narrowed_to_a_state(as_nadia, rosa):
    DeviceFactory(patient=rosa, name="Here", state=DeviceState.CONNECTED)
    DeviceFactory(patient=rosa, name="Gone", state=DeviceState.UNLINKED)

    assert "Gone" not in text(as_nadia.get("/devices/"))
    assert "Here" not in text(as_nadia.get("/devices/?state=unlinked"))
    assert "Gone" in text(as_nadia.get("/devices/?state=unlinked"))


def test_the_device_list_costs_the_same_queries_for_any_number(as_nadia, rosa, django_assert_max_num_queries):
    for _ in range(12):
        DeviceFactory(patient=rosa)

    with django_assert_max_num_queries(11):
        as_nadia.get("/devices/")
