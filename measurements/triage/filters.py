"""Filters of the triage list, stored per user, and the queries of its sections."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from fulfillment.worklist.models import WorklistItem
from measurements.alerts.engine.episodes import Section
from measurements.alerts.engine.outcome.patient_sections import SECTIONS
from measurements.alerts.engine.rules import Queue, Severity
from measurements.alerts.models import AlertEpisode
from measurements.models import TriageEntry
from measurements.models.triage_entry import OVERDUE_AFTER
from measurements.patient_list.filters import CARE_FILTERS, apply_select_filters, is_empty_or_id
from measurements.triage.episode_text import LISTED
from patients import practitioners
from patients.lists.filters import SelectField
from patients.models import Clinic, Condition, Patient, User
from patients.models.patient import PatientQuerySet

TRIAGE_PREFERENCE = "triage_list"
ASSIGNED = "assigned"
CARE_CHOICES = {**CARE_FILTERS, ASSIGNED: "Assigned to me"}
QUEUE_LABELS = {Queue.MEDICAL: "Medical", Queue.COMPLIANCE: "Missing readings"}
SECTION_LABELS = {
    Section.CRITICAL: "Critical",
    Section.WARNING: "Warning",
    Section.OVER_NOT_SEEN: "Over, not yet seen",
    Section.ARRIVED_LATE: "Arrived late",
    Section.CHECK: "Check these readings",
    Section.NO_READINGS: "No readings",
    Section.EQUIPMENT: "Equipment",
    Section.INFORMATION: "Information",
    Section.SNOOZED: "Snoozed",
    Section.REVIEWED: "Reviewed today",
    Section.ON_TARGET: "On target",
}
FOLDED_SECTIONS = (Section.SNOOZED, Section.ON_TARGET)
MAX_NAMED = 20
URGENT_CHECK_SECTIONS = (Section.CRITICAL, Section.ARRIVED_LATE)
RANKS = {section: rank for rank, section in enumerate(SECTIONS)}
# Equipment is judged once, by the coordinator's exceptions: a patient with nothing worse is in their section.
BELOW_EQUIPMENT = [RANKS[section] for section in (Section.INFORMATION, Section.SNOOZED, Section.ON_TARGET)]


@dataclass(frozen=True)
class TriageSettings:
    """Each filter is empty for "all". Unknown values are ignored."""

    care: str = ""
    clinic: str = ""
    condition: str = ""
    provider: str = ""
    queue: str = ""
    severity: str = ""

    @classmethod
    def for_user(cls, user: User, clinics: Iterable[Clinic]) -> TriageSettings:
        """As stored, without a clinic that the user has left or a provider who is gone."""
        stored = user.preferences.get(TRIAGE_PREFERENCE)
        settings = cls().with_changes(stored) if isinstance(stored, dict) else cls()
        if settings.clinic and settings.clinic not in {str(clinic.pk) for clinic in clinics}:
            settings = replace(settings, clinic="")
        if settings.provider and not practitioners.exists_in(clinics, int(settings.provider)):
            settings = replace(settings, provider="")
        return settings

    def with_changes(self, changes: Mapping[str, Any]) -> TriageSettings:
        known = {
            name: changes[name]
            for name, is_valid in SETTING_VALIDATORS.items()
            if isinstance(changes.get(name), str) and is_valid(changes[name])
        }
        return replace(self, **known)

    @property
    def is_filtered(self) -> bool:
        return any(asdict(self).values())

    @property
    def fingerprint(self) -> str:
        """Part of the list's live version."""
        return ".".join(asdict(self).values())


SETTING_VALIDATORS: dict[str, Callable[[str], bool]] = {
    "care": lambda value: value == "" or value in CARE_CHOICES,
    "clinic": is_empty_or_id,
    "condition": lambda value: value == "" or value in Condition.values,
    "provider": is_empty_or_id,
    "queue": lambda value: value == "" or value in QUEUE_LABELS,
    "severity": lambda value: value == "" or value in list(Severity),
}


