from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class AuditAction(models.TextChoices):
    VIEW = "view", "opened a patient"
    LIST = "list", "saw a list of patients"
    SEARCH = "search", "saw what a search found"
    EXPORT = "export", "exported data"
    PRINT = "print", "printed a patient"
    ENROLL = "enroll", "enrolled a patient"
    EDIT = "edit", "edited a patient"
    IMPORT = "import", "imported patients from a file"
    UNDO_IMPORT = "undo_import", "took back an import of patients"
    DISCHARGE = "discharge", "discharged a patient"
    CARE_TEAM = "care_team", "changed care teams"
    NOTE = "note", "wrote a note or contact"
    TIME = "time", "recorded or approved time"
    ABSENCE = "absence", "planned or withdrew an absence"
    ORDER = "order", "placed an order"
    ACTIVATE = "activate", "activated a device"
    CANCEL = "cancel", "cancelled an ordered device"
    CLOSE = "close", "closed an ordered device"
    CLIENT_ACTION = "client_action", "answered what the vendor asked about an order"
    END_MONITORING = "end_monitoring", "ended monitoring"
    ATTACH_DEVICE = "attach_device", "attached a device to a patient"
    DETACH_DEVICE = "detach_device", "detached a device from a patient at the vendor"
    STEP_GOAL = "step_goal", "set the step goal of a device"
    SHARE_GATEWAY = "share_gateway", "let patients share a gateway"
    REPLACE = "replace", "replaced hardware of a device"
    STOCK = "stock", "corrected the stock"
    RESOLVE_CALL = "resolve_call", "decided about a call to the vendor"
    INVITE = "invite", "invited a person"
    ACCOUNT = "account", "changed an account"
    SIGN_IN = "sign_in", "signed in"
    SIGN_IN_FAILED = "sign_in_failed", "failed to sign in"
    SIGN_OUT = "sign_out", "signed out"
    MFA_PASSED = "mfa_passed", "passed two-step sign-in"
    ADMIN_VIEW = "admin_view", "opened a record in the admin"
    ADMIN_LIST = "admin_list", "saw a list of records in the admin"
    ADMIN_CHANGE = "admin_change", "changed a record in the admin"
    SYNC = "sync", "started a synchronisation"
    REPLAY = "replay", "replayed deliveries"
    DISMISS = "dismiss", "dismissed deliveries"
    EXCEPTION = "exception", "worked on an exception"
    EXCLUDE = "exclude", "excluded a reading"
    UNDO_EXCLUSION = "undo_exclusion", "took back an exclusion"
    THRESHOLDS = "thresholds", "changed goals"
    ALERT = "alert", "worked on an alert"
    REVIEW = "review", "reviewed a patient"
    ALERT_RULES = "alert_rules", "changed alert rules"
    PROGRAMME = "programme", "recorded facts for billing"
    BILLING = "billing", "worked on billing lines"
    ALIGN = "align", "aligned stored rows with new rules"

    @classmethod
    def listings(cls) -> tuple[AuditAction, ...]:
        """A row of a list was seen, nothing was opened or changed."""
        return (cls.LIST, cls.SEARCH, cls.ADMIN_LIST)


class AuditEvent(models.Model):
    """Audit event: who did or saw what, when, from where. Written by `audit_log` only, never changed, stored 6 years.

    No foreign keys: a row outlives the account and the record that it names. `details` holds names of fields
    and opaque ids, never a patient's data.
    """

    Action = AuditAction

    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=20, choices=Action)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_email = models.CharField(max_length=254, blank=True)
    actor_role = models.CharField(max_length=16, blank=True)
    clinic_id = models.BigIntegerField(null=True, blank=True)
    patient_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    target = models.CharField(max_length=80, blank=True, help_text="kind:id of the record, such as order:3f2a…")
    address = models.GenericIPAddressField(null=True, blank=True)
    route = models.CharField(max_length=120, blank=True, help_text="name of the page, not its address")
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.CheckConstraint(condition=models.Q(action__in=AuditAction.values), name="audit_action_known"),
        )
        indexes = (
            GinIndex(fields=("patient_ids",), name="audit_by_patient"),
            models.Index(fields=("actor_id", "-at"), name="audit_by_actor"),
            models.Index(fields=("clinic_id", "-at"), name="audit_by_clinic"),
            models.Index(fields=("action", "-at"), name="audit_by_action"),
            models.Index(fields=("-at",), name="audit_by_time"),
            models.Index(fields=("target", "-at"), condition=~models.Q(target=""), name="audit_by_target"),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"audit {self.pk}"
