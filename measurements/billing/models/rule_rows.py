"""Rows of billing rules: codes, payers' rules and confirmed years, with the history of their changes."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone

from measurements.billing.engine import code_rules, facts
from patients.models.ranges import DateRange, Int8Range, TextHash
from patients.validators import validate_plain_text

CODE = r"^[0-9A-Z]{5}\Z"
CODE_HELP = "Five digits or capital letters, such as 99454 or G0511."
KINDS = {
    code_rules.Kind.SETUP: "set-up, once in a monitoring period",
    code_rules.Kind.PERIOD: "days of a window of 30 days",
    code_rules.Kind.MONTH: "minutes of a calendar month",
    code_rules.Kind.REQUEST: "minutes of a calendar month, only asked for",
}
NEEDS = {
    code_rules.Need.LIVE_INTERACTION: "a live interaction",
    code_rules.Need.EDUCATION: "education",
    code_rules.Need.RELATIONSHIP: "an earlier visit",
}
SYSTEMS = ("respiratory", "musculoskeletal", "behavioural")
SERVICE_DATES = {
    facts.ServiceDate.LAST_DAY: "last day of the window or month",
    facts.ServiceDate.FIRST_DAY: "first day of the window or month",
    facts.ServiceDate.DAY_REACHED: "day on which the code was reached",
    facts.ServiceDate.EDUCATION: "day of the education",
}
validate_code = RegexValidator(CODE, f"This is no code. {CODE_HELP}")


class DatedRule(models.Model):
    """In force by the date of service, both days included; never deleted, so that it can be proved later."""

    start = models.DateField("from", null=True, blank=True)
    end = models.DateField("until", null=True, blank=True, help_text="Its last day; empty while it is in force.")
    source = models.CharField(
        max_length=300,
        validators=[validate_plain_text],
        help_text="Where it is written, such as 90 FR 49266 or the number of a policy.",
    )
    checked_by = models.CharField("checked by", max_length=120, validators=[validate_plain_text])

    class Meta:
        abstract = True

    def clean(self) -> None:
        if self.start and self.end and self.end < self.start:
            raise ValidationError({"end": "The last day is before the first one."})

    def refuse_overlap(self, others: models.QuerySet[Any], name: str) -> None:
        """ValidationError that names the row of which some days are the same."""
        found = others.exclude(pk=self.pk)
        if self.end:
            found = found.filter(Q(start__isnull=True) | Q(start__lte=self.end))
        if self.start:
            found = found.filter(Q(end__isnull=True) | Q(end__gte=self.start))
        if other := found.first():
            raise ValidationError({"start": f"{name} has another row for some of these days: {other}."})


class CodeRuleRow(DatedRule):
    """Of a code: what it is counted over, how many days or minutes it takes, what it needs (`engine.code_rules`)."""

    code = models.CharField(max_length=5, validators=[validate_code], help_text=CODE_HELP)
    programme = models.CharField(max_length=5, choices=[(p.value, p.value) for p in code_rules.BILLED_PROGRAMMES])
    kind = models.CharField("counted over", max_length=8, choices=[(k.value, label) for k, label in KINDS.items()])
    least = models.PositiveSmallIntegerField("least days or minutes", validators=[MinValueValidator(1)])
    most = models.PositiveSmallIntegerField("most days or minutes", null=True, blank=True)
    each = models.PositiveSmallIntegerField("a unit for each so many minutes", null=True, blank=True)
    beside = models.CharField("only beside the code", max_length=5, blank=True, validators=[validate_code])
    system = models.CharField("system of RTM", max_length=16, blank=True, choices=[(name, name) for name in SYSTEMS])
    needs = ArrayField(
        models.CharField(max_length=20, choices=[(n.value, label) for n, label in NEEDS.items()]),
        default=list,
        blank=True,
    )

    class Meta:
        ordering = ("code", "start", "pk")
        verbose_name, verbose_name_plural = "rule of a code", "rules of codes"
        constraints = (
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9A-Z]{5}$"), name="code_rule_code_formed"),
            models.CheckConstraint(condition=~Q(source="") & ~Q(checked_by=""), name="code_rule_has_source"),
            models.CheckConstraint(
                condition=Q(most__isnull=True) | Q(most__gte=F("least")), name="code_rule_most_above_least"
            ),
            models.CheckConstraint(
                condition=Q(each__isnull=True, beside="") | Q(each__gt=0) & ~Q(beside=""),
                name="code_rule_unit_beside_code",
            ),
            ExclusionConstraint(
                name="code_rule_no_overlap",
                expressions=[
                    (Int8Range(TextHash("code"), TextHash("code"), Value("[]")), RangeOperators.OVERLAPS),
                    (DateRange("start", "end", Value("[]")), RangeOperators.OVERLAPS),
                ],
                violation_error_message="This code has another row for some of these days.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.code} from {self.start or 'the beginning'}"

    def clean(self) -> None:
        super().clean()
        if self.most is not None and self.least is not None and self.most < self.least:
            raise ValidationError({"most": "The most is below the least."})
        if bool(self.each) != bool(self.beside):
            raise ValidationError({"beside": "A unit for each so many minutes and the code beside go together."})
        if self.system and self.programme != code_rules.Programme.RTM:
            raise ValidationError({"system": "Only codes of RTM have a system."})
        self.refuse_overlap(CodeRuleRow.objects.filter(code=self.code), f"Code {self.code}")

    def to_rule(self) -> code_rules.CodeRule:
        return code_rules.CodeRule(
            code=self.code,
            programme=code_rules.Programme(self.programme),
            kind=code_rules.Kind(self.kind),
            least=self.least,
            most=self.most,
            each=self.each,
            beside=self.beside,
            system=self.system,
            needs=frozenset(code_rules.Need(need) for need in self.needs),
            start=self.start,
            end=self.end,
            source=self.source,
            checked_by=self.checked_by,
        )


class PayerRule(DatedRule):
    """What a payer wants for the codes named, or for all where none is named. Without a payer: every payer."""

    payer = models.CharField(
        max_length=120, blank=True, validators=[validate_plain_text], help_text="As patients' coverages name it."
    )
    codes = ArrayField(models.CharField(max_length=5, validators=[validate_code]), default=list, blank=True)
    only_diagnoses = ArrayField(
        models.CharField(max_length=10), default=list, blank=True, verbose_name="only with these diagnoses"
    )
    is_first_diagnosis_only = models.BooleanField("only the first diagnosis of the order is compared", default=False)
    is_covered = models.BooleanField("covered", default=True)
    needs_prior_authorisation = models.BooleanField("asks for a prior authorisation", default=False)
    least_days = models.PositiveSmallIntegerField("least days", default=0, validators=[MaxValueValidator(30)])
    date_of_service = models.CharField(
        max_length=12, blank=True, choices=[(c.value, label) for c, label in SERVICE_DATES.items()]
    )

    class Meta:
        ordering = ("payer", "codes", "start", "pk")
        verbose_name, verbose_name_plural = "rule of a payer", "rules of payers"
        constraints = (
            models.CheckConstraint(condition=~Q(source="") & ~Q(checked_by=""), name="payer_rule_has_source"),
            models.CheckConstraint(
                condition=Q(start__isnull=True) | Q(end__isnull=True) | Q(end__gte=F("start")),
                name="payer_rule_ends_after_start",
            ),
        )

    def __str__(self) -> str:
        codes = ", ".join(self.codes) or "all codes"
        return f"{self.payer or 'every payer'}, {codes}, from {self.start or 'the beginning'}"

    def clean(self) -> None:
        """A payer overlaps itself where two of its rows say something of one code on one day."""
        super().clean()
        self.codes = sorted(set(self.codes))
        self.payer = " ".join(self.payer.split())
        others = PayerRule.objects.filter(payer__iexact=self.payer)
        same = others.filter(codes__overlap=self.codes) if self.codes else others.filter(codes=[])
        self.refuse_overlap(same, self.payer or "Every payer")

    def to_rule(self) -> facts.PayerRule:
        return facts.PayerRule(
            payer=self.payer,
            codes=frozenset(self.codes),
            only_diagnoses=tuple(self.only_diagnoses),
            is_first_diagnosis_only=self.is_first_diagnosis_only,
            is_covered=self.is_covered,
            needs_prior_authorisation=self.needs_prior_authorisation,
            least_days=self.least_days,
            date_of_service=facts.ServiceDate(self.date_of_service) if self.date_of_service else None,
            start=self.start,
            end=self.end,
            source=self.source,
            checked_by=self.checked_by,
        )


class ConfirmedYear(models.Model):
    """A year whose rules an administrator has confirmed; lines of later years are provisional."""

    year = models.PositiveSmallIntegerField(unique=True, validators=[MinValueValidator(2019), MaxValueValidator(2100)])
    source = models.CharField(
        max_length=300,
        validators=[validate_plain_text],
        help_text="The final rule, such as CMS-1832-F, 90 FR 49266.",
    )
    checked_by = models.CharField("checked by", max_length=120, validators=[validate_plain_text])

    class Meta:
        ordering = ("year",)
        constraints = (
            models.CheckConstraint(condition=~Q(source="") & ~Q(checked_by=""), name="confirmed_year_has_source"),
        )

    def __str__(self) -> str:
        return f"rules of {self.year}"


class BillingRuleChange(models.Model):
    """Append-only: a rule, a payer's rule or a confirmed year as it was before a change, and after it."""

    table = models.CharField("kind", max_length=16)
    row_id = models.BigIntegerField("number of the rule")
    row = models.CharField("rule", max_length=300)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "change of a billing rule", "changes of billing rules"
        constraints = (models.CheckConstraint(condition=~Q(before=F("after")), name="billing_rule_change_changes"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"change of a billing rule {self.pk}"
