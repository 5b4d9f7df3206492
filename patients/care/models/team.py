from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from patients.models import Patient, Role, User

TEAM_ROLES = (Role.CLINICIAN, Role.COORDINATOR)
# Whether a membership counts: the account is open, of a role of the care team, and of the patient's clinic.
CAN_CARE = Q(user__is_active=True, user__clinics=F("patient__clinic")) & (
    Q(user__role=Role.CLINICIAN) | Q(user__role=Role.COORDINATOR, is_responsible=False)
)


class EndReason(models.TextChoices):
    REMOVED = "removed", "taken off the team"
    REASSIGNED = "reassigned", "patient given to another person"
    LEFT = "left", "account closed, or another role or clinic"


class CareTeamMemberQuerySet(models.QuerySet["CareTeamMember"]):
    def open(self) -> CareTeamMemberQuerySet:
        return self.filter(ended_at__isnull=True)

    def current(self) -> CareTeamMemberQuerySet:
        """Open memberships of users who can still care for the patient."""
        return self.open().filter(CAN_CARE)

    def responsible(self) -> CareTeamMemberQuerySet:
        return self.filter(is_responsible=True)


class CareTeamMember(models.Model):
    """Membership in a patient's care team from a time to a time; a change ends the row and adds another one."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="care_team_members")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="care_team_memberships")
    is_responsible = models.BooleanField("responsible clinician", default=False)
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    end_reason = models.CharField(max_length=12, choices=EndReason, blank=True)

    objects = CareTeamMemberQuerySet.as_manager()

    class Meta:
        ordering = ("-is_responsible", "started_at", "pk")
        verbose_name = "care team member"
        constraints = (
            models.UniqueConstraint(
                fields=("patient",),
                condition=Q(is_responsible=True, ended_at__isnull=True),
                name="care_team_one_responsible",
            ),
            models.UniqueConstraint(
                fields=("patient", "user"), condition=Q(ended_at__isnull=True), name="care_team_member_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | Q(ended_at__gte=F("started_at"), end_reason__in=EndReason.values),
                name="care_team_end_has_reason",
            ),
        )
        indexes = (
            models.Index(fields=("user", "patient"), condition=Q(ended_at__isnull=True), name="care_team_by_user"),
        )

    def __str__(self) -> str:
        return f"care team member {self.pk}"
