from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Count, F, Func, Q, Sum, Value
from django.utils import timezone

from patients import wording
from patients.folding import MRN_SEPARATORS, fold_case, fold_mrn, fold_name
from patients.us_states import time_zone_names
from patients.validators import (
    EARLIEST_BIRTH_DATE,
    validate_birth_date,
    validate_phone,
    validate_plain_text,
    validate_state,
    validate_time_zone,
    validate_zip_code,
)

from .choices import CONDITION_LABELS, Condition, DischargeReason, Sex
from .clinic import Clinic
from .practitioner import Practitioner
from .zone_history import zone_history_trigger

if TYPE_CHECKING:
    from .user import User

TOUCH_LIVE_VERSION_SQL = """
UPDATE patients_patient AS patient SET live_version = live_version + 1
FROM (SELECT id FROM patients_patient WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE) AS locked
WHERE patient.id = locked.id
"""


def can_see_patients(user: User) -> bool:
    """Whether the user sees patients of the own clinics at all; rows are then filtered by `clinic__people`."""
    return user.is_authenticated and user.is_active and bool(user.role)


def random_live_version() -> int:
    """Random start, so that the sum of versions also changes if one patient replaces another."""
    return secrets.randbelow(2**31)


def format_live_version(count: int, versions: int) -> str:
    """Opaque text that changes with any of the patients and with who is among them."""
    return f"{count}-{versions}"


class PatientQuerySet(models.QuerySet["Patient"]):
    def visible_to(self, user: User) -> PatientQuerySet:
        """Patients of the user's own clinics; none for a user without a role. Default is deny."""
        return self.filter(clinic__people=user) if can_see_patients(user) else self.none()

    def enrolled(self) -> PatientQuerySet:
        return self.filter(discharged_at__isnull=True)

    def pulled_for_readings(self, *, days_after_discharge: int) -> PatientQuerySet:
        """Those whose readings are still fetched: late uploads arrive for weeks after discharge."""
        since = timezone.now() - dt.timedelta(days=days_after_discharge)
        return self.filter(Q(discharged_at__isnull=True) | Q(discharged_at__gte=since))

    def with_devices(self) -> PatientQuerySet:
        """Only these exist at the vendor."""
        return self.filter(devices__isnull=False).distinct()

    def summary_stale(self) -> PatientQuerySet:
        """Those whose computed summary must be rebuilt after an edit."""
        return self.filter(summary_stale_at__isnull=False)

    def mark_summary_stale(self, ids: Iterable[uuid.UUID]) -> None:
        """What is computed of these patients no longer fits; wake `stale_summaries` to have it rebuilt soon."""
        self.filter(pk__in=list(ids)).update(summary_stale_at=timezone.now())

    def clear_summary_stale(self) -> None:
        """The summaries are rebuilt; open pages reload."""
        self.update(summary_stale_at=None, live_version=F("live_version") + 1)

    def by_external_id(self, external_id: str) -> Patient | None:
        """Lookup ignoring case, as the vendor does. Not scoped to a user: for workers only."""
        return self.filter(folded_external_id=fold_case(external_id)).first()

    def bulk_create(self, objs: Iterable[Any], *args: Any, **how: Any) -> list[Any]:
        patients = list(objs)
        for patient in patients:
            patient.set_folded_columns()
        return super().bulk_create(patients, *args, **how)

    def combined_live_version(self) -> str:
        """See `format_live_version`."""
        totals = self.order_by().aggregate(count=Count("pk"), versions=Sum("live_version", default=0))
        return format_live_version(totals["count"], totals["versions"])

    def touch_live_version(self, ids: Iterable[uuid.UUID]) -> None:
        """Make open pages reload. Rows are locked in id order, so that two writers can't deadlock."""
        with connection.cursor() as cursor:
            cursor.execute(TOUCH_LIVE_VERSION_SQL, [list(set(ids))])


def generate_external_id() -> str:
    return f"pt-{uuid.uuid4()}"


# Column: the fields that it is computed from.
FOLDED_COLUMNS = {
    "folded_external_id": {"external_id"},
    "folded_name": {"given_name", "family_name"},
    "folded_mrn": {"mrn"},
}

# What `contact_line` shows of a patient, for lists that load chosen columns.
CONTACT_COLUMNS = ("phone", "street", "street_2", "city", "state", "zip_code")


