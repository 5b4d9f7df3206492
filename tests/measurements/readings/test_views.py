"""The page of one reading: what is known about it, and excluding it with a reason."""

import datetime as dt

import pytest

from patients.models import AuditEvent
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory
from tests.page_texts import missing_words, page_text

TAKEN = dt.datetime(2026, 11, 20, 17, 0, tzinfo=dt.UTC)


@pytest.fixture
def weight_reading(rosa):
    row = MeasurementFactory(
        device=DeviceFactory(patient=rosa, name="Tenovi Scale"),
        code="weight",
        taken_at=TAKEN,
        vendor_created_at=TAKEN + dt.timedelta(hours=30),
        received_at=TAKEN + dt.timedelta(hours=31),
        hardware_uuid="a0b1c2d3e4f5",
        value_1=171,
        delivery_id=77,
    )
    LatestReadingFactory(measurement=row)
    return row


def reading_url(row, verb=""):
    return f"/patients/{row.patient_id}/readings/{row.pk}/{verb}"


def test_reading_page_shows_three_times_device_gateway_marks_and_delivery(as_nadia, weight_reading):
    page = as_nadia.get(reading_url(weight_reading))

    assert not missing_words(
        page,
        "171.0 lb",
        "Taken Nov 20, 2026, 12:00:00 PM",
        "Received by Tenovi Nov 21, 2026, 6:00:00 PM",
        "Received here Nov 21, 2026, 7:00:00 PM",
        "Device Tenovi Scale",
        "Gateway A0B1-C2D3-E4F5",
        "Webhook, delivery 77",
        "came over 24 h late",
    )


@pytest.mark.parametrize("later", [dt.timedelta(), dt.timedelta(milliseconds=654)], ids=["instant", "second"])
def test_reading_page_shows_conflicting_values_of_the_same_time(as_nadia, weight_reading, later):
    MeasurementFactory(device=weight_reading.device, code="weight", taken_at=TAKEN + later, value_1=271, conflict=True)

    shown = page_text(as_nadia.get(reading_url(weight_reading)))

    assert "171.0" in shown
    assert "271.0" in shown
    assert "two values for one time" in shown


