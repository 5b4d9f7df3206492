"""Admin of billing rules, payers' rules, confirmed years and settings, each change with what was before."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.models import model_to_dict
from django.http import HttpRequest

from measurements.billing.models import BillingRuleChange, BillingSettings, CodeRuleRow, ConfirmedYear, PayerRule
from measurements.billing.models.clinic_settings import SAME_NAMED
from measurements.billing.models.rule_rows import CODE, CODE_HELP
from measurements.billing.rule_changes import mark_clinics_due
from patients.admin_site.base import ReadOnlyAdmin
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from patients.models import Clinic
from patients.permissions import current_user

DIAGNOSIS = r"[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?"


def describe_row(row: Any) -> dict[str, Any]:
    """As JSON, by field."""
    found: dict[str, Any] = json.loads(json.dumps(model_to_dict(row), cls=DjangoJSONEncoder))
    return found


class RuleAdmin(OptimisticLockAdmin):
    """Rules hold for all clinics, so a change makes the patients of all of them due."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = describe_row(type(obj)._default_manager.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)
        after = describe_row(obj)
        if after == before:
            return
        BillingRuleChange.objects.create(
            table=str(self.opts.model_name),
            row_id=obj.pk,
            row=str(obj)[:300],
            before=before,
            after=after,
            by=current_user(request),
        )
        mark_clinics_due(Clinic.objects.all())


@admin.register(CodeRuleRow)
class CodeRuleRowAdmin(RuleAdmin):
    list_display = ("code", "programme", "kind", "least", "most", "start", "end", "source")
    list_filter = ("programme", "kind")
    fields = (
        *("code", "programme", "kind", "least", "most", "each", "beside", "system", "needs", "start", "end"),
        *("source", "checked_by"),
    )


class CommaSeparatedField(forms.CharField):
    """A list, typed with commas."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        parts = value if isinstance(value, list | tuple) else str(value or "").replace(";", ",").split(",")
        return [part.strip().upper() for part in parts if part.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


class CodesField(CommaSeparatedField):
    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if wrong := [code for code in value if not re.fullmatch(CODE, code)]:
            raise ValidationError(f"{', '.join(wrong)}: this is no code. {CODE_HELP}")


class DiagnosesField(CommaSeparatedField):
    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if wrong := [code for code in value if not re.fullmatch(DIAGNOSIS, code)]:
            raise ValidationError(f"{', '.join(wrong)}: this is no diagnosis of ICD-10-CM, such as I50 or I10.")


class PayerRuleForm(forms.ModelForm):
    codes = CodesField(required=False, help_text="With commas between them. Empty: all codes.")
    only_diagnoses = DiagnosesField(
        label="Only with these diagnoses",
        required=False,
        help_text="With commas between them; I50 means all that begin with it. Empty: any diagnosis.",
    )


@admin.register(PayerRule)
class PayerRuleAdmin(RuleAdmin):
    form = PayerRuleForm
    list_display = ("payer", "codes", "is_covered", "needs_prior_authorisation", "least_days", "start", "end")
    list_filter = ("is_covered",)
    fields = (
        *("payer", "codes", "only_diagnoses", "is_first_diagnosis_only", "is_covered", "needs_prior_authorisation"),
        *("least_days", "date_of_service", "start", "end", "source", "checked_by"),
    )


@admin.register(ConfirmedYear)
class ConfirmedYearAdmin(RuleAdmin):
    list_display = ("year", "source", "checked_by")
    fields = ("year", "source", "checked_by")


@admin.register(BillingRuleChange)
class BillingRuleChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "by", "table", "row")
    fields = ("at", "by", "table", "row", "before", "after")
    list_filter = ("table",)
    list_select_related = ("by",)


@admin.register(BillingSettings)
class BillingSettingsAdmin(OptimisticLockAdmin):
    """A new row replaces the older one of its clinic, which stays as history."""

    clinic_path = "clinic"
    list_display = ("clinic", "at", "by", "source")
    list_select_related = ("clinic", "by")
    fields = ("clinic", *SAME_NAMED, "rpm_credentials", "rtm_credentials", "source")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What is in force, where the administrator has one clinic."""
        own = current_user(request).clinics.all()
        newest = BillingSettings.objects.filter(clinic__in=own).first() if len(own) == 1 else None
        found = model_to_dict(newest, exclude=("by", "at", "source")) if newest else {}
        return {**found, **{f"{n}_credentials": ",".join(found.get(f"{n}_credentials", [])) for n in ("rpm", "rtm")}}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "clinic":
            kwargs["queryset"] = current_user(request).clinics.all()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: BillingSettings, form: Any, change: bool) -> None:
        obj.by = current_user(request)
        super().save_model(request, obj, form, change)
        mark_clinics_due([obj.clinic])
