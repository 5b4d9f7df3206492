from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from patients.folding import fold_name
from patients.validators import (
    validate_phone,
    validate_plain_text,
    validate_state,
    validate_time_zone,
    validate_zip_code,
)

from .choices import FederalHoliday
from .folded_name import FoldedNameModel

if TYPE_CHECKING:
    from .user import User

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*\Z"
SLUG_LENGTH = 50


class DayWeight(models.TextChoices):
    """Which of several weights of a local day is the day's weight."""

    FIRST = "first", "the first of the day"
    MEDIAN = "median", "the median of the day"


class Clinic(FoldedNameModel):
    """Clinic that cares for patients. Orders and audit show times in its zone."""

    name = models.CharField(max_length=120, validators=[validate_plain_text])
    slug = models.CharField(
        "short name",
        max_length=SLUG_LENGTH,
        unique=True,
        blank=True,
        validators=[RegexValidator(SLUG, "Write small letters, digits and single dashes, such as elm-street.")],
        error_messages={"unique": "Another clinic has this short name."},
        help_text="For commands, such as elm-street. It never changes. Left empty, it is made of the name.",
    )
    time_zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_time_zone])
    day_weight = models.CharField(
        "a day's weight",
        max_length=8,
        choices=DayWeight,
        default=DayWeight.FIRST,
        help_text="Where a patient was weighed several times on a day. Usual weight and gains are computed from it.",
    )
    time_idle_seconds = models.PositiveSmallIntegerField(
        "seconds without input until time stops",
        default=120,
        validators=[MinValueValidator(60), MaxValueValidator(300)],
        help_text="60 to 300. The time then ends at the last input; in a call it does not.",
    )
    phone = models.CharField(max_length=20, blank=True, validators=[validate_phone])
    street = models.CharField(max_length=160, blank=True, validators=[validate_plain_text])
    street_2 = models.CharField("suite, floor", max_length=80, blank=True, validators=[validate_plain_text])
    city = models.CharField(max_length=80, blank=True, validators=[validate_plain_text])
    state = models.CharField(max_length=2, blank=True, validators=[validate_state])
    zip_code = models.CharField("ZIP code", max_length=10, blank=True, validators=[validate_zip_code])
    federal_holidays = ArrayField(
        models.CharField(max_length=16, choices=FederalHoliday),
        verbose_name="closed on these US federal holidays",
        default=list,
        blank=True,
    )
    on_call = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="person on call",
        help_text="Who is called outside the working hours.",
    )
    on_call_phone = models.CharField(
        "phone of the person on call", max_length=20, blank=True, validators=[validate_phone]
    )
    rule_editors = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        verbose_name="clinicians who change alert rules",
        help_text="Of the whole clinic. Administrators may do so too.",
    )
    sends_email = models.BooleanField(
        "patients' e-mail addresses go to the vendor",
        default=False,
        help_text="With a patient's next order or change. Else the vendor learns name, address and phone only.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("folded_name",),
                name="clinic_name_once",
                violation_error_code="name",
                violation_error_message="Another clinic has this name.",
            ),
            models.CheckConstraint(condition=models.Q(day_weight__in=DayWeight.values), name="clinic_day_weight_known"),
            models.CheckConstraint(
                condition=models.Q(federal_holidays__contained_by=FederalHoliday.values),
                name="clinic_federal_holidays_known",
            ),
            models.CheckConstraint(
                condition=models.Q(time_idle_seconds__range=(60, 300)), name="clinic_time_idle_seconds_in_range"
            ),
            models.CheckConstraint(condition=models.Q(slug__regex=SLUG), name="clinic_slug_well_formed"),
        )
        triggers = (pgtrigger.ReadOnly(name="slug_fixed", fields=["slug"]),)

    def __str__(self) -> str:
        return self.name

    def save(self, **how: Any) -> None:
        if not self.slug:
            self.slug = unused_slug(self.name)
        super().save(**how)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def address(self) -> str:
        """In one line; empty while there is none."""
        place = " ".join(part for part in (self.state, self.zip_code) if part)
        return ", ".join(part for part in (self.street, self.street_2, self.city, place) if part)

    @property
    def person_on_call(self) -> User | None:
        """None also for an account that is closed or no longer of this clinic."""
        user = self.on_call
        return user if user and user.is_active and user.clinics.filter(pk=self.pk).exists() else None

    def get_federal_holidays_display(self) -> str:
        return ", ".join(FederalHoliday(name).label for name in FederalHoliday.values if name in self.federal_holidays)


def unused_slug(name: str) -> str:
    """Of "O'Brien Heart, Ltd." it is "obrien-heart-ltd", with "-2" where another clinic has that."""
    words = re.sub(r"[^a-z0-9]+", "-", fold_name(name)).strip("-") or "clinic"
    free = (words[:SLUG_LENGTH].strip("-"), *(f"{words[: SLUG_LENGTH - 4].strip('-')}-{n}" for n in range(2, 1000)))
    taken = set(Clinic.objects.values_list("slug", flat=True))
    return next(slug for slug in free if slug not in taken)
