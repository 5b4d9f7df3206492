"""Evidence packs: the same bytes for ever, drafts marked, a month's approved lines in one file, who gets them."""

import hashlib
import io
import json

import pytest
from django.db import ProgrammingError, transaction
from pypdf import PdfReader

from measurements.billing import computation
from measurements.billing.approvals import approve_lines, fingerprint
from measurements.billing.evidence import packs
from measurements.billing.models import BillingLine, EvidenceFile, LineApproval
from measurements.documents.pdf import DocumentError
from patients.models import AuditEvent
from tests import factories
from tests.measurements.billing.clinic_rows import NOON, approve_time, bill_patient, computed, line_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def patient(elm, nadia):
    nadia.keeps_billing = True
    nadia.save(update_fields=["keeps_billing"])
    found = bill_patient(elm, by=nadia)
    computation.compute_due_lines()
    return found


def approve(line, by):
    line = BillingLine.objects.select_related("practitioner", "patient__billing_state").get(pk=line.pk)
    [approval] = approve_lines(lines=[line], seen=[fingerprint(line)], by=by)
    return approval


def words_of(content):
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def test_pack_of_device_line_proves_days_order_consent_and_stays_the_same_bytes(
    as_nadia, nadia, patient, monkeypatch, noon
):
    approval = approve(line_of(patient, "99454"), nadia)
    address = f"/billing/approvals/{approval.pk}/evidence.pdf"

    first = as_nadia.get(address)

    words = words_of(first.content)
    assert first["Content-Type"] == "application/pdf"
    assert patient.family_name not in first["Content-Disposition"]
    for said in (
        "Evidence of 99454", patient.name, approval.evidence_hash, "Days: 17", "I10", "Dr. Imani Okafor",
        "I agree to be monitored", "2026-10-20", "America/New_York", "CMS-1693-F", "I am the billing practitioner",
        "Education", "weight", "2026-10-20 14:00:00", "Tenovi BPM L",
    ):  # fmt: skip
        assert said in words, said
    assert "Draft" not in words
    monkeypatch.setattr(packs, "TEMPLATE", "no longer there")
    noon.move_to("2027-03-01T12:00:00Z", tick=False)
    as_nadia.force_login(nadia)
    assert as_nadia.get(address).content == first.content
    event = AuditEvent.objects.filter(action="export").latest("pk")
    assert (event.target, event.patient_ids) == ("billing_evidence", [patient.pk])
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        EvidenceFile.objects.update(content=b"")


def test_json_of_pack_has_the_hash_of_its_canonical_content(as_nadia, nadia, patient):
    approval = approve(line_of(patient, "99454"), nadia)

    found = json.loads(as_nadia.get(f"/billing/approvals/{approval.pk}/evidence.json").content)

    canonical = json.dumps(found["evidence"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert found["sha256"] == approval.evidence_hash == hashlib.sha256(canonical.encode()).hexdigest()
    assert found["evidence"]["line"]["code"] == "99454"


def test_pack_of_time_line_shows_sessions_with_what_counts(as_nadia, nadia, patient):
    approve_time(patient, nadia)
    computed(patient)
    approval = approve(line_of(patient, "99457"), nadia)

    words = words_of(as_nadia.get(f"/billing/approvals/{approval.pk}/evidence.pdf").content)

    for said in ("Time, each second once", "Live interactions", nadia.name, "RN", "15 min 0 s", "Corrections"):
        assert said in words, said
    assert "Days with readings" not in words


def test_line_without_approval_gives_a_draft(as_nadia, patient):
    line = line_of(patient, "99454")

    words = words_of(as_nadia.get(f"/billing/lines/{line.pk}/draft.pdf").content)
    found = json.loads(as_nadia.get(f"/billing/lines/{line.pk}/draft.json").content)

    assert "Draft, approved by no one." in words
    assert "not approved" in words
    assert found["evidence"]["draft"] is True
    assert not EvidenceFile.objects.exists()
    assert f"/billing/lines/{line.pk}/draft.pdf" in as_nadia.get(f"/patients/{patient.pk}/billing/").content.decode()


@pytest.mark.parametrize("kind", ["pdf", "json"])
def test_draft_of_a_line_that_is_not_reached_is_refused(as_nadia, patient, kind):
    line = BillingLine.objects.filter(patient=patient, code="").first()

    page = as_nadia.get(f"/billing/lines/{line.pk}/draft.{kind}", follow=True)

    assert "This line is not reached" in page.content.decode()


def test_month_holds_evidence_of_its_approved_lines_only(as_nadia, nadia, patient):
    approval = approve(line_of(patient, "99454"), nadia)
    month = f"?month={line_of(patient, '99454').belongs_to:%Y-%m}"

    words = words_of(as_nadia.get(f"/billing/evidence.pdf{month}").content)
    found = json.loads(as_nadia.get(f"/billing/evidence.json{month}").content)

    assert words.count("Evidence of 99454") == 1
    assert "Evidence of 99457" not in words
    assert [each["sha256"] for each in found] == [approval.evidence_hash]


def test_month_without_approved_lines_or_with_too_many_says_so(as_nadia, nadia, patient, monkeypatch):
    month = f"?month={line_of(patient, '99454').belongs_to:%Y-%m}"
    assert (
        "No line of this list is approved."
        in as_nadia.get(f"/billing/evidence.pdf{month}", follow=True).content.decode()
    )
    approve(line_of(patient, "99454"), nadia)
    monkeypatch.setattr("measurements.billing.pages.evidence.MOST_IN_A_PDF", 0)

    page = as_nadia.get(f"/billing/evidence.pdf{month}", follow=True)

    assert "1 approved line: a PDF holds 0." in page.content.decode()


def test_pdf_that_could_not_be_made_is_said_and_not_stored(as_nadia, nadia, patient, monkeypatch):
    approval = approve(line_of(patient, "99454"), nadia)

    def fail(*_words, **_more):
        raise DocumentError("the compiler ended with 1")

    monkeypatch.setattr(packs, "compile_pdf", fail)

    page = as_nadia.get(f"/billing/approvals/{approval.pk}/evidence.pdf", follow=True)

    assert "The PDF could not be made." in page.content.decode()
    assert not EvidenceFile.objects.exists()


def test_evidence_of_another_clinic_is_not_found(as_nadia, harbor):
    elsewhere = factories.LineApprovalFactory(patient=factories.PatientFactory(clinic=harbor))
    line = factories.BillingLineFactory(patient=elsewhere.patient)

    assert as_nadia.get(f"/billing/approvals/{elsewhere.pk}/evidence.json").status_code == 404
    assert as_nadia.get(f"/billing/lines/{line.pk}/draft.json").status_code == 404
    assert LineApproval.objects.count() == 1
