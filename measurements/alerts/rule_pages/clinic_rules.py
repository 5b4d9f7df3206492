"""Views of a clinic's alert rules: for its administrators, and for clinicians whom they name; others read them."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from measurements import units
from measurements.alerts.backtests import runs as backtest_runs
from measurements.alerts.models import BacktestRun
from measurements.alerts.rule_editing.editable_rules import EditableRule, editable_rules, find_rule
from measurements.alerts.rule_editing.episode_questions import questions_about
from measurements.alerts.rule_editing.rule_effects import count_affected_patients, critical_episodes_ended
from measurements.alerts.rule_editing.rule_permissions import may_change_clinic_rules, require_rule_editor
from measurements.alerts.rule_forms.own_rule_forms import rule_form_class
from measurements.alerts.rule_forms.rule_forms import ClinicRuleForm, RuleForm
from measurements.alerts.rule_pages import rule_saving
from measurements.alerts.rule_pages.rule_rows import history_rows, rule_row
from measurements.units import DisplayUnits
from patients.models import Clinic, User
from patients.permissions import Permission, current_user, has_permission, requires_permission


def find_clinic(user: User, clinic_id: int) -> Clinic:
    """Raises Http404 for a clinic that is not the user's."""
    clinic: Clinic = get_object_or_404(user.clinics.all(), pk=clinic_id)
    return clinic


@requires_permission(Permission.VIEW_CLINIC_RULES)
@require_safe
def clinics(request: HttpRequest) -> HttpResponse:
    own = list(current_user(request).clinics.order_by("name"))
    if len(own) == 1:
        return redirect("alert_rules:clinic", own[0].pk)
    return render(request, "alert_rules/clinics.html", {"clinics": own})


@requires_permission(Permission.VIEW_CLINIC_RULES)
@require_safe
def clinic_rules(request: HttpRequest, clinic_id: int) -> HttpResponse:
    user = current_user(request)
    clinic, chosen = find_clinic(user, clinic_id), units.units_for(user)
    rows = [rule_row(rule, chosen) for rule in editable_rules(clinic)]
    context = {
        "clinic": clinic,
        "link": "alert_rules:clinic_rule",
        "scope_id": clinic.pk,
        "zone": clinic.zone,
        "judged": [row for row in rows if row.editable.is_judged],
        "others": [row for row in rows if not row.editable.is_judged],
        "history": history_rows(clinic, chosen),
        "may_change": may_change_clinic_rules(user, clinic),
        "editors": clinic.rule_editors.order_by("name", "pk"),
    }
    return render(request, "alert_rules/clinic_rules.html", context)


@requires_permission(Permission.VIEW_CLINIC_RULES)
@require_safe
def clinic_rule(request: HttpRequest, clinic_id: int, code: str) -> HttpResponse:
    user = current_user(request)
    clinic = find_clinic(user, clinic_id)
    rule, run = find_rule_or_404(clinic, code), find_run(user, clinic, code, request.GET.get("backtest", ""))
    if run is not None:  # as it was typed when the backtest was started
        figures = backtest_runs.run_figures(run)
        return render_rule(request, clinic, bound_form(run.typed, rule), run=run, figures=figures)
    form_class = rule_form_class(code, ClinicRuleForm)
    return render_rule(request, clinic, form_class(rule=rule, units=units.units_for(user)))


@requires_permission(Permission.CHANGE_CLINIC_RULES)
@require_POST
def save_clinic_rule(request: HttpRequest, clinic_id: int, code: str) -> HttpResponse:
    user = current_user(request)
    clinic = find_clinic(user, clinic_id)
    require_rule_editor(user, clinic)
    form = bound_form(request.POST, find_rule_or_404(clinic, code))
    action = rule_saving.read_action(request.POST.get("action", rule_saving.SAVE), form)
    if action is None:
        return render_rule(request, clinic, form)
    if rule_saving.changes_nothing(action, form):
        messages.success(request, "Nothing was changed.")
        return redirect("alert_rules:clinic", clinic.pk)
    questions = questions_about(critical_episodes_ended(clinic, code, action.new), request.POST)
    if any(not question.answer for question in questions):
        return render_rule(request, clinic, form, questions=questions, action=action.name)
    if not rule_saving.try_to_save(scope=clinic, form=form, action=action, questions=questions, by=user):
        return render_rule(request, clinic, form)
    messages.success(request, "The alert rule is saved. It judges readings from now on.")
    return redirect("alert_rules:clinic", clinic.pk)


def bound_form(data: Any, rule: EditableRule) -> RuleForm:
    return rule_form_class(rule.code, ClinicRuleForm)(data, rule=rule, units=DisplayUnits.from_code(data.get("units")))


def find_rule_or_404(clinic: Clinic, code: str) -> EditableRule:
    rule = find_rule(clinic, code)
    if rule is None:
        raise Http404(f"There is no rule {code}.")
    return rule


def find_run(user: User, clinic: Clinic, code: str, run_id: str) -> BacktestRun | None:
    try:
        key = uuid.UUID(run_id)
    except ValueError:
        return None
    rows = BacktestRun.objects.visible_to(user).filter(pk=key, clinic=clinic, rule=code)
    rows.record_seen()
    return rows.first()


def render_rule(request: HttpRequest, clinic: Clinic, form: RuleForm, **more: Any) -> HttpResponse:
    user = current_user(request)
    context = {
        "clinic": clinic,
        "form": form,
        "row": rule_row(form.rule, form.display_units),
        "history": history_rows(clinic, form.display_units, code=form.rule.code),
        "may_change": may_change_clinic_rules(user, clinic),
        "sees_patients": has_permission(user, Permission.HANDLE_ALERTS),
        "affected": count_affected_patients(clinic, form.rule.code),
        **more,
    }
    return render(request, "alert_rules/clinic_rule.html", context)