class Patient(models.Model):
    """Patient of a clinic. All of it is PHI; read only through `visible_to` and `get_patient_audited`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    external_id = models.CharField(
        "account id at the vendor",
        max_length=255,
        default=generate_external_id,
        validators=[validate_plain_text],
        help_text="Sent to Tenovi. Leave as it is, or type the id of an account that exists there.",
    )
    external_id_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    # A person with one name only has it as family name; see `admission.assign_fields`.
    given_name = models.CharField(max_length=80, blank=True, validators=[validate_plain_text])
    family_name = models.CharField(max_length=80, validators=[validate_plain_text])
    # Computed at every save, see FOLDED_COLUMNS; uniqueness and search compare these.
    folded_external_id = models.TextField(blank=True, editable=False)
    folded_name = models.TextField(blank=True, editable=False)
    folded_mrn = models.TextField(blank=True, editable=False)
    sex = models.CharField(max_length=8, choices=Sex, default=Sex.UNKNOWN)
    birth_date = models.DateField(validators=[validate_birth_date])
    mrn = models.CharField("MRN", max_length=40, blank=True, validators=[validate_plain_text])
    phone = models.CharField(max_length=20, blank=True, validators=[validate_phone], help_text="E.164: +16035550142.")
    email = models.EmailField("e-mail", blank=True)
    sms_consent = models.BooleanField("may be texted", default=False, help_text="Only with the patient's consent.")
    street = models.CharField(max_length=160, blank=True, validators=[validate_plain_text])
    street_2 = models.CharField("apartment, floor", max_length=80, blank=True, validators=[validate_plain_text])
    city = models.CharField(max_length=80, blank=True, validators=[validate_plain_text])
    state = models.CharField(max_length=2, blank=True, validators=[validate_state])
    zip_code = models.CharField("ZIP code", max_length=10, blank=True, validators=[validate_zip_code])
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    practitioner = models.ForeignKey(
        Practitioner,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="patients",
        verbose_name="responsible provider",
    )
    conditions = ArrayField(models.CharField(max_length=16, choices=Condition), default=list, blank=True)
    enrolled_at = models.DateTimeField(default=timezone.now, editable=False)
    discharged_at = models.DateTimeField(null=True, blank=True, editable=False)
    discharge_reason = models.CharField(max_length=16, choices=DischargeReason, blank=True, editable=False)
    # Increased by every change that a page of this patient shows; open pages poll with it.
    live_version = models.BigIntegerField(default=random_live_version, editable=False)
    # Set when what is computed per patient no longer fits (a new time zone); cleared when it has been rebuilt.
    summary_stale_at = models.DateTimeField(null=True, editable=False)
    # Increased by every edit of a user; a form that was opened on an older version is refused (optimistic lock).
    edit_version = models.PositiveIntegerField(default=1, editable=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ("family_name", "given_name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("folded_external_id",),
                name="patient_external_id_once",
                violation_error_code="external_id",
                violation_error_message="This id is in use.",
            ),
            models.UniqueConstraint(
                fields=("clinic", "folded_mrn"),
                condition=~Q(folded_mrn=""),
                name="patient_mrn_once",
                violation_error_code="mrn",
                violation_error_message="Another patient of this clinic has this MRN.",
            ),
            models.CheckConstraint(
                condition=Q(birth_date__gte=EARLIEST_BIRTH_DATE), name="patient_birth_date_possible"
            ),
            models.CheckConstraint(condition=Q(sex__in=Sex.values), name="patient_sex_known"),
            models.CheckConstraint(condition=~Q(external_id=""), name="patient_external_id_present"),
            models.CheckConstraint(
                condition=Q(discharged_at__isnull=True) | Q(discharged_at__gte=F("enrolled_at")),
                name="patient_discharged_after_enrolled",
            ),
        )
        indexes = (
            models.Index(fields=("clinic", "family_name", "given_name", "id"), name="patient_link"),
            models.Index(fields=("clinic", "birth_date"), name="patient_by_birth_date"),
            # As `search.compact_mrn_column` computes it.
            models.Index(
                F("clinic"),
                Func(F("folded_mrn"), Value(MRN_SEPARATORS), Value(""), function="translate"),
                name="patient_by_compact_mrn",
            ),
            models.Index(
                fields=("summary_stale_at",),
                condition=Q(summary_stale_at__isnull=False),
                name="patient_summary_stale",
            ),
            models.Index(
                fields=("clinic", "practitioner"),
                condition=Q(discharged_at__isnull=True),
                name="patient_by_practitioner",
            ),
        )
        triggers = (
            # Not pgtrigger.ReadOnly: it ignores a condition and would fix the id from the start.
            pgtrigger.Protect(
                name="external_id_fixed_once_sent",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.external_id_sent_at IS NOT NULL AND NEW.external_id IS DISTINCT FROM OLD.external_id"
                ),
            ),
            zone_history_trigger,
        )

    def __str__(self) -> str:
        return f"patient {self.pk}"  # opaque: this text reaches logs and page titles

    def save(self, **how: Any) -> None:
        self.set_folded_columns()
        if how.get("update_fields") is not None:
            saved = set(how["update_fields"])
            how["update_fields"] = saved | {column for column, sources in FOLDED_COLUMNS.items() if sources & saved}
        super().save(**how)

    def clean(self) -> None:
        self.set_folded_columns()
        typed = isinstance(self.birth_date, dt.date) and self.time_zone in time_zone_names()
        if typed and self.birth_date > self.today:
            raise ValidationError({"birth_date": "This date is in the future. Please check the year."})

    def set_folded_columns(self) -> None:
        self.folded_external_id = fold_case(self.external_id)
        self.folded_name = fold_name(self.name)
        self.folded_mrn = fold_mrn(self.mrn)

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.given_name, self.family_name)))

    @property
    def list_name(self) -> str:
        """As lists sort it: "Delgado, Rosa"."""
        return ", ".join(filter(None, (self.family_name, self.given_name)))

    @property
    def address(self) -> str:
        """In one line: "12 Alder Street, Apt 3, Concord, NH 03301"; empty if nothing of it is known."""
        place = " ".join(filter(None, (self.state, self.zip_code)))
        return ", ".join(filter(None, (self.street, self.street_2, self.city, place)))

    @property
    def street_lines(self) -> str:
        """ "12 Alder Street, Apt 3"."""
        return ", ".join(filter(None, (self.street, self.street_2)))

    @property
    def provider(self) -> str:
        """Name of the responsible provider, or empty. Select `practitioner` with the patient."""
        return self.practitioner.name if self.practitioner else ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def condition_labels(self) -> list[str]:
        return [CONDITION_LABELS[value] for value in self.conditions if value in CONDITION_LABELS]

    @property
    def today(self) -> dt.date:
        """The calendar day in the patient's own time zone."""
        return timezone.localdate(timezone=self.zone)

    @property
    def age_label(self) -> str:
        """ "75 y", "14 mo", "3 wk"."""
        return wording.age_label(self.birth_date, self.today)
