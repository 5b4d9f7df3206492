"""Hand-over: the open items of the triage list on paper for the next shift, with the values of the reasons only."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements import units
from measurements.alerts.discharges import URGENT_CHECKS
from measurements.alerts.engine.episodes import Section
from measurements.alerts.engine.outcome.patient_sections import SECTIONS
from measurements.models import Metric, TriageEntry
from measurements.triage import filters
from measurements.triage.episode_text import EpisodeText, describe_episode
from measurements.triage.filters import RANKS, SECTION_LABELS, TriageSettings
from measurements.triage.rows import EquipmentException, RowFacts, load_episodes, load_exceptions, unique_notices
from patients.audit import audit_log
from patients.care.models import CareTeamMember, Note, NoteVersion
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission

MAX_PATIENTS = 200
CLOSED_SECTIONS = (Section.REVIEWED, Section.ON_TARGET)
OPEN_RANKS = [rank for section, rank in RANKS.items() if section not in CLOSED_SECTIONS]
ORDER = ("shown_rank", "-is_unacknowledged", "shown_since", "pk")
MINE, CLINIC = "mine", "clinic"
WHOSE_LABELS = {MINE: "My patients", CLINIC: "All patients"}


@dataclass(frozen=True)
class HandOverRow:
    """What a colleague must know of one patient. `check_count`: readings that a person is to check.

    `notices`: what is listed of its alerts: whom the mails did not reach, or that no one is responsible.
    """

    patient: Patient
    section: Section
    episodes: list[EpisodeText]
    notices: list[str]
    equipment: list[EquipmentException]
    check_count: int
    has_urgent_reading: bool
    last_note: NoteVersion | None
    next_step: NoteVersion | None
    responsible: User | None

    @property
    def section_label(self) -> str:
        return SECTION_LABELS[self.section]


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def hand_over_page(request: HttpRequest) -> HttpResponse:
    """Audited as a print of each patient on it."""
    user, now = current_user(request), timezone.now()
    whose = CLINIC if request.GET.get("whose") == CLINIC else MINE
    settings = replace(TriageSettings(), care=MINE if whose == MINE else "")
    entries = filters.entries_of(filters.selected_patients(user, settings)).filter(shown_rank__in=OPEN_RANKS)
    found = list(entries.select_related("patient__clinic").order_by(*ORDER)[: MAX_PATIENTS + 1])
    shown = found[:MAX_PATIENTS]
    not_assessed, not_assessed_count = filters.name_not_assessed(filters.selected_patients(user, settings))
    audit_log.record_event(AuditAction.PRINT, by=user, patients=[each.pk for each in (*shown, *not_assessed)])
    clinics = list(user.clinics.all())
    context = {
        "rows": build_rows(shown, user),
        "not_assessed": not_assessed,
        "not_assessed_count": not_assessed_count,
        "has_more": len(found) > MAX_PATIENTS,
        "whose": whose,
        "whose_labels": WHOSE_LABELS.items(),
        "clinics": clinics,
        "zone": clinics[0].zone if clinics else timezone.get_current_timezone(),
        "now": now,
    }
    return render(request, "alerts/hand_over.html", context)


def build_rows(entries: list[TriageEntry], user: User) -> list[HandOverRow]:
    """In a number of queries that doesn't grow with them."""
    facts = RowFacts(user, units.units_for(user), timezone.now(), metrics=Metric.objects.in_bulk())
    ids = [entry.pk for entry in entries]
    load_episodes(facts, entries)
    load_exceptions(facts, ids)
    last_notes, next_steps, responsible = newest_notes(ids), open_steps(ids), responsible_clinicians(ids)
    return [
        HandOverRow(
            patient=entry.patient,
            section=SECTIONS[entry.shown_rank],  # type: ignore[attr-defined]  # an annotation
            episodes=[
                describe_episode(episode, entry.patient, facts.metrics, facts.units, now=facts.now)
                for episode in facts.episodes.get(entry.pk, [])
            ],
            notices=unique_notices(facts, entry),
            equipment=facts.exceptions.get(entry.pk, []),
            check_count=len({reading_id for ids in entry.checks.values() for reading_id in ids}),
            has_urgent_reading=any(entry.checks.get(name) for name in URGENT_CHECKS),
            last_note=last_notes.get(entry.pk),
            next_step=next_steps.get(entry.pk),
            responsible=responsible.get(entry.pk),
        )
        for entry in entries
    ]


def newest_notes(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, NoteVersion]:
    """The last note or contact of each patient."""
    versions = NoteVersion.objects.newest().filter(note__patient__in=patients).select_related("note", "written_by")
    newest = versions.order_by("note__patient_id", "-happened_at", "-pk").distinct("note__patient_id")
    return {version.note.patient_id: version for version in newest}


def open_steps(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, NoteVersion]:
    """The next step of each patient that is due first."""
    due = Note.objects.with_open_step().filter(patient__in=patients)
    first = due.order_by("patient_id", "due_on", "pk").distinct("patient_id").values("pk")
    versions = NoteVersion.objects.newest().filter(note__in=first).select_related("note")
    return {version.note.patient_id: version for version in versions}


def responsible_clinicians(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, User]:
    members = CareTeamMember.objects.current().responsible().filter(patient__in=patients).select_related("user")
    return {member.patient_id: member.user for member in members}
