from __future__ import annotations

from django.db import models
from django.db.models import Q

from patients.models import User
from patients.models.ranges import TextHash

from .choices import Programme, RTMSystem
from .recorded_fact import (
    END_COLUMNS,
    DatedFact,
    DatedPatientFact,
    PatientFact,
    RecordedFact,
    fact_triggers,
    no_overlap,
    of_patient,
)


class ProgrammeEnrolment(DatedPatientFact):
    """A patient in RPM or RTM; of RTM with its body system."""

    programme = models.CharField(max_length=8, choices=Programme)
    system = models.CharField("body system", max_length=16, choices=RTMSystem, blank=True)

    class Meta:
        ordering = ("started_on", "pk")
        verbose_name = "enrolment in a programme"
        verbose_name_plural = "enrolments in programmes"
        constraints = (
            *DatedFact.Meta.constraints,
            models.CheckConstraint(
                condition=Q(programme=Programme.RPM, system="")
                | Q(programme=Programme.RTM, system__in=RTMSystem.values),
                name="programmeenrolment_system_of_rtm",
            ),
            no_overlap("programmeenrolment_once_a_day", of_patient(), TextHash("programme")),
        )
        triggers = fact_triggers(*END_COLUMNS)


class Education(PatientFact):
    """The patient was shown how to use the devices of a programme."""

    programme = models.CharField(max_length=8, choices=Programme)
    done_on = models.DateField("done")
    done_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="done by"
    )

    class Meta:
        ordering = ("done_on", "pk")
        verbose_name, verbose_name_plural = "education", "education"
        constraints = (
            *RecordedFact.Meta.constraints,
            models.CheckConstraint(condition=Q(programme__in=Programme.values), name="education_programme_known"),
        )
        triggers = fact_triggers()
