"""Enrol, edit, discharge and readmit patients, each with its audit event in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from patients import practitioners
from patients.audit import audit_log
from patients.care import team
from patients.enrollment.discharge_checks import check_discharge
from patients.enrollment.edit_notices import apply_contact_changes
from patients.folding import compact_mrn, fold_mrn, is_same_name
from patients.models import AuditEvent, Clinic, DischargeReason, MonitoringPeriod, Patient, User
from patients.queueing.wakeup import wake_worker
from patients.search import compact_mrn_column
from patients.validators import normalize_to_e164
from patients.zip_codes import suggest_time_zone

# What a person may change, in the order of the form. The clinic is chosen once, at enrolment.
EDITABLE_FIELDS = (
    "given_name",
    "family_name",
    "birth_date",
    "sex",
    "mrn",
    "phone",
    "sms_consent",
    "email",
    "street",
    "street_2",
    "city",
    "state",
    "zip_code",
    "time_zone",
    "provider",
    *team.TEAM_FIELDS,
    "conditions",
    "external_id",
)


SAME_PERSON_FIELDS = {"given_name", "family_name", "birth_date"}


@dataclass(frozen=True)
class SavedEdit:
    """One edit that another user saved: who, when, and which fields."""

    by: str
    at: dt.datetime
    fields: tuple[str, ...]


class EditConflict(Exception):
    """Another user saved this patient after the form was opened. Nothing was written."""

    def __init__(self, current: Patient, changes: list[SavedEdit]) -> None:
        super().__init__(f"patient {current.pk} is at edit_version {current.edit_version}")
        self.current = current
        self.changes = changes


class PossibleDuplicatePatient(Exception):
    """The clinic has a patient of the same name and birth date, or of almost the same MRN. Nothing was written."""

    def __init__(self, patient: Patient, *, has_similar_mrn: bool) -> None:
        super().__init__(f"like patient {patient.pk}")
        self.patient = patient
        self.has_similar_mrn = has_similar_mrn


@transaction.atomic
def enroll_patient(*, by: User | None, clinic: Clinic, another_person: bool = True, **fields: Any) -> Patient:
    """A new patient of one of `by`'s clinics; None is an operator at the command line. Raises ValidationError by field.

    Raises PossibleDuplicatePatient unless `another_person`: a double click, or two coordinators at once.
    """
    if by and not by.clinics.filter(pk=clinic.pk).exists():
        raise PermissionDenied("not a clinic of this person")
    patient = Patient(clinic=clinic)
    changed = assign_fields(patient, fields)
    new_team = team.changed_team_fields(patient, fields)
    if not another_person:
        reject_possible_duplicate(patient, changed)
    save_patient(patient, force_insert=True)
    MonitoringPeriod.objects.create(patient=patient, started_at=patient.enrolled_at)
    if by and new_team:
        team.save_team(patient=patient, by=by, fields=fields)
    audit_log.record_event(AuditEvent.Action.ENROLL, by=by, patients=[patient.pk], clinic=clinic)
    return patient


@transaction.atomic
def edit_patient(
    *, patient: Patient, by: User, edit_version: int, another_person: bool = True, **fields: Any
) -> Patient:
    """Save what differs. `edit_version` is the one that the form was opened on.

    Raises EditConflict if another edit was saved first, ValidationError by field, PossibleDuplicatePatient unless
    `another_person` if name, birth date or MRN become those of another patient. Without a change nothing is written.
    """
    current = lock_patient(patient, by=by)
    if current.edit_version != edit_version:
        raise EditConflict(current, edits_since_version(current, edit_version))
    changed = assign_fields(current, fields)
    columns = ["practitioner" if name == "provider" else name for name in changed]
    new_team = team.changed_team_fields(current, fields)
    changed += new_team
    if not changed:
        return current
    if "external_id" in changed and current.external_id_sent_at:
        raise ValidationError({"external_id": "The vendor knows this patient under the old id; it can't change."})
    if not another_person:
        reject_possible_duplicate(current, changed)
    current.edit_version += 1
    current.live_version += 1
    if {"time_zone", "conditions"} & set(changed):  # days are counted in the own zone; conditions choose alert rules
        current.summary_stale_at = timezone.now()
        wake_worker("stale_summaries")
    save_patient(current, update_fields=[*columns, "edit_version", "live_version", "summary_stale_at"])
    if new_team:
        team.save_team(patient=current, by=by, fields=fields)
    audit_log.record_event(
        AuditEvent.Action.EDIT,
        by=by,
        patients=[current.pk],
        clinic=current.clinic,
        fields=changed,
        edit_version=current.edit_version,
    )
    apply_contact_changes(current, changed, by=by)
    return current


@transaction.atomic
def discharge_patient(*, patient: Patient, by: User, reason: str, last_day: dt.date | None = None) -> Patient:
    """End care: no more orders or alerts; readings are still ingested for 60 days. Idempotent.

    `reason` is a DischargeReason; `last_day`, in the clinic's time zone, is today unless given. Raises ValidationError
    by field. Devices stay linked (and billed) until monitoring of them is ended.
    """
    if reason not in DischargeReason.values:
        raise ValidationError({"reason": "Choose a reason from the list."})
    check_discharge(patient, by=by, reason=reason)
    current = lock_patient(patient, by=by)
    if current.discharged_at is None:
        period, _ = MonitoringPeriod.objects.get_or_create(
            patient=current, ended_at=None, defaults={"started_at": current.enrolled_at}
        )
        period.ended_at = end_of_last_day(current, period, last_day)
        period.end_reason = reason
        period.save(update_fields=["ended_at", "end_reason"])
        save_discharge_state(current, discharged_at=period.ended_at, reason=reason)
        audit_log.record_event(
            AuditEvent.Action.DISCHARGE,
            by=by,
            patients=[current.pk],
            clinic=current.clinic,
            last_day_of_care=period.ended_at.astimezone(current.clinic.zone).date().isoformat(),
        )
    return current


@transaction.atomic
def readmit_patient(*, patient: Patient, by: User) -> Patient:
    """Back under care, in a new monitoring period, with the same history. Idempotent."""
    current = lock_patient(patient, by=by)
    if current.discharged_at is not None:
        MonitoringPeriod.objects.create(patient=current, started_at=timezone.now())
        save_discharge_state(current, discharged_at=None, reason="")
        audit_log.record_event(
            AuditEvent.Action.ENROLL, by=by, patients=[current.pk], clinic=current.clinic, again=True
        )
    return current


def end_of_last_day(patient: Patient, period: MonitoringPeriod, last_day: dt.date | None) -> dt.datetime:
    """The discharge as an instant: now, or the end of an earlier day in the clinic's time zone."""
    now, zone = timezone.now(), patient.clinic.zone
    today, first = now.astimezone(zone).date(), period.started_at.astimezone(zone).date()
    if last_day is None or last_day == today:
        return now
    if last_day > today:
        raise ValidationError({"last_day": "This date is in the future."})
    if last_day < first:
        began = "readmission" if period.started_at > patient.enrolled_at else "enrolment"
        raise ValidationError({"last_day": f"This is before the {began} on {first:%m/%d/%Y}."})
    return dt.datetime.combine(last_day, dt.time.max, tzinfo=zone)


