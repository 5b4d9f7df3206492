"""Care teams: the responsible clinician and the others of a patient, whose patients are "mine", and reassignment."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from patients.audit import audit_log
from patients.care.models import Absence, CareTeamMember, EndReason
from patients.care.models.team import TEAM_ROLES, CareTeamMemberQuerySet
from patients.models import Clinic, Patient, Role, User
from patients.models.audit import AuditAction

TEAM_FIELDS = ("responsible", "care_team")  # of the patient's form


@dataclass(frozen=True)
class CareTeam:
    """Who cares for a patient now. `absence`: today's of the responsible clinician."""

    responsible: User | None = None
    others: list[User] = field(default_factory=list)
    absence: Absence | None = None

    @property
    def cover(self) -> User | None:
        return self.absence.cover if self.absence else None

    @property
    def is_unassigned(self) -> bool:
        """No clinician is responsible today: none is chosen, or the one is away without cover."""
        return self.responsible is None or (self.absence is not None and self.cover is None)


def candidates(clinics: Iterable[Clinic], *, responsible: bool = False) -> QuerySet[User]:
    """Open accounts of these clinics that may be on a care team, or be the responsible clinician of one."""
    roles = (Role.CLINICIAN,) if responsible else TEAM_ROLES
    mine = User.objects.filter(clinics__in=clinics, is_active=True, role__in=roles)
    return User.objects.filter(pk__in=mine.values("pk")).order_by("name", "pk")


def team_of(patient: Patient) -> CareTeam:
    """One query; another one while the responsible clinician is away."""
    return teams_of([patient.pk])[patient.pk]


def teams_of(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, CareTeam]:
    """By patient; one query, and another one for those whose responsible clinician is away."""
    today = Absence.objects.today().filter(user=OuterRef("user"), clinic=OuterRef("patient__clinic"))
    members = CareTeamMember.objects.current().filter(patient__in=patients).select_related("user")
    found = list(members.annotate(absence_id=Subquery(today.values("pk")[:1])))
    away = {member.absence_id for member in found if member.is_responsible} - {None}
    absences = Absence.objects.select_related("cover").in_bulk(away) if away else {}
    parts: dict[uuid.UUID, dict[str, Any]] = {pk: {"others": []} for pk in patients}
    for member in found:
        if member.is_responsible:
            parts[member.patient_id] |= {"responsible": member.user, "absence": absences.get(member.absence_id)}
        else:
            parts[member.patient_id]["others"].append(member.user)
    return {pk: CareTeam(**part) for pk, part in parts.items()}


def patients_of(user: User) -> QuerySet[CareTeamMember, Any]:
    """Ids of the patients whom the user cares for, own ones and those covered today.

    For `pk__in` of patients and `patient__in` of their rows; visibility is another condition.
    """
    covered = Absence.objects.today().filter(cover=user, user=OuterRef("user"), clinic=OuterRef("patient__clinic"))
    members = CareTeamMember.objects.current().filter(Q(user=user) | Exists(covered))
    return members.order_by().values("patient")


def unassigned_condition() -> Q:
    """Patients for whom no clinician is responsible today; as `CareTeam.is_unassigned`."""
    away = Absence.objects.today().filter(cover=None, user=OuterRef("user"), clinic=OuterRef("patient__clinic"))
    present = CareTeamMember.objects.current().responsible().exclude(Exists(away))
    return ~Q(pk__in=present.order_by().values("patient"))


def changed_team_fields(patient: Patient, fields: Mapping[str, Any]) -> list[str]:
    """Which of `fields` differ from the patient's team as it is now. Raises ValidationError by field."""
    if not fields.keys() & set(TEAM_FIELDS):
        return []
    team = CareTeam() if patient._state.adding else team_of(patient)
    responsible, others = wanted_team(team, fields)
    require_candidates({responsible} - {team.responsible, None}, patient.clinic, field="responsible", responsible=True)
    require_candidates(others - set(team.others), patient.clinic, field="care_team")
    changes = {"responsible": responsible != team.responsible, "care_team": others != set(team.others)}
    return [name for name, changed in changes.items() if changed]


def wanted_team(team: CareTeam, fields: Mapping[str, Any]) -> tuple[User | None, set[User]]:
    responsible = fields.get("responsible", team.responsible)
    return responsible, set(fields.get("care_team", team.others)) - {responsible}


def require_candidates(
    users: Collection[User | None], clinic: Clinic, *, field: str, responsible: bool = False
) -> None:
    """Raises ValidationError for the `field` if one of them can't be on a team, or be its responsible clinician."""
    possible = set(candidates([clinic], responsible=responsible).values_list("pk", flat=True)) if users else set()
    role = "a clinician" if responsible else "a clinician or coordinator"
    refused = [f"{user} is not {role} of {clinic.name}." for user in users if user and user.pk not in possible]
    if refused:
        raise ValidationError({field: refused})


