from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from patients.models import Practitioner, User
from patients.validators import validate_plain_text

from .choices import AccessTrack, OrderedMetric, VisitKind
from .recorded_fact import (
    END_COLUMNS,
    DatedFact,
    DatedPatientFact,
    PatientFact,
    RecordedFact,
    ends_after_start,
    fact_triggers,
    no_overlap,
    of_patient,
)


class MonitoringOrder(PatientFact):
    """A practitioner's order to monitor a patient; `ended_on` is its last day. A later one replaces it."""

    START_FIELD, END_FIELD = "ordered_on", "ended_on"

    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, related_name="monitoring_orders", verbose_name="ordering provider"
    )
    ordered_on = models.DateField("ordered")
    ended_on = models.DateField("last day", null=True, blank=True)
    end_recorded_at = models.DateTimeField("end recorded", null=True, blank=True, editable=False)
    end_recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    # ICD-10-CM with its dot, in the order's sequence; the first is the main one.
    diagnoses = ArrayField(models.CharField(max_length=8), default=list)
    why = models.CharField(max_length=500, validators=[validate_plain_text])
    metrics = ArrayField(
        models.CharField(max_length=40, choices=OrderedMetric),
        verbose_name="to be measured",
        default=list,
        blank=True,
    )

    class Meta:
        ordering = ("ordered_on", "pk")
        verbose_name = "order to monitor"
        verbose_name_plural = "orders to monitor"
        constraints = (
            *RecordedFact.Meta.constraints,
            ends_after_start("ordered_on"),
            models.CheckConstraint(condition=Q(diagnoses__len__gt=0), name="monitoringorder_has_diagnosis"),
            models.CheckConstraint(
                condition=Q(metrics__contained_by=OrderedMetric.values), name="monitoringorder_metrics_known"
            ),
        )
        triggers = fact_triggers(*END_COLUMNS)

    def get_metrics_display(self) -> str:
        return ", ".join(OrderedMetric(name).label for name in self.metrics)


class QualifyingVisit(PatientFact):
    """A visit that shows the relationship to the patient; `is_initiating`: monitoring was begun in it."""

    visited_on = models.DateField("visited")
    kind = models.CharField(max_length=12, choices=VisitKind)
    is_initiating = models.BooleanField("initiating visit", default=False)

    class Meta:
        ordering = ("visited_on", "pk")
        verbose_name = "qualifying visit"
        constraints = (
            *RecordedFact.Meta.constraints,
            models.CheckConstraint(condition=Q(kind__in=VisitKind.values), name="qualifyingvisit_kind_known"),
        )
        triggers = fact_triggers()


class PracticeAttestation(PatientFact):
    """Whether another practice bills monitoring of this patient, as it was attested on a day."""

    attested_on = models.DateField("attested")
    other_practice_bills = models.BooleanField("another practice bills")
    words = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("attested_on", "pk")
        verbose_name = "attestation about other practices"
        verbose_name_plural = "attestations about other practices"
        constraints = RecordedFact.Meta.constraints
        triggers = fact_triggers()


class AccessAlignment(DatedPatientFact):
    """Part in the CMS ACCESS model, from the day of alignment to the day of unalignment."""

    track = models.CharField(max_length=8, choices=AccessTrack)

    class Meta:
        ordering = ("started_on", "pk")
        verbose_name, verbose_name_plural = "part in ACCESS", "parts in ACCESS"
        constraints = (
            *DatedFact.Meta.constraints,
            models.CheckConstraint(condition=Q(track__in=AccessTrack.values), name="accessalignment_track_known"),
            no_overlap("accessalignment_once_a_day", of_patient()),
        )
        triggers = fact_triggers(*END_COLUMNS)


class ApcmPeriod(DatedPatientFact):
    """Days on which advanced primary care management is billed for the patient."""

    class Meta:
        ordering = ("started_on", "pk")
        verbose_name, verbose_name_plural = "APCM period", "APCM periods"
        constraints = (*DatedFact.Meta.constraints, no_overlap("apcmperiod_once_a_day", of_patient()))
        triggers = fact_triggers(*END_COLUMNS)