def edits_since_version(patient: Patient, edit_version: int) -> list[SavedEdit]:
    """Edits saved after an edit_version, oldest first, from the audit."""
    rows = AuditEvent.objects.filter(
        action=AuditEvent.Action.EDIT, patient_ids__contains=[patient.pk], details__edit_version__gt=edit_version
    ).order_by("pk")
    people = User.objects.in_bulk([row.actor_id for row in rows if row.actor_id])
    return [
        SavedEdit(str(people.get(row.actor_id or 0, row.actor_email)), row.at, tuple(row.details["fields"]))
        for row in rows
    ]


def reject_possible_duplicate(patient: Patient, changed: Collection[str]) -> None:
    """Ask about what has changed: the name and birth date of another patient, or almost that patient's MRN.

    Serialized by the clinic's row, so that the second of two concurrent requests sees what the first has saved.
    """
    Clinic.objects.select_for_update(no_key=True).values_list("pk").get(pk=patient.clinic_id)
    # Without an order: PostgreSQL would read the clinic's patients by name for the first one of them.
    others = patient.clinic.patients.exclude(pk=patient.pk).order_by()
    if SAME_PERSON_FIELDS.intersection(changed):
        names = (patient.given_name, patient.family_name)
        same_day = others.filter(birth_date=patient.birth_date)
        for pk, *other in same_day.values_list("pk", "given_name", "family_name"):
            if is_same_name(names, (other[0], other[1])):
                raise PossibleDuplicatePatient(others.get(pk=pk), has_similar_mrn=False)
    if "mrn" in changed and (mrn := compact_mrn(patient.mrn)):
        similar = others.annotate(compact=compact_mrn_column()).filter(compact=mrn)
        similar = similar.exclude(folded_mrn=fold_mrn(patient.mrn))  # the same one is refused at its field
        for pk in similar.values_list("pk", flat=True)[:1]:
            raise PossibleDuplicatePatient(others.get(pk=pk), has_similar_mrn=True)


