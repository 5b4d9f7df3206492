"""Two ranges of one patient compared: from today, a note, a change of a goal, or typed; refusals; cost."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import DeviceFactory, NoteVersionFactory, PatientFactory, ThresholdChangeFactory
from tests.measurements.page_setup import NOW, add_reading, audited_patient_ids
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")
TYPED = {
    "before-first": "2026-10-01",
    "before-last": "2026-10-31",
    "after-first": "2026-11-01",
    "after-last": "2026-11-21",
}


@pytest.fixture
def treated(rosa, clock_at_noon):
    """Blood pressure at noon of every day: 150/90 up to 14 days ago, 126/76 since; one reading of it is doubtful."""
    device = DeviceFactory(patient=rosa)
    for day in range(28):
        values = (126, 76) if day < 14 else (150, 90)
        add_reading(device, "blood_pressure", *values, hours_ago=24 * day + 1, latest=day == 0)
    add_reading(device, "blood_pressure", 260, 80, hours_ago=30, latest=False, implausible=True)
    add_reading(device, "weight", "171.00", hours_ago=24 * 60)
    return rosa


def test_comparison_states_averages_n_shares_and_difference_and_draws_both_on_one_axis(as_nadia, treated):
    page = as_nadia.get(f"/patients/{treated.pk}/comparison/")

    assert not missing_words(
        page,
        "Oct 25 to Nov 7, 2026 14 days, readings on 14 of 14 days",
        "Nov 8 to Nov 21, 2026 14 days, readings on 14 of 14 days",
        "Average 150/90 mmHg before (n 14), 126/76 mmHg after (n 14): systolic 24 lower, diastolic 14 lower.",
        "Out of goal: 14 of 14 (100 %) before, 0 of 14 (0 %) after.",
        "Difference \N{MINUS SIGN}24/\N{MINUS SIGN}14",
        "No readings in either range: Weight.",
    )
    pictures = re.findall(r'<svg class="picture".*?</svg>', page.content.decode(), re.DOTALL)
    axes = [re.findall(r'text-anchor="end">([^<]*)<', picture) for picture in pictures]
    assert len(pictures) == 2
    assert axes[0] == axes[1]
    assert [re.search(r'<title id="([^"]*)"', picture)[1] for picture in pictures] == [
        "picture-before-blood_pressure-title",
        "picture-after-blood_pressure-title",
    ]
    assert audited_patient_ids("view") == [[treated.pk]]


def test_comparison_at_goal_change_and_note_begins_the_second_range_on_its_day(as_nadia, nadia, treated):
    change = ThresholdChangeFactory(patient=treated, by=nadia)
    note = NoteVersionFactory(
        note__patient=treated, happened_at=NOW - dt.timedelta(days=14, hours=9), text="Amlodipine"
    )

    at_change = as_nadia.get(f"/patients/{treated.pk}/comparison/goal/{change.pk}/?each=7")
    at_note = as_nadia.get(f"/patients/{treated.pk}/comparison/note/{note.note_id}/")

    assert not missing_words(
        at_change, "Goal changed on Nov 21, 2026, 12:00 PM", "Nov 14 to Nov 20, 2026 7 days", "After Nov 21, 2026 1 day"
    )
    assert not missing_words(
        at_note, "Nov 7, 2026, 3:00 AM", ": Amlodipine That day", "Oct 24 to Nov 6, 2026", "Nov 7 to Nov 20, 2026"
    )


def test_comparison_is_one_click_from_a_note_a_goal_change_and_the_patient_page(as_nadia, nadia, treated):
    change = ThresholdChangeFactory(patient=treated, by=nadia)
    note = NoteVersionFactory(note__patient=treated)
    here = f"/patients/{treated.pk}/"

    links = [
        (as_nadia.get(here), f"{here}comparison/"),
        (as_nadia.get(here), f"{here}comparison/note/{note.note_id}/"),
        (as_nadia.get(f"{here}goals/"), f"{here}comparison/goal/{change.pk}/"),
    ]

    assert [link for page, link in links if f'href="{link}"' not in page.content.decode()] == []


def test_comparison_of_typed_ranges_has_no_date_in_its_address_and_belongs_to_one_patient(as_nadia, treated):
    sent = as_nadia.post(f"/patients/{treated.pk}/comparison/choose/", TYPED)
    page = as_nadia.get(sent.url)
    other = PatientFactory(clinic=treated.clinic)

    assert re.fullmatch(rf"/patients/{treated.pk}/comparison/\?ranges=r[0-9a-f]{{8}}", sent.url)
    assert not missing_words(page, "Oct 1 to Oct 31, 2026 31 days", "Nov 1 to Nov 21, 2026 21 days")
    assert as_nadia.get(sent.url.replace(str(treated.pk), str(other.pk))).status_code == 404
    assert as_nadia.get(f"/patients/{treated.pk}/comparison/?ranges=r00000000").status_code == 404


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"before-last": "2026-09-30"}, "The last day comes before the first one."),
        ({"after-first": "2026-10-31"}, "Must be later than the last day before, Oct 31: no day is in both ranges."),
        ({"after-last": "2026-11-22"}, "This day is still to come: today is Nov 21 there."),
        ({"before-first": "1999-01-01"}, "No reading here is from before 2015."),
        ({"before-first": ""}, "Write the first day, such as 10/22/2026."),
        ({"after-last": "tomorrow"}, "This is no date. Write it as 10/22/2026."),
    ],
)
def test_comparison_of_nonsense_is_refused_at_its_field_with_what_was_typed(as_nadia, treated, changed, refusal):
    sent = TYPED | changed
    page = as_nadia.post(f"/patients/{treated.pk}/comparison/choose/", sent)

    text = page.content.decode()
    assert page.status_code == 200
    assert refusal in page_text(page)
    assert [value for value in sent.values() if value and f'value="{value}"' not in text] == []
    assert '<details class="menu menu--chip" id="dates-menu" open>' in text


def test_comparison_of_another_patients_note_or_goal_change_is_not_found(as_nadia, treated):
    note = NoteVersionFactory(note__patient=PatientFactory(clinic=treated.clinic))
    change = ThresholdChangeFactory(patient=note.note.patient)

    for part in (f"note/{note.note_id}/", f"goal/{change.pk}/"):
        assert as_nadia.get(f"/patients/{treated.pk}/comparison/{part}").status_code == 404


def test_comparison_uses_as_many_queries_for_every_length(as_nadia, treated):
    counts = []
    for each in (7, 90, 7, 90):  # the first round fills caches
        with CaptureQueriesContext(connection) as queries:
            as_nadia.get(f"/patients/{treated.pk}/comparison/?each={each}")
        counts.append(len(queries))

    assert counts[2] == counts[3] < 30


def test_comparison_without_readings_says_so(as_nadia, rosa):
    assert "No readings from Rosa Delgado yet." in page_text(as_nadia.get(f"/patients/{rosa.pk}/comparison/"))
