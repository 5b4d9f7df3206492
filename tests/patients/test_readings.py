"""The page of one reading: what is known about it, and excluding it with a reason."""

import datetime as dt

import pytest

from patients.models import AuditEvent
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory
from tests.texts import text, unsaid

TAKEN = dt.datetime(2026, 11, 20, 17, 0, tzinfo=dt.UTC)


@pytest.fixture
def weighed(rosa):
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


def path(row, verb=""):
    return f"/patients/{row.patient_id}/readings/{row.pk}/{verb}"


def test_a_reading_tells_its_three_times_its_device_gateway_marks_and_delivery(as_nadia, weighed):
    page = as_nadia.get(path(weighed))

    assert not unsaid(
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


def test_two_values_of_one_moment_stand_side_by_side(as_nadia, weighed):
    MeasurementFactory(device=weighed.device, code="weight", taken_at=TAKEN, value_1=271, conflict=True)

    shown = text(as_nadia.get(path(weighed)))

    assert "171.0" in shown
    assert "271.0" in shown
    assert "two values for one moment" in shown


def test_a_clinician_excludes_a_reading_and_lets_it_count_again(as_nadia, weighed):
    done = as_nadia.post(path(weighed, "exclude/"), {"reason": "bad_measurement", "detail": ""}, follow=True)
    assert "Excluded by Nadia Haddad" in text(done)
    assert "171.0 lb" not in text(as_nadia.get(f"/patients/{weighed.patient_id}/")).partition("Latest")[2][:40]

    undone = as_nadia.post(path(weighed, "undo/"), follow=True)

    assert "The reading counts again." in text(undone)
    assert "Excluded by" not in text(undone)


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
def test_what_is_missing_is_said_at_its_field_and_nothing_changes(as_nadia, weighed, sent, words):
    response = as_nadia.post(path(weighed, "exclude/"), sent)

    weighed.refresh_from_db()
    assert words in text(response)
    assert "<details open>" in response.content.decode()
    assert weighed.excluded_at is None


def test_a_coordinator_looks_but_does_not_judge(client, cora, weighed):
    client.force_login(cora)

    assert "Exclude this reading" not in text(client.get(path(weighed)))
    assert client.post(path(weighed, "exclude/"), {"reason": "device_test"}).status_code == 403


def test_a_reading_of_another_patient_is_not_found(as_nadia, olaf, client, weighed, elm):
    stranger = MeasurementFactory()

    assert as_nadia.get(f"/patients/{weighed.patient_id}/readings/{stranger.pk}/").status_code == 404
    assert as_nadia.post(f"/patients/{weighed.patient_id}/readings/{stranger.pk}/exclude/").status_code == 404
    assert as_nadia.get(f"/patients/{weighed.patient_id}/readings/{2**70}/").status_code == 404


def test_looking_at_a_reading_is_a_look_at_the_patient(as_nadia, weighed):
    as_nadia.get(path(weighed))

    assert AuditEvent.objects.get(action="view").patient_ids == [weighed.patient_id]


def test_the_page_costs_the_same_for_any_number_of_readings(as_nadia, weighed, django_assert_max_num_queries):
    for nth in range(8):
        MeasurementFactory(device=weighed.device, code="weight", taken_at=TAKEN, value_1=180 + nth)

    with django_assert_max_num_queries(12):
        as_nadia.get(path(weighed))


def test_excluded_readings_come_into_the_charts_on_demand(as_nadia, weighed):
    as_nadia.post(path(weighed, "exclude/"), {"reason": "device_test"})
    LatestReadingFactory(measurement=MeasurementFactory(device=weighed.device, code="weight", value_1=170))

    def points(query):
        response = as_nadia.get(f"/patients/{weighed.patient_id}/?days=0{query}")
        return response.context["chart_data"]["panels"][0]["points"]["flags"]

    assert points("") == [0]
    assert points("&excluded=1") == [8, 0]


# --- in a panel beside the charts -------------------------------------------------------------------------------


def test_a_panel_holds_the_same_facts_without_a_page_around_them(as_nadia, weighed):
    response = as_nadia.get(path(weighed) + "?panel=1")

    assert "<html" not in response.content.decode()
    assert "data-panel-part" in response.content.decode()
    assert not unsaid(
        response,
        "Fri Nov 20, 2026, 12:00 PM",
        "171.0 lb",
        "Gateway A0B1-C2D3-E4F5",
        "came over 24 h late",
        "as a page",
    )


def test_what_is_done_in_a_panel_stays_in_it(as_nadia, weighed):
    done = as_nadia.post(path(weighed, "exclude/"), {"reason": "device_test", "panel": "1"}, follow=True)
    assert "<html" not in done.content.decode()
    assert "The reading no longer counts." in text(done)
    assert "Excluded by Nadia Haddad" in text(done)

    undone = as_nadia.post(path(weighed, "undo/"), {"panel": "1"}, follow=True)
    assert "The reading counts again." in text(undone)
    assert "<html" not in undone.content.decode()


def test_a_mistake_in_a_panel_is_said_in_it(as_nadia, weighed):
    response = as_nadia.post(path(weighed, "exclude/"), {"panel": "1"})

    assert "Choose why this reading" in text(response)
    assert "<html" not in response.content.decode()
    assert 'name="panel" value="1"' in response.content.decode()