def lock_patient(patient: Patient, *, by: User) -> Patient:
    """Lock the row and check access again: the page may have been opened long before."""
    mine = Patient.objects.visible_to(by).filter(pk=patient.pk)
    rows = Patient.objects.select_related("clinic", "practitioner")
    return rows.select_for_update(of=("self",), no_key=True).get(pk__in=mine)


def assign_fields(patient: Patient, fields: dict[str, Any]) -> list[str]:
    """Set the normalized values; returns the names of the fields that differ from before.

    `provider` is a name: the practitioner of the clinic who has it is found or created. The only name of a person
    becomes the family name, by which lists sort.
    """
    if "family_name" in fields and not str(fields["family_name"] or "").strip():
        only = fields.get("given_name", patient.given_name)
        fields = fields | {"given_name": "", "family_name": only}
    unknown = fields.keys() - set(EDITABLE_FIELDS)
    if unknown:
        raise TypeError(f"not a patient's field: {', '.join(sorted(unknown))}")
    changed = []
    for name, typed in fields.items():
        if name in team.TEAM_FIELDS:  # rows of their own
            continue
        column, value = name, normalize_field(name, typed)
        if name == "provider":
            column, value = "practitioner", practitioners.find_or_create(clinic=patient.clinic, name=value)
        if getattr(patient, column) != value:
            setattr(patient, column, value)
            changed.append(name)
    if not patient.time_zone:
        patient.time_zone = suggest_time_zone(
            zip_code=patient.zip_code, state=patient.state, clinic_zone=patient.clinic.time_zone
        ).time_zone
    return changed


def normalize_field(name: str, value: Any) -> Any:
    if name == "phone":
        try:
            return normalize_to_e164(value)
        except ValidationError as error:
            raise ValidationError({"phone": error.messages}) from error
    if name == "conditions":
        return list(value)
    return " ".join(value.split()) if isinstance(value, str) else value


def save_patient(patient: Patient, **how: Any) -> None:
    """Constraints are the database's: it sees what a concurrent request has saved, and a violation becomes its message.

    Asking it about each of them first would take more queries than all the rest of an enrolment.
    """
    patient.full_clean(exclude=("clinic", "practitioner"), validate_unique=False, validate_constraints=False)
    try:
        with transaction.atomic():
            patient.save(**how)
    except IntegrityError:
        patient.validate_constraints()
        raise


def save_discharge_state(patient: Patient, *, discharged_at: dt.datetime | None, reason: str) -> None:
    patient.discharged_at = discharged_at
    patient.discharge_reason = reason
    patient.live_version += 1
    patient.summary_stale_at = timezone.now()
    patient.save(update_fields=["discharged_at", "discharge_reason", "live_version", "summary_stale_at"])
    wake_worker("exceptions")
    wake_worker("stale_summaries")
