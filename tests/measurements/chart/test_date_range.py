"""What of a patient is on the screen: free dates of one patient, over time or by time of day; no date in an address."""

import datetime as dt
import re
from html import unescape

import pytest

from measurements.ingest import patient_summaries
from patients.models import AuditEvent, User
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory
from tests.measurements.page_setup import NOW
from tests.page_texts import page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")


def post_date_range(client, patient, first, last):
    return client.post(f"/patients/{patient.pk}/dates/", {"first": first, "last": last})


def open_patient_page(client, patient, query=""):
    return client.get(f"/patients/{patient.pk}/{query}")


def shown_days(response):
    days = response.context["charts"].days
    return str(days.first), str(days.last)


def create_weight(device, taken, pounds=170, **fields):
    return MeasurementFactory(device=device, code="weight", taken_at=taken, value_1=pounds, **fields)


# --- free dates -------------------------------------------------------------------------------------------------


def test_date_range_uses_patient_local_days_with_both_ends_included(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    create_weight(device, dt.datetime(2026, 11, 1, 3, 59, tzinfo=dt.UTC), 150)  # Oct 31, 11:59 pm
    create_weight(device, dt.datetime(2026, 11, 1, 4, 0, tzinfo=dt.UTC), 160)
    create_weight(device, dt.datetime(2026, 11, 3, 4, 59, tzinfo=dt.UTC), 165)  # Nov 2, 11:59 pm, in winter
    LatestReadingFactory(measurement=create_weight(device, dt.datetime(2026, 11, 3, 5, 0, tzinfo=dt.UTC), 190))

    response = as_nadia.post(f"/patients/{rosa.pk}/dates/", {"first": "2026-11-01", "last": "11/2/2026"}, follow=True)

    assert shown_days(response) == ("2026-11-01", "2026-11-02")
    assert response.context["chart_data"]["panels"][0]["points"]["values"] == [[160.0, 165.0]]
    assert "Nov 1 to Nov 2, 2026" in page_text(response)


def test_date_range_of_one_day_is_named_once(as_nadia, rosa):
    shown = as_nadia.post(f"/patients/{rosa.pk}/dates/", {"first": "2026-11-20", "last": "2026-11-20"}, follow=True)

    assert shown.context["chart_view"].date_range.label == "Nov 20, 2026"


def test_date_range_of_one_patient_is_not_remembered_for_another(as_nadia, nadia, rosa):
    """The page of another patient at 184/109 must not open on three weeks ago."""
    other = PatientFactory(clinic=rosa.clinic)
    open_patient_page(as_nadia, rosa, "?days=7")
    address = post_date_range(as_nadia, rosa, "2026-10-01", "2026-10-31")["Location"]
    as_nadia.get(address)

    assert shown_days(open_patient_page(as_nadia, other)) == ("2026-11-15", "2026-11-21")
    assert shown_days(open_patient_page(as_nadia, other, f"?{address.partition('?')[2]}"))[1] == "2026-11-21"
    assert shown_days(open_patient_page(as_nadia, rosa)) == ("2026-11-15", "2026-11-21")
    assert shown_days(as_nadia.get(address)) == ("2026-10-01", "2026-10-31")
    assert User.objects.get(pk=nadia.pk).preferences["chart_days"] == "7"


def test_date_range_stored_by_an_earlier_version_opens_default_range(as_nadia, nadia, rosa):
    stored = {"chart_days": "d12345678", "chart_dates": [["2026-10-01", "2026-10-31"]]}
    User.objects.filter(pk=nadia.pk).update(preferences=stored)

    assert shown_days(open_patient_page(as_nadia, rosa)) == ("2026-10-23", "2026-11-21")


@pytest.mark.parametrize("change", ["days=90", "view=clock", "table=2", "days=free"])
def test_patient_page_choices_survive_a_change_of_another(as_nadia, rosa, change):
    device = DeviceFactory(patient=rosa)
    for hour in range(70):
        create_weight(device, NOW - dt.timedelta(hours=hour))
    shown = open_patient_page(as_nadia, rosa, "?days=14&excluded=1")
    links = [unescape(link) for link in re.findall(r'(?:href|action)="([^"]*\?[^"]*)"', shown.content.decode())]
    if change == "days=free":
        form = next(link for link in links if "/dates/" in link)
        address = as_nadia.post(form, {"first": "2026-10-01", "last": "2026-10-31"})["Location"]
    else:
        address = next(link for link in links if change in link)

    view = as_nadia.get(address.partition("#")[0]).context["chart_view"]

    assert view.left_out
    assert view.date_range.key == "14" or "days" in change
    assert view.by_time_of_day == ("clock" in change)


def test_date_range_urls_contain_no_dates_and_tabs_keep_their_own(as_nadia, nadia, rosa):
    first = post_date_range(as_nadia, rosa, "2026-10-01", "2026-10-31")["Location"]
    second = post_date_range(as_nadia, rosa, "2026-09-01", "2026-09-30")["Location"]

    assert shown_days(as_nadia.get(first)) == ("2026-10-01", "2026-10-31")
    assert shown_days(as_nadia.get(second)) == ("2026-09-01", "2026-09-30")
    assert not re.search(r"2026|10-01|oct", (first + second).lower().replace(str(rosa.pk), ""))
    assert "chart_dates" not in User.objects.get(pk=nadia.pk).preferences


def test_date_range_key_of_another_user_opens_default_range(as_nadia, client, cora, rosa):
    address = post_date_range(as_nadia, rosa, "2026-10-01", "2026-10-31")["Location"]
    client.force_login(cora)

    assert shown_days(client.get(address)) == ("2026-10-23", "2026-11-21")


def test_date_range_applies_to_export_print_and_live_update(as_nadia, rosa):
    create_weight(DeviceFactory(patient=rosa), dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC))
    create_weight(rosa.devices.get(), dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC))
    address = post_date_range(as_nadia, rosa, "2026-10-01", "2026-10-31")["Location"]
    response, query = as_nadia.get(address), f"?{address.partition('?')[2]}"

    live = re.search(r'data-live-url="([^"]+)"', response.content.decode())[1].replace("&amp;", "&")
    assert shown_days(as_nadia.get(f"{live}&v=0")) == ("2026-10-01", "2026-10-31")
    assert open_patient_page(as_nadia, rosa, f"readings.csv{query}").content.count(b"Weight") == 1
    assert "Oct 1, 2026 to Oct 31, 2026" in page_text(open_patient_page(as_nadia, rosa, f"print/{query}"))


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-10-31", "2026-10-01", "The last day comes before the first one."),
        ("2026-11-01", "2026-11-22", "This day is still to come: today is Nov 21 there."),
        ("1999-01-01", "2026-11-01", "No reading here is from before 2015."),
        ("", "2026-11-01", "Write the first day, such as 10/22/2026."),
        ("2026-11-01", "tomorrow", "This is no date. Write it as 10/22/2026."),
        ("2026-02-30", "\x00", "This is no date."),
    ],
)
def test_date_range_form_shows_errors_and_preserves_typed_values(as_nadia, rosa, first, last, words):
    response = post_date_range(as_nadia, rosa, first, last)

    assert words in page_text(response)
    assert response.status_code == 200
    assert f'value="{first}"' in response.content.decode() or not first
    assert '<details class="menu menu--chip" id="dates-menu" open>' in response.content.decode()
    assert "chart_dates" not in as_nadia.session


