"""Approval of lines: who may, what is frozen, what differs later, and what happens with the claim."""

import datetime as dt

import pytest
from django.db import ProgrammingError, transaction

from measurements.billing import computation
from measurements.billing.evidence.content import evidence_hash
from measurements.billing.models import BillingLine, LineApproval, LineStep
from patients.models import AuditEvent
from patients.programmes.models import BillingPractitioner
from tests import factories
from tests.measurements.billing.clinic_rows import (
    FIRST,
    NOON,
    add_session,
    approve_time,
    bill_patient,
    computed,
    line_of,
    measure_days,
)

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


def text_of(page):
    return " ".join(page.content.decode().split())


def approve(client, *lines):
    """Opens the confirmation page and sends what it holds."""
    page = client.post("/billing/approve/", {"lines": [line.pk for line in lines]})
    seen = [candidate.seen for candidate, _ in page.context["candidates"]]
    ids = [line.pk for line in lines]
    return client.post("/billing/approve/", {"lines": ids, "seen": seen, "attested": "1", "confirmed": "1"})


def test_approval_page_lists_odd_things_refusals_and_statement(as_nadia, patient):
    computed(patient)
    late = line_of(patient, "99453"), line_of(patient, "99457")

    text = text_of(as_nadia.post("/billing/approve/", {"lines": [line.pk for line in late]}))

    assert "Fewer than 16 days" not in text
    assert "The month's time needs its approval before" in text.replace("&#x27;", "'")
    assert f'href="/patients/{patient.pk}/time/"' in text
    assert "I am the billing practitioner of these lines." in text
    assert not LineApproval.objects.exists()


def test_approval_freezes_line_with_evidence_and_its_hash(as_nadia, nadia, patient):
    answer = approve(as_nadia, line_of(patient, "99454"))

    assert answer.status_code == 302
    approval = LineApproval.objects.get()
    line = line_of(patient, "99454")
    assert (line.status, line.approval, approval.by, approval.units) == ("approved", approval, nadia, 1)
    assert approval.evidence_hash == evidence_hash(approval.evidence)
    evidence = approval.evidence
    assert [day["day"] for day in evidence["days"]] == [str(FIRST + dt.timedelta(days=n)) for n in range(17)]
    assert evidence["order"]["diagnoses"] == ["I10"]
    assert evidence["order"]["practitioner_name"] == "Dr. Imani Okafor"
    assert evidence["consents"][0]["text"].startswith("I agree to be monitored")
    assert evidence["rules"]["code"][0]["source"].startswith("CMS-1693-F")
    assert evidence["devices"][0]["first_reading"] == "2026-10-20T14:00:00Z"
    assert patient.pk in AuditEvent.objects.filter(action="billing").latest("pk").patient_ids
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        LineApproval.objects.update(units=2)


def test_time_line_needs_approved_time_and_shows_sessions(as_nadia, nadia, patient):
    refused = approve(as_nadia, line_of(patient, "99457"))
    assert not LineApproval.objects.exists()
    assert "needs its approval before" in text_of(refused)

    approve_time(patient, nadia)
    computed(patient)
    approve(as_nadia, line_of(patient, "99457"))

    evidence = LineApproval.objects.get().evidence
    assert [session["credential"] for session in evidence["sessions"]] == ["RN", "RN"]
    assert len(evidence["live_interactions"]) == len(evidence["time_approvals"]) == 1


def test_only_billing_practitioner_of_the_line_approves(client_of, as_nadia, nadia, elm, patient):
    other = factories.UserFactory(role="clinician", clinics=[elm])
    factories.BillingPractitionerFactory(person=other)
    page = client_of(other).post("/billing/approve/", {"lines": [line_of(patient, "99454").pk]})
    assert "Only the billing practitioner of the order may approve it" in text_of(page)

    BillingPractitioner.objects.filter(person=nadia).update(ended_on=dt.date(2026, 11, 30))
    approve(as_nadia, line_of(patient, "99454"))

    assert not LineApproval.objects.exists()


def test_line_that_changed_since_it_was_read_is_not_approved(as_nadia, patient):
    line = line_of(patient, "99454")
    page = as_nadia.post("/billing/approve/", {"lines": [line.pk]})
    seen = [candidate.seen for candidate, _ in page.context["candidates"]]
    measure_days(patient.devices.get(), FIRST + dt.timedelta(days=20), 1)

    answer = as_nadia.post("/billing/approve/", {"lines": [line.pk], "seen": seen, "attested": "1"})

    assert "It has changed since the page was opened" in text_of(answer)
    assert not LineApproval.objects.exists()


