"""Page of a report: its form, what it refuses, and the same figures as the PDF."""

import pytest

from patients.models import User
from tests.measurements.page_setup import add_reading, audited_patient_ids
from tests.measurements.reports.report_setup import add_history
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")
SENT = {"days": "7", "first": "", "last": "", "paper": "us-letter", "notes": "on"}


@pytest.fixture
def report_address(rosa):
    return f"/patients/{rosa.pk}/report/"


def test_report_page_shows_figures_charts_gaps_and_marks_and_is_audited(as_nadia, rosa, report_address):
    device = add_history(rosa, days=5)
    add_reading(device, "blood_pressure", 190, 100, hours_ago=6, conflict=True, latest=False)

    page = as_nadia.get(f"{report_address}?days=30&notes=1")

    assert not missing_words(
        page,
        "Oct 23 to Nov 21, 2026, times in Eastern Time (New York); readings on 6 of",
        "goal &lt; 130/80",
        "7-day home average, Nov 15 to Nov 21, 2026",
        "before noon",
        "Days without readings",
        "check: another value for the same time",
        "No notes in these days.",
    )
    assert page.content.decode().count('<svg class="picture"') == 3
    assert audited_patient_ids("view") == [[rosa.pk]]


def test_report_form_leads_to_an_address_without_dates_and_remembers_the_paper(as_nadia, nadia, report_address):
    fixed = as_nadia.post(report_address, SENT)
    dates = {"days": "dates", "first": "2026-11-02", "last": "2026-11-05", "paper": "a4", "notes": ""}
    free = as_nadia.post(report_address, SENT | dates)

    assert fixed["Location"] == f"{report_address}?days=7&paper=us-letter&notes=1"
    assert "2026" not in free["Location"].removeprefix(report_address)
    assert "Nov 2 to Nov 5, 2026" in page_text(as_nadia.get(free["Location"]))
    assert User.objects.get(pk=nadia.pk).preferences["paper"] == "a4"
    assert "PDF of the report below, A4" in page_text(as_nadia.get(report_address))


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({"days": "12"}, "Choose one of these ranges."),
        ({"paper": "legal"}, "Choose Letter or A4."),
        ({"days": "dates"}, "Write the first day, such as 10/22/2026."),
        ({"days": "dates", "first": "2026-11-05", "last": "2026-11-02"}, "The last day comes before the first one."),
        ({"days": "dates", "first": "2026-11-05", "last": "2027-01-02"}, "This day is still to come"),
        ({"days": "dates", "first": "1999-11-05", "last": "2026-11-02"}, "No reading here is from before 2015."),
        ({"days": "dates", "first": "soon", "last": "2026-11-02"}, "This is no date. Write it as 10/22/2026."),
    ],
)
def test_report_form_refuses_nonsense_at_its_field_and_shows_what_was_sent(as_nadia, report_address, sent, refusal):
    page = as_nadia.post(report_address, SENT | sent)

    assert page.status_code == 200
    assert refusal in page_text(page)
    if sent.get("days") == "dates":
        assert [page.context["dates_form"][name].value() or "" for name in ("first", "last")] == [
            sent.get("first", ""),
            sent.get("last", ""),
        ]


def test_report_of_dates_that_are_no_longer_remembered_is_not_found(as_nadia, rosa, report_address):
    assert as_nadia.get(f"{report_address}?days=d1234abcd").status_code == 404
    assert as_nadia.get(f"/patients/{rosa.pk}/report.pdf?days=d1234abcd").status_code == 404


def test_patient_page_leads_to_report_and_record_text_of_the_range_shown(as_nadia, rosa, report_address):
    page = as_nadia.get(f"/patients/{rosa.pk}/?days=90").content.decode()

    assert f'href="{report_address}?days=90&amp;view=time"' in page
    assert f'href="/patients/{rosa.pk}/record-text/?days=90&amp;view=time"' in page
