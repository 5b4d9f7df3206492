"""PDF of a report, read back: text and its order, pages, fonts, tags and language, for short, long and empty ranges."""

import datetime as dt
import io
import re

import pypdf
import pytest

from measurements.documents import glyphs, pdf
from measurements.documents.pdf import DocumentError, compile_pdf
from patients.models import AuditEvent
from tests.factories import AlertEpisodeFactory, AlertStepFactory, NoteFactory
from tests.measurements.page_setup import NOW, add_reading
from tests.measurements.reports.report_setup import add_history
from tests.page_texts import page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")


@pytest.fixture
def read_pdf(as_nadia, rosa):
    def read(query="days=90"):
        response = as_nadia.get(f"/patients/{rosa.pk}/report.pdf?{query}")
        assert response.status_code == 200
        return pypdf.PdfReader(io.BytesIO(response.content))

    return read


def text_of(document):
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in document.pages))


def fonts_of(document):
    """(name, whether its glyphs are in the file) of every font of every page, with those of its pictures."""
    found, waiting = set(), [page["/Resources"] for page in document.pages]
    while waiting:
        resources = waiting.pop()
        for font in resources.get("/Font", {}).values():
            drawn = font["/DescendantFonts"][0]["/FontDescriptor"]
            found.add((font["/BaseFont"], "/FontFile2" in drawn or "/FontFile3" in drawn))
        forms = [each.get_object() for each in resources.get("/XObject", {}).values()]
        waiting += [form["/Resources"] for form in forms if "/Resources" in form]
    return found


