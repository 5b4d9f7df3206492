"""Facts that billing needs and that aren't on file: of patients under care, by kind."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from patients.models import Patient
from patients.programmes.models import (
    Consent,
    Coverage,
    Education,
    MonitoringOrder,
    PracticeAttestation,
    ProgrammeEnrolment,
    QualifyingVisit,
)


class MissingFact(models.TextChoices):
    """In the sequence in which refusals name them. A patient without programme lacks nothing else."""

    PROGRAMME = "programme", "Programme"
    CONSENT = "consent", "Consent"
    ORDER = "order", "Order"
    RELATIONSHIP = "relationship", "Prior visit"
    EDUCATION = "education", "Education"
    OTHER_PRACTICE = "other_practice", "Attestation about other practices"
    PAYER = "payer", "Payer"


def annotate_missing(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Patients under care with `lacks_consent` and so on, for each kind."""
    today = timezone.localdate()

    def on_file(model: Any, end: str = "") -> Exists:
        rows = model.objects.valid().filter(patient=OuterRef("pk"))
        return Exists(rows.exclude(**{f"{end}__lt": today}) if end else rows)

    enrolled = on_file(ProgrammeEnrolment, "ended_on")
    found = {
        MissingFact.CONSENT: Exists(
            Consent.objects.valid().filter(patient=OuterRef("pk")).exclude(revoked_on__lte=today)
        ),
        MissingFact.ORDER: on_file(MonitoringOrder, "ended_on"),
        MissingFact.RELATIONSHIP: on_file(QualifyingVisit),
        MissingFact.EDUCATION: on_file(Education),
        MissingFact.OTHER_PRACTICE: on_file(PracticeAttestation),
        MissingFact.PAYER: on_file(Coverage, "ended_on"),
    }
    lacking: dict[str, Q] = {f"lacks_{kind}": Q(enrolled & ~exists) for kind, exists in found.items()}
    lacking[f"lacks_{MissingFact.PROGRAMME}"] = Q(~enrolled)
    annotations: dict[str, Any] = {
        name: models.ExpressionWrapper(condition, output_field=models.BooleanField())
        for name, condition in lacking.items()
    }
    under_care = patients.filter(discharged_at__isnull=True)
    return under_care.annotate(**annotations)


def kinds_of(patient: Any) -> list[str]:
    """Of a patient from `annotate_missing`."""
    return [kind for kind in MissingFact.values if getattr(patient, f"lacks_{kind}")]


def missing_facts(patient_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Kinds by patient, of those who lack something; one query. Not scoped to a user."""
    rows = annotate_missing(Patient.objects.filter(pk__in=list(patient_ids)).only("pk"))
    return {patient.pk: kinds for patient in rows if (kinds := kinds_of(patient))}