def select_fields(clinics: Collection[Clinic], settings: TriageSettings) -> list[SelectField]:
    """Clinic for a user of several clinics, and provider where there are any."""
    several = [(str(clinic.pk), clinic.name) for clinic in clinics]
    offered = practitioners.filter_choices(clinics, chosen=settings.provider)
    severities = [(str(severity), str(severity).capitalize()) for severity in Severity]
    queues = [(str(queue), label) for queue, label in QUEUE_LABELS.items()]
    return [
        SelectField("care", "Care team", list(CARE_CHOICES.items()), settings.care),
        *([SelectField("clinic", "Clinic", several, settings.clinic)] if len(several) > 1 else []),
        SelectField("condition", "Condition", Condition.choices, settings.condition),
        *([SelectField("provider", "Provider", offered, settings.provider)] if offered else []),
        SelectField("queue", "Queue", queues, settings.queue),
        SelectField("severity", "Severity", severities, settings.severity),
    ]


def selected_patients(user: User, settings: TriageSettings) -> PatientQuerySet:
    patients = Patient.objects.visible_to(user).enrolled()
    by_care_team = replace(settings, care="") if settings.care == ASSIGNED else settings
    patients = apply_select_filters(patients, by_care_team, user=user)
    asked: dict[str, Any] = {"queue": settings.queue, "severity": settings.severity}
    asked = {name: value for name, value in asked.items() if value}
    if settings.care == ASSIGNED:
        asked["assigned_to"] = user.pk
    if not asked:
        return patients
    listed = Q(pk__in=AlertEpisode.objects.filter(LISTED, **asked).order_by().values("patient"))
    return patients.filter(listed | has_readings_to_check(settings))


def has_readings_to_check(settings: TriageSettings) -> Q:
    """Without an alert that the filter is about: a reading beyond the meter is medical and critical, too."""
    if settings.care == ASSIGNED or settings.queue == Queue.COMPLIANCE:
        return Q(pk__in=[])
    sections = {Severity.CRITICAL: URGENT_CHECK_SECTIONS, "": (*URGENT_CHECK_SECTIONS, Section.CHECK)}
    found = Q(triage_entry__section__in=sections.get(settings.severity, ()))
    return found & ~Q(triage_entry__checks={})


def entries_of(patients: PatientQuerySet) -> QuerySet[Any, Any]:
    """With `shown_rank` and `shown_since`: the place of the section with exceptions of equipment counted in."""
    exceptions = WorklistItem.objects.of_equipment().order_by()
    has_exceptions = Q(rank__in=BELOW_EQUIPMENT, patient__in=exceptions.values("patient"))
    oldest = exceptions.filter(patient=OuterRef("patient")).values("patient").annotate(at=Min("since")).values("at")
    rows = TriageEntry.objects.filter(patient__in=patients.order_by().values("pk")).exclude(section="")
    return rows.annotate(
        shown_rank=Case(
            When(has_exceptions, then=Value(RANKS[Section.EQUIPMENT])),
            default=F("rank"),
            output_field=IntegerField(),
        ),
        shown_since=Case(When(has_exceptions, then=Subquery(oldest)), default=F("order_at")),
    )


def count_sections(entries: QuerySet[Any, Any]) -> dict[Section, int]:
    """All sections, in their order."""
    found = dict(entries.order_by().values_list("shown_rank").annotate(n=Count("pk")))
    return {section: found.get(rank, 0) for section, rank in RANKS.items()}


def not_assessed(patients: PatientQuerySet) -> PatientQuerySet:
    """Whose alerts can't be computed, or have not been although they should: what a section says may be wrong."""
    known = TriageEntry.objects.up_to_date().values("pk")
    had_time = Q(enrolled_at__lte=timezone.now() - OVERDUE_AFTER) | Q(triage_entry__failures__gt=0)
    return patients.exclude(pk__in=known).filter(had_time)


def name_not_assessed(patients: PatientQuerySet) -> tuple[list[Patient], int]:
    """The first of them, and how many they are."""
    rows = not_assessed(patients).order_by("family_name", "given_name", "pk")
    found = list(rows[: MAX_NAMED + 1])
    return found[:MAX_NAMED], len(found) if len(found) <= MAX_NAMED else rows.count()


def count_critical(user: User) -> int:
    """For the navigation. By the index of the list's order."""
    critical = TriageEntry.objects.filter(rank=RANKS[Section.CRITICAL], section=Section.CRITICAL)
    return critical.filter(patient__in=Patient.objects.visible_to(user).enrolled().order_by().values("pk")).count()