def test_late_reading_changes_nothing_approved_and_opens_a_difference(as_nadia, nadia, patient):
    approve(as_nadia, line_of(patient, "99454"))
    approval = LineApproval.objects.get()
    measure_days(patient.devices.get(), FIRST + dt.timedelta(days=20), 1)
    computed(patient)

    page = text_of(as_nadia.get(f"/billing/approvals/{approval.pk}/"))
    assert "Differs now: 18 days, 99454. What was approved is unchanged." in page
    assert len(line_of(patient, "99454").days) == 17
    refused = as_nadia.post(f"/billing/approvals/{approval.pk}/step/", {"kind": "exported"})
    assert "Approve the new or confirm the approved first" in text_of(refused)

    as_nadia.post(f"/billing/approvals/{approval.pk}/confirm/", {"reason": "The reading came after the claim"})
    assert line_of(patient, "99454").difference is None
    measure_days(patient.devices.get(), FIRST + dt.timedelta(days=22), 1)
    computed(patient)
    assert line_of(patient, "99454").difference == {"codes": {"99454": 1}, "count": 19}

    approve(as_nadia, line_of(patient, "99454"))
    newest = LineApproval.objects.first()
    assert (line_of(patient, "99454").approval, line_of(patient, "99454").difference) == (newest, None)
    assert [step.kind for step in approval.steps.all()] == ["confirmed", "replaced"]
    assert approval.steps.last().replaced_by == newest


def test_more_minutes_replace_the_months_lines(as_nadia, nadia, patient):
    approve_time(patient, nadia)
    computed(patient)
    approve(as_nadia, line_of(patient, "99457"))
    add_session(patient, patient.time_sessions.first().person, dt.datetime(2026, 11, 9, 15, tzinfo=dt.UTC), 20)
    patient.time_approvals.update(withdrawn_at=NOON, withdrawn_reason="Sessions changed")
    approve_time(patient, nadia)
    assert ("99458", 1, "suggested") in computed(patient)
    line = line_of(patient, "99457")
    assert line.difference == {"codes": {"99457": 1, "99458": 1}, "count": 45}

    approve(as_nadia, line)

    lines = BillingLine.objects.filter(patient=patient, kind="month", first="2026-11-01")
    assert sorted((one.code, one.status) for one in lines) == [("99457", "approved"), ("99458", "approved")]
    assert not lines.filter(difference__isnull=False).exists()


def test_steps_follow_each_other_as_rows_with_reasons(as_nadia, patient):
    approve(as_nadia, line_of(patient, "99454"))
    approval = LineApproval.objects.get()
    address = f"/billing/approvals/{approval.pk}/step/"

    early = text_of(as_nadia.post(address, {"kind": "paid"}))
    for kind in ("exported", "submitted"):
        as_nadia.post(address, {"kind": kind})
    unexplained = text_of(as_nadia.post(address, {"kind": "denied"}))
    as_nadia.post(address, {"kind": "denied", "reason": "No prior authorization"})

    assert "It is only approved, so it can't be paid now" in early.replace("&#x27;", "'")
    assert "Why is it denied?" in unexplained
    assert [step.kind for step in LineStep.objects.all()] == ["exported", "submitted", "denied"]
    assert "Denied" in text_of(as_nadia.get(f"/patients/{patient.pk}/billing/"))


def test_at_most_fifty_lines_are_approved_at_once(as_nadia, patient):
    rows = [
        factories.BillingLineFactory(patient=patient, first=FIRST - dt.timedelta(days=31 * n)) for n in range(1, 52)
    ]

    page = as_nadia.post("/billing/approve/", {"lines": [row.pk for row in rows], "attested": "1"})

    assert "51 lines are chosen, at most 50 are approved at once" in text_of(page)
    assert not LineApproval.objects.exists()


def test_approval_of_other_clinic_is_not_found(client_of, olaf, as_nadia, patient):
    approve(as_nadia, line_of(patient, "99454"))

    assert client_of(olaf).get(f"/billing/approvals/{LineApproval.objects.get().pk}/").status_code == 404