def test_reading_exclusion_by_clinician_can_be_undone(as_nadia, weight_reading):
    done = as_nadia.post(
        reading_url(weight_reading, "exclude/"), {"reason": "bad_measurement", "detail": ""}, follow=True
    )
    assert "Excluded by Nadia Haddad" in page_text(done)
    assert (
        "171.0 lb" not in page_text(as_nadia.get(f"/patients/{weight_reading.patient_id}/")).partition("Latest")[2][:40]
    )

    undone = as_nadia.post(reading_url(weight_reading, "undo/"), follow=True)

    assert "The reading counts again." in page_text(undone)
    assert "Excluded by" not in page_text(undone)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose why this reading"),
        ({"reason": "no such"}, "Select a valid choice."),
        ({"reason": "other", "detail": " "}, "Say in a few words"),
        ({"reason": "other", "detail": "x" * 121}, "at most 120 characters"),
        ({"reason": "other", "detail": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_reading_exclusion_form_shows_errors_and_changes_nothing(as_nadia, weight_reading, sent, words):
    response = as_nadia.post(reading_url(weight_reading, "exclude/"), sent)

    weight_reading.refresh_from_db()
    assert words in page_text(response)
    assert "<details open>" in response.content.decode()
    assert weight_reading.excluded_at is None


def test_reading_exclusion_is_forbidden_for_coordinator(client, cora, weight_reading):
    client.force_login(cora)

    assert "Exclude this reading" not in page_text(client.get(reading_url(weight_reading)))
    assert client.post(reading_url(weight_reading, "exclude/"), {"reason": "device_test"}).status_code == 403


def test_reading_page_of_another_patients_reading_returns_404(as_nadia, olaf, client, weight_reading, elm):
    other = MeasurementFactory()

    assert as_nadia.get(f"/patients/{weight_reading.patient_id}/readings/{other.pk}/").status_code == 404
    assert as_nadia.post(f"/patients/{weight_reading.patient_id}/readings/{other.pk}/exclude/").status_code == 404
    assert as_nadia.get(f"/patients/{weight_reading.patient_id}/readings/{2**70}/").status_code == 404


def test_reading_page_view_writes_patient_audit(as_nadia, weight_reading):
    as_nadia.get(reading_url(weight_reading))

    assert AuditEvent.objects.get(action="view").patient_ids == [weight_reading.patient_id]


def test_reading_page_query_count_is_bounded(as_nadia, weight_reading, django_assert_max_num_queries):
    for nth in range(8):
        MeasurementFactory(device=weight_reading.device, code="weight", taken_at=TAKEN, value_1=180 + nth)

    with django_assert_max_num_queries(16):
        as_nadia.get(reading_url(weight_reading))


def test_patient_page_charts_include_excluded_readings_on_request(as_nadia, weight_reading):
    as_nadia.post(reading_url(weight_reading, "exclude/"), {"reason": "device_test"})
    LatestReadingFactory(measurement=MeasurementFactory(device=weight_reading.device, code="weight", value_1=170))

    def points(query):
        response = as_nadia.get(f"/patients/{weight_reading.patient_id}/?days=0{query}")
        return response.context["chart_data"]["panels"][0]["points"]["flags"]

    assert points("") == [0]
    assert points("&excluded=1") == [8 + 16, 0]  # it came late, too


@pytest.fixture
def pressure_with_pulse(rosa):
    device = DeviceFactory(patient=rosa)
    taken = {"device": device, "taken_at": TAKEN, "index": 4}
    rows = [("blood_pressure", 128), ("pulse", 78), ("irregular_heartbeat", 1)]
    return [MeasurementFactory(code=code, value_1=value, **taken) for code, value in rows]


@pytest.mark.parametrize("panel", ["", "1"])
@pytest.mark.parametrize(("nth", "others"), [(0, "pulse 78 bpm"), (1, "blood pressure 128/82 mmHg")])
def test_reading_exclusion_names_what_is_excluded_along(as_nadia, pressure_with_pulse, nth, others, panel):
    row = pressure_with_pulse[nth]

    asked = page_text(as_nadia.get(reading_url(row) + f"?panel={panel}"))
    done = as_nadia.post(reading_url(row, "exclude/"), {"reason": "device_test", "panel": panel}, follow=True)
    undone = as_nadia.post(reading_url(row, "undo/"), {"panel": panel}, follow=True)

    assert f"What was taken with it will be excluded too: {others} and irregular heartbeat detected." in asked
    names = ("Blood pressure, pulse", "Pulse, blood pressure")[nth]
    assert f"{names} and irregular heartbeat no longer count." in page_text(done)
    assert f"What was excluded with it will count again too: {others} and" in page_text(done)
    assert f"{names} and irregular heartbeat count again." in page_text(undone)


def test_reading_exclusion_of_conflicting_value_names_no_companion(as_nadia, pressure_with_pulse):
    row = pressure_with_pulse[0]
    MeasurementFactory(device=row.device, code="blood_pressure", taken_at=TAKEN, index=4, value_1=228, conflict=True)

    assert "will be excluded too" not in page_text(as_nadia.get(reading_url(row))).partition("228")[0]


# --- in a panel beside the charts -------------------------------------------------------------------------------


def test_reading_panel_shows_same_facts_as_page_without_layout(as_nadia, weight_reading):
    response = as_nadia.get(reading_url(weight_reading) + "?panel=1")

    assert "<html" not in response.content.decode()
    assert "data-panel-part" in response.content.decode()
    assert not missing_words(
        response,
        "Fri Nov 20, 2026, 12:00 PM",
        "171.0 lb",
        "Gateway A0B1-C2D3-E4F5",
        "came over 24 h late",
        "as a page",
    )


def test_reading_panel_exclusion_stays_in_panel(as_nadia, weight_reading):
    done = as_nadia.post(reading_url(weight_reading, "exclude/"), {"reason": "device_test", "panel": "1"}, follow=True)
    assert "<html" not in done.content.decode()
    assert "The reading no longer counts." in page_text(done)
    assert "Excluded by Nadia Haddad" in page_text(done)

    undone = as_nadia.post(reading_url(weight_reading, "undo/"), {"panel": "1"}, follow=True)
    assert "The reading counts again." in page_text(undone)
    assert "<html" not in undone.content.decode()


def test_reading_panel_shows_form_errors_in_panel(as_nadia, weight_reading):
    response = as_nadia.post(reading_url(weight_reading, "exclude/"), {"panel": "1"})

    assert "Choose why this reading" in page_text(response)
    assert "<html" not in response.content.decode()
    assert 'name="panel" value="1"' in response.content.decode()