def save_team(*, patient: Patient, by: User, fields: Mapping[str, Any]) -> None:
    """Save what `changed_team_fields` has checked. The caller has locked the patient and writes the audit."""
    responsible, others = wanted_team(team_of(patient), fields)
    wanted = {user.pk: False for user in others} | ({responsible.pk: True} if responsible else {})
    for member in CareTeamMember.objects.open().filter(patient=patient):
        if wanted.get(member.user_id) == member.is_responsible:
            del wanted[member.user_id]
        else:
            end_memberships(CareTeamMember.objects.filter(pk=member.pk), by=by, reason=EndReason.REMOVED)
    CareTeamMember.objects.bulk_create(
        CareTeamMember(patient=patient, user_id=user_id, is_responsible=responsible, started_by=by)
        for user_id, responsible in wanted.items()
    )


@transaction.atomic
def assign_responsible(*, patients: Collection[uuid.UUID], user: User, by: User, clinic: Clinic) -> int:
    """Make `user` responsible for these patients of a clinic of `by`; returns for how many that is new."""
    replaced = CareTeamMember.objects.open().responsible()
    return len(move_patients(replaced, patients=patients, user=user, by=by, clinic=clinic))


@transaction.atomic
def reassign_patients(*, leaving: User, user: User, by: User, clinic: Clinic) -> int:
    """Give all patients of `leaving` in this clinic to `user`; see `replace_members`."""
    members = CareTeamMember.objects.open().filter(user=leaving, patient__clinic=clinic)
    return replace_members(list(members), user=user, by=by, clinic=clinic)


@transaction.atomic
def replace_members(members: Collection[CareTeamMember], *, user: User, by: User, clinic: Clinic) -> int:
    """Put `user` in the place of these members of patients of one clinic: responsible stays responsible.

    Returns the number of patients. Raises ValidationError if the user can't take such a place.
    """
    moved: set[uuid.UUID] = set()
    for is_responsible in (True, False):
        chosen = [member for member in members if member.is_responsible == is_responsible]
        if chosen:
            moved |= move_patients(
                CareTeamMember.objects.open().filter(pk__in=[member.pk for member in chosen]),
                patients=[member.patient_id for member in chosen],
                user=user,
                by=by,
                clinic=clinic,
                is_responsible=is_responsible,
            )
    return len(moved)


def move_patients(
    replaced: CareTeamMemberQuerySet,
    *,
    patients: Collection[uuid.UUID],
    user: User,
    by: User,
    clinic: Clinic,
    is_responsible: bool = True,
) -> set[uuid.UUID]:
    """End the `replaced` memberships of these patients and put `user` in their place; one audit event.

    A user who is on a team already stays there, as the responsible one if that is the new place.
    """
    require_candidates([user], clinic, field="user", responsible=is_responsible)
    visible = Patient.objects.visible_to(by)
    locked = visible.filter(pk__in=list(patients), clinic=clinic).order_by("pk").select_for_update(of=("self",))
    chosen = set(locked.values_list("pk", flat=True))
    own = CareTeamMember.objects.open().filter(user=user, patient__in=chosen)
    already = own.filter(is_responsible=True) if is_responsible else own
    new = chosen - set(already.values_list("patient", flat=True))
    end_memberships(replaced.filter(patient__in=chosen).exclude(user=user), by=by, reason=EndReason.REASSIGNED)
    end_memberships(own.filter(patient__in=new), by=by, reason=EndReason.REASSIGNED)
    CareTeamMember.objects.bulk_create(
        CareTeamMember(patient_id=pk, user=user, is_responsible=is_responsible, started_by=by) for pk in sorted(new)
    )
    if new:
        record_team_change(new, by=by, clinic=clinic, target=f"user:{user.pk}", responsible=is_responsible)
    return new


def end_memberships(memberships: QuerySet[CareTeamMember], *, by: User | None, reason: EndReason) -> None:
    memberships.update(ended_at=timezone.now(), ended_by=by, end_reason=reason)


@transaction.atomic
def end_lost_memberships(*, user: User, by: User | None) -> int:
    """After a change of role, clinics or account: end the memberships and covers that the user can't have any more.

    The patients are then listed as unassigned. Returns their number.
    """
    lost = CareTeamMember.objects.open().filter(user=user)
    lost = lost.exclude(pk__in=lost.current().values("pk"))
    patients = set(lost.values_list("patient", flat=True))
    end_memberships(lost.filter(patient__in=patients), by=by, reason=EndReason.LEFT)
    stays = user.is_active and user.role in TEAM_ROLES
    retained = user.clinics.all() if stays else Clinic.objects.none()
    Absence.objects.not_over().filter(cover=user).exclude(clinic__in=retained).update(cover=None)
    if patients:
        record_team_change(patients, by=by, target=f"user:{user.pk}", left=True)
    return len(patients)


def record_team_change(
    patients: Iterable[uuid.UUID], *, by: User | None, clinic: Clinic | None = None, target: str = "", **details: Any
) -> None:
    changed = sorted(patients)
    Patient.objects.touch_live_version(changed)
    audit_log.record_event(AuditAction.CARE_TEAM, by=by, patients=changed, clinic=clinic, target=target, **details)