def elements_of(document):
    """Kinds of the structure elements in reading order, with the alternative text of figures."""
    found, waiting = [], [document.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if isinstance(element, list):
            waiting += reversed(element)
        elif isinstance(element, dict):
            if "/S" in element:
                found.append((element["/S"], str(element.get("/Alt", ""))))
            if "/K" in element:
                waiting.append(element["/K"])
    return found


def test_report_pdf_has_text_in_reading_order_embedded_fonts_tags_and_language(read_pdf, rosa):
    device = add_history(rosa, days=90, gap=range(30, 36))
    add_reading(device, "blood_pressure", 190, 100, hours_ago=30, conflict=True, latest=False)
    rosa.enrolled_at = NOW - dt.timedelta(days=100)
    rosa.save()

    document = read_pdf()

    text, root = text_of(document), document.trailer["/Root"]
    in_order = (
        "Rosa Delgado",
        "born Apr 9, 1951 (75 y), female, MRN MRN-ROSA",
        "Elm Street Clinic",
        "Home readings, Aug 24 to Nov 21, 2026, times in Eastern Time (New York); readings on 85 of 90 days",
        "Printed Nov 21, 2026, 12:00 PM, Eastern Time (New York), by Nadia Haddad",
        "Averages",
        "Blood pressure mmHg goal < 130/80",
        "n 167",
        "7-day home average, Nov 15 to Nov 21, 2026: ",
        "Days without readings: 5 days: Oct 17 to Oct 21, 2026",
        "Charts",
        "Blood pressure, mmHg",
        "check this reading; not in averages",
        "Pulse, bpm",
        "Weight, lb",
        "Quality marks",
    )
    places = [text.find(words) for words in in_order]
    assert -1 not in places, text
    assert places == sorted(places)
    assert len(document.pages) == 1
    assert {name.split("+")[1].removesuffix("-Identity-H") for name, _ in fonts_of(document)} == {
        "DejaVuSansCondensed",
        "DejaVuSansCondensed-Bold",
    }
    assert all(embedded for _, embedded in fonts_of(document))
    assert root["/Lang"] == "en-US"
    assert root["/MarkInfo"]["/Marked"]
    assert document.metadata.title == "Home readings, Aug 24 to Nov 21, 2026"
    elements = elements_of(document)
    assert [kind for kind, _ in elements if kind in ("/H1", "/H2", "/H3")] == ["/H1", "/H2", "/H2", *["/H3"] * 3, "/H2"]
    assert [kind for kind, _ in elements].count("/TH") == 6
    alternatives = [alternative for kind, alternative in elements if kind == "/Figure"]
    assert len(alternatives) == 3
    assert alternatives[0].startswith("167 readings from Aug 24, 2026 to Nov 21, 2026: systolic 120 to 148, goal < 130")


@pytest.mark.parametrize(
    ("codes", "days", "most_pages"),
    [
        ((), 90, 1),
        (("weight",), 1, 1),
        (("blood_pressure",), 3 * 365, 1),
        (("blood_pressure", "pulse", "weight", "glucose", "spO2"), 3 * 365, 2),
    ],
    ids=["no readings", "one reading", "three years of one metric", "three years of five metrics"],
)
def test_report_pdf_of_any_range_is_one_or_two_pages(read_pdf, rosa, codes, days, most_pages):
    if codes:
        add_history(rosa, days=days, codes=codes)

    document = read_pdf("days=0")

    assert len(document.pages) <= most_pages
    assert [kind for kind, _ in elements_of(document)].count("/Figure") == len(codes)
    assert ("No readings yet." in text_of(document)) == (not codes)


def test_report_pdf_of_dates_in_the_past_with_one_day(as_nadia, read_pdf, rosa):
    add_history(rosa, days=30)
    sent = {"days": "dates", "first": "2026-11-05", "last": "2026-11-05", "paper": "a4", "notes": ""}

    target = as_nadia.post(f"/patients/{rosa.pk}/report/", sent)["Location"]
    document = read_pdf(target.partition("?")[2])

    assert "Home readings, Nov 5, 2026, times" in text_of(document)
    assert "2026" not in target
    assert [round(float(side)) for side in document.pages[0].mediabox[2:]] == [595, 842]


def test_report_pdf_prints_names_in_other_scripts_and_squares_for_what_it_has_no_shape_for(read_pdf, rosa):
    rosa.given_name, rosa.family_name = "Ольга Nguyễn Ελένη Şükrü", "O'Łuczak-" + "Featherstonehaugh" * 4
    rosa.mrn = '"#read(1)$*_`<'
    rosa.save()
    rosa.clinic.name = "診療 Elm"
    rosa.clinic.save()

    text = text_of(read_pdf())

    assert "Ольга Nguyễn Ελένη Şükrü O'Łuczak-" in text
    assert 'MRN "#read(1)$*_`<' in text
    assert "□□ Elm" in text


def test_report_pdf_has_notes_when_chosen_and_alerts_with_outcomes(read_pdf, rosa, nadia):
    add_history(rosa, days=7)
    at = dt.datetime(2026, 11, 18, 14, 30, tzinfo=dt.UTC)
    NoteFactory(patient=rosa, created_at=at, versions__text="Sleeps *badly*.\nWill call.")
    NoteFactory(patient=rosa, created_at=at - dt.timedelta(days=30), versions__text="Long ago.")
    closed_at = at + dt.timedelta(hours=2)
    episode = AlertEpisodeFactory(
        patient=rosa, last=at, state="closed", section="", closed_at=closed_at, closed_by="person"
    )
    AlertStepFactory(episode=episode, by=nadia, at=at + dt.timedelta(hours=1))
    AlertStepFactory(
        episode=episode, by=nadia, at=at + dt.timedelta(hours=2), kind="resolve", outcome="medication_changed"
    )

    with_notes, without = (text_of(read_pdf(f"days=7&notes={chosen}")) for chosen in (1, 0))

    assert "Notes Note; Nov 18, 2026, 9:30 AM, " in with_notes
    assert "Sleeps *badly*. Will call." in with_notes
    assert "Long ago." not in with_notes
    assert "Sleeps" not in without
    assert (
        "Alerts \N{EN DASH} Warning, high average blood pressure: Nov 18, 2026, 9:30 AM; worst 162/94 mmHg; "
        "acknowledged by Nadia Haddad Nov 18, 2026, 10:30 AM; "
        "resolved Nov 18, 2026, 11:30 AM by Nadia Haddad: medication changed"
    ) in without


def test_report_pdf_is_audited_as_export_and_its_file_name_holds_no_patient(as_nadia, rosa):
    response = as_nadia.get(f"/patients/{rosa.pk}/report.pdf?days=30&notes=1")

    event = AuditEvent.objects.get(action="export")
    assert (event.patient_ids, event.route) == ([rosa.pk], "reports:pdf")
    assert event.details == {"days": 30, "notes": True}
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="home-readings.pdf"'
    assert "no-store" in response["Cache-Control"]


def test_report_pdf_that_fails_leads_to_the_page_and_exports_nothing(as_nadia, rosa, monkeypatch, caplog):
    monkeypatch.setattr(pdf, "COMPILER_SECONDS", 0.001)

    page = as_nadia.get(f"/patients/{rosa.pk}/report.pdf?days=30", follow=True)

    assert "The PDF could not be made. The report is below" in page_text(page)
    assert not AuditEvent.objects.filter(action="export").exists()
    assert "a report was not made: not done after 0 s" in caplog.text


def test_compile_pdf_raises_without_the_words_of_the_document(monkeypatch):
    with pytest.raises(DocumentError, match="the compiler ended with 1") as caught:
        compile_pdf("reports/report.typ", {"head": "Rosa Delgado"}, created_at=NOW)
    assert "Rosa" not in str(caught.value)

    monkeypatch.setattr(pdf, "COMPILER_SECONDS", 0.001)
    with pytest.raises(DocumentError, match="not done after"):
        compile_pdf("reports/report.typ", {}, created_at=NOW)


def test_glyphs_of_both_fonts_are_known():
    text = "Łódź Ελένη Ольга أحمد ●■○◎▢✕⊘◇◒◐◑ ≥₂▲▼"

    assert glyphs.replace_missing(text) == text
    assert glyphs.replace_missing("山\n\x07") == "□\n□"
