"""Billing card, month list, its file and the command that prints the same list."""

import csv
import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from measurements.billing import computation
from measurements.billing.month_export import COLUMNS
from patients.models import AuditEvent
from patients.programmes.changes import touch_billing
from patients.programmes.models import Consent
from tests import factories
from tests.measurements.billing.clinic_rows import NOON, add_session, bill_patient, computed, measure_days

pytestmark = pytest.mark.django_db
NOVEMBER = "/billing/?month=2026-11"


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def as_biller(client_of, elm):
    return client_of(factories.UserFactory(role="coordinator", clinics=[elm], keeps_billing=True))


def text_of(page):
    return " ".join(page.content.decode().split())


def test_card_shows_clocks_lines_with_reasons_and_where_to_put_on_file(as_nadia, elm):
    patient = bill_patient(elm, days=9, minutes=())
    consent = Consent.objects.get(patient=patient)
    add_session(patient, consent.taken_by, dt.datetime(2026, 12, 1, 14, tzinfo=dt.UTC), 13)
    withdrawn = {"withdrawn_by": consent.taken_by, "withdrawn_reason": "Of another patient"}
    Consent.objects.filter(pk=consent.pk).update(withdrawn_at=NOON, **withdrawn)
    measure_days(patient.devices.get(), dt.date(2026, 11, 19), 6)

    page = as_nadia.get(f"/patients/{patient.pk}/billing/")

    text = text_of(page)
    assert page.status_code == 200
    assert "No consent is on file." in text
    assert f'No live interaction in the month is on file. <a href="/patients/{patient.pk}/notes/new/">' in text
    assert "16 days can still be reached: 6 of 30 measured, 18 days left, needs 10" in text
    assert "7 minutes to 99457" in text
    assert text.count('<rect class="day-box') == 30
    assert patient.pk in AuditEvent.objects.filter(route="billing:card").latest("pk").patient_ids


def test_card_computes_a_changed_fact_at_once_and_takes_constant_queries(as_nadia, elm):
    patient, busy = bill_patient(elm, days=3, minutes=(15,)), bill_patient(elm)
    computation.compute_due_lines()
    with CaptureQueriesContext(connection) as few:
        as_nadia.get(f"/patients/{patient.pk}/billing/")
    with CaptureQueriesContext(connection) as many:
        as_nadia.get(f"/patients/{busy.pk}/billing/")
    assert len(many) == len(few)

    Consent.objects.filter(patient=patient).update(revoked_on=dt.date(2026, 10, 20))
    touch_billing([patient.pk])

    assert "Never reached" in text_of(as_nadia.get(f"/patients/{patient.pk}/billing/"))


def test_card_of_other_clinic_is_not_found(client_of, olaf, elm):
    assert client_of(olaf).get(f"/patients/{bill_patient(elm).pk}/billing/").status_code == 404


def test_month_list_filters_totals_and_takes_constant_queries(as_biller, elm):
    first = bill_patient(elm, family_name="Alder")
    computation.compute_due_lines()
    as_biller.get(NOVEMBER)
    with CaptureQueriesContext(connection) as for_one:
        as_biller.get(NOVEMBER)
    bill_patient(elm, family_name="Birch", minutes=(12,))
    bill_patient(elm, family_name="Cedar", days=1, minutes=())
    computation.compute_due_lines()

    with CaptureQueriesContext(connection) as for_three:
        page = as_biller.get(NOVEMBER)

    assert len(for_three) == len(for_one)
    text = text_of(page)
    assert [text.find(name) for name in ("Alder", "Birch", "Cedar")] == sorted(
        text.find(name) for name in ("Alder", "Birch", "Cedar")
    )
    assert "<b>99454</b> 2 lines, 2 units, 0 approved" in text
    shown = {
        "code=99470": ("Birch", "Alder"),
        "state=never": ("Cedar", "Alder"),
        "missing=days": ("Cedar", "Birch"),
        "payer=Medicare&code=99457": ("Alder", "Birch"),
    }
    for query, (found, absent) in shown.items():
        text = text_of(as_biller.get(f"{NOVEMBER}&{query}"))
        assert (found in text, absent in text) == (True, False), query
    december = text_of(as_biller.get("/billing/?month=2026-12"))
    assert "16 days can still be reached" in december
    assert first.pk in AuditEvent.objects.filter(route="billing:month").first().patient_ids


def test_month_list_needs_the_permission_and_shows_own_clinic_only(client_of, cora, olaf, elm, as_biller):
    bill_patient(elm, family_name="Alder")
    computation.compute_due_lines()
    olaf.keeps_billing = True
    olaf.save(update_fields=["keeps_billing"])

    assert client_of(cora).get(NOVEMBER).status_code == 403
    assert "Alder" not in text_of(client_of(olaf).get(NOVEMBER))
    assert "Alder" in text_of(as_biller.get(NOVEMBER))


def test_file_and_command_print_the_same_list_safely_and_audited(as_biller, elm, capsys):
    patient = bill_patient(elm, family_name="=Alder", mrn="MRN-7")
    bill_patient(elm, family_name="Birch")
    computation.compute_due_lines()
    before = AuditEvent.objects.count()

    file = as_biller.get("/billing/file/?month=2026-11")
    sheet = as_biller.get("/billing/file.xlsx?month=2026-11").content
    call_command("billing", clinic=elm.slug, month="2026-11", format="csv")
    printed = capsys.readouterr().out
    call_command("billing", clinic=elm.slug, month="2026-11")

    rows = list(csv.DictReader(io.StringIO(file.content.decode().lstrip("\ufeff"))))
    assert file.content.decode().splitlines() == printed.strip("\n").splitlines()
    assert list(rows[0]) == list(COLUMNS)
    answers = json.loads(capsys.readouterr().out)
    assert [row["code"] for row in answers] == [row["code"] for row in rows] == ["99453", "99454", "99457"] * 2
    assert rows[0]["family_name"] == "'=Alder"
    assert (rows[1]["days"], rows[1]["diagnoses"], rows[1]["npi"]) == ("17", "I10", "1234567893")
    cells = CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0).to_python()
    assert (cells[0], cells[1][2], cells[2][COLUMNS.index("days")]) == (list(COLUMNS), "=Alder", 17)
    exports = AuditEvent.objects.filter(action="export", target="billing_month")
    assert [(event.details["rows"], patient.pk in event.patient_ids) for event in exports] == [(6, True)] * 4
    assert AuditEvent.objects.count() > before


def test_command_refuses_what_it_cannot_print(elm):
    for wrong, words in (
        ({"clinic": elm.slug}, "--clinic needs --month"),
        ({"clinic": "nowhere", "month": "2026-11"}, "There is no clinic with the short name 'nowhere'"),
        ({"facts": "x.json"}, "--facts needs --as-of"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("billing", **wrong)


def test_line_without_practitioner_account_is_computed(elm):
    assert ("99454", 1, "suggested") in computed(bill_patient(elm))