def test_date_range_session_retains_only_the_newest(as_nadia, rosa):
    for day in range(1, 23):
        post_date_range(as_nadia, rosa, f"2026-10-{day:02}", "2026-10-31")

    assert [first for _, first, _ in as_nadia.session["chart_dates"]] == [
        f"2026-10-{day:02}" for day in range(22, 2, -1)
    ]


def test_date_range_forgotten_key_returns_404_for_live_update_and_export(as_nadia, rosa):
    """Its title is not refreshed; the file that it offers says nothing of its days."""
    page = post_date_range(as_nadia, rosa, "2026-10-01", "2026-10-31")["Location"]
    live = re.search(r'data-live-url="([^"]+)"', as_nadia.get(page).content.decode())[1].replace("&amp;", "&")
    file = page.replace("?", "readings.csv?")
    assert [as_nadia.get(path).status_code for path in (live, file)] == [200, 200]

    session = as_nadia.session
    del session["chart_dates"]
    session.save()

    assert [as_nadia.get(path).status_code for path in (live, file)] == [404, 404]
    assert "Nov 21" not in page_text(as_nadia.get(file))


def test_patient_page_past_range_still_shows_current_weight_change(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    for days in (3, 2, 1):
        create_weight(device, NOW - dt.timedelta(days=days), 170)
    LatestReadingFactory(measurement=create_weight(device, NOW - dt.timedelta(hours=1), 174))
    patient_summaries.rebuild_patient_summaries([rosa.pk])

    shown = page_text(as_nadia.get(post_date_range(as_nadia, rosa, "2026-11-18", "2026-11-20")["Location"]))

    assert "From usual weight +4.0 lb above goal" in shown
    assert "today 1" not in shown  # beside the chart: its last weight is of the day before yesterday


def test_date_range_of_patient_in_another_clinic_returns_404(client, olaf, rosa):
    client.force_login(olaf)

    assert post_date_range(client, rosa, "2026-10-01", "2026-10-31").status_code == 404


# --- by time of day ---------------------------------------------------------------------------------------------


@pytest.fixture
def readings_by_time_of_day(rosa):
    """Five mornings and one night of blood pressure, a fasting glucose, a weight."""
    device = DeviceFactory(patient=rosa)
    for day, systolic in enumerate((150, 140, 130, 160, 170), start=11):
        taken = dt.datetime(2026, 11, day, 12, 30, tzinfo=dt.UTC)  # 7:30 in New York
        row = MeasurementFactory(device=device, code="blood_pressure", taken_at=taken, value_1=systolic, value_2=80)
    LatestReadingFactory(measurement=row)
    night = dt.datetime(2026, 11, 17, 3, 15, tzinfo=dt.UTC)  # 22:15
    MeasurementFactory(device=device, code="blood_pressure", taken_at=night, value_1=120, value_2=70)
    meal = {"meal_context": "fasting"}
    glucose = MeasurementFactory(device=device, code="glucose", taken_at=night, value_1=110, filter_params=meal)
    LatestReadingFactory(measurement=glucose)
    LatestReadingFactory(measurement=create_weight(device, night))


def panels_by_code(response):
    return {panel["code"]: panel for panel in response.context["chart_data"]["panels"]}


def test_time_of_day_view_overlays_blood_pressure_and_glucose_but_not_weight(as_nadia, rosa, readings_by_time_of_day):
    found = panels_by_code(open_patient_page(as_nadia, rosa, "?view=clock"))

    pressure = found["blood_pressure"]
    hour = 3_600_000
    assert pressure["clock"] == {
        "hours": 3,
        "at": [7.5 * hour] * 5 + [22.25 * hour],
        "labels": ["6 AM to 9 AM", "9 PM to midnight"],
        "banded": [True, False],
    }
    assert pressure["buckets"] == {
        "at": [7.5 * hour, 22.5 * hour],
        "n": [5, 1],
        "low": [[140.0, 120.0], [80.0, 70.0]],
        "mid": [[150.0, 120.0], [80.0, 70.0]],
        "high": [[160.0, 120.0], [80.0, 70.0]],
    }
    assert found["glucose-fasting"]["points"]["shapes"] == [1]
    assert found["weight"]["clock"] is None


def test_time_of_day_view_shows_a_table(as_nadia, rosa, readings_by_time_of_day):
    shown = page_text(open_patient_page(as_nadia, rosa, "?view=clock"))

    assert "6 AM to 9 AM 5 150/80 140/80 to 160/80" in shown
    assert "9 PM to midnight 1 120/70 too few" in shown
    assert "Time of day as a table" not in page_text(open_patient_page(as_nadia, rosa, "?view=time"))


def test_chart_view_is_remembered_and_preserved_by_live_update(as_nadia, rosa, readings_by_time_of_day):
    open_patient_page(as_nadia, rosa, "?view=clock")

    response = open_patient_page(as_nadia, rosa)
    live = re.search(r'data-live-url="([^"]+)"', response.content.decode())[1].replace("&amp;", "&")
    assert panels_by_code(response)["blood_pressure"]["clock"]
    open_patient_page(as_nadia, rosa, "?view=time")
    assert panels_by_code(as_nadia.get(f"{live}&v=0"))["blood_pressure"]["clock"]  # another tab stays as it is
    assert not panels_by_code(open_patient_page(as_nadia, rosa, "?view=nonsense"))["blood_pressure"]["clock"]


# --- behind a band ----------------------------------------------------------------------------------------------


def post_day_panel(client, patient, at, days=1):
    return client.post(f"/patients/{patient.pk}/day/", {"at": round(at.timestamp() * 1000), "days": days})


def test_day_panel_shows_readings_of_the_patient_local_day(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    midnight = dt.datetime(2026, 11, 1, 4, tzinfo=dt.UTC)  # of a day with 25 hours
    for hours, pounds in ((-0.1, 150), (0, 160), (24.9, 165), (25, 190)):
        create_weight(device, midnight + dt.timedelta(hours=hours), pounds)

    shown = page_text(post_day_panel(as_nadia, rosa, midnight))

    assert "Sun Nov 1, 2026" in shown
    assert [pounds for pounds in (150, 160, 165, 190) if f"{pounds}.0" in shown] == [160, 165]
    assert "190.0" in page_text(post_day_panel(as_nadia, rosa, midnight, days=2))
    assert AuditEvent.objects.filter(action="view", patient_ids=[rosa.pk], route="patients:day_readings").count() == 2


def test_day_panel_without_readings_shows_empty_state(as_nadia, rosa):
    assert "No readings on this day." in page_text(post_day_panel(as_nadia, rosa, NOW))


@pytest.mark.parametrize("sent", [{}, {"at": "x", "days": 1}, {"at": 10**20, "days": 1}, {"at": 1.5e12, "days": 10**6}])
def test_day_panel_invalid_time_or_day_count_returns_400(as_nadia, rosa, sent):
    assert as_nadia.post(f"/patients/{rosa.pk}/day/", sent).status_code == 400


# --- on paper ---------------------------------------------------------------------------------------------------


def test_print_page_shows_patient_dates_user_and_time(as_nadia, rosa, readings_by_time_of_day):
    shown = page_text(open_patient_page(as_nadia, rosa, "print/?days=14"))

    for expected in (
        "Rosa Delgado 75 y, female, born Apr 9, 1951, MRN MRN-ROSA; Hypertension",
        "Nov 8, 2026 to Nov 21, 2026 , times in Eastern Time (New York); readings on 6 of 11 days "
        "since the first reading of the range on Nov 11, 2026",
        "Printed by Nadia Haddad on Nov 21, 2026, 12:00 PM, Eastern Time (New York); Elm Street Clinic",
        "average 145/78 n 6",
    ):
        assert expected in shown
    assert "Change your password" not in shown
    assert (
        'id="session-timeout"' in open_patient_page(as_nadia, rosa, "print/").content.decode()
    )  # it ends with the session, too
    assert "<title>Print · Vitals at Home</title>" in open_patient_page(as_nadia, rosa, "print/").content.decode()


def test_print_page_and_browser_print_write_audit(as_nadia, nadia, rosa):
    open_patient_page(as_nadia, rosa, "print/")
    assert as_nadia.post(f"/patients/{rosa.pk}/printed/").status_code == 204  # Ctrl+P on the page itself

    events = AuditEvent.objects.filter(action="print")
    assert {(event.actor_id, tuple(event.patient_ids)) for event in events} == {(nadia.pk, (rosa.pk,))}
    assert {event.route for event in events} == {"patients:print", "patients:record_print"}
    assert not AuditEvent.objects.filter(action="view").exists()


def test_print_page_and_day_panel_of_patient_in_another_clinic_return_404(client, olaf, rosa):
    client.force_login(olaf)

    assert open_patient_page(client, rosa, "print/").status_code == 404
    assert client.post(f"/patients/{rosa.pk}/printed/").status_code == 404
    assert post_day_panel(client, rosa, NOW).status_code == 404
