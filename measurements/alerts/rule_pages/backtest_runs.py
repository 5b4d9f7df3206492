"""Views of a clinic-wide backtest: start it from the form of a rule, follow it, stop it."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from measurements.alerts.backtests import runs as backtest_runs
from measurements.alerts.models import BacktestRun
from measurements.alerts.rule_editing.rule_permissions import require_rule_editor
from measurements.alerts.rule_pages import rule_saving
from measurements.alerts.rule_pages.clinic_rules import bound_form, find_clinic, find_rule_or_404, render_rule
from patients.models import User
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed


@requires_permission(Permission.CHANGE_CLINIC_RULES)
@require_POST
def start_backtest(request: HttpRequest, clinic_id: int, code: str) -> HttpResponse:
    """Of the rule as typed; the page then follows the run."""
    user = current_user(request)
    clinic = find_clinic(user, clinic_id)
    require_rule_editor(user, clinic)
    form = bound_form(request.POST, find_rule_or_404(clinic, code))
    action = rule_saving.read_action(rule_saving.SAVE, form)
    if action is None:
        return render_rule(request, clinic, form)
    typed = {name: text for name, text in request.POST.items() if name in form.fields}
    run = backtest_runs.start_run(
        clinic=clinic, code=code, by=user, values=action.values, is_chosen=action.is_chosen, typed=typed
    )
    return redirect(f"{reverse('alert_rules:clinic_rule', args=[clinic.pk, code])}?backtest={run.pk}#backtest")


def run_version(user: User, run_id: uuid.UUID) -> str | None:
    """Asked for every few seconds while the form is open, so that the run continues."""
    rows = BacktestRun.objects.visible_to(user).filter(pk=run_id)
    rows.record_seen()
    run = rows.first()
    return run.live_version() if run else None


@requires_permission(Permission.CHANGE_CLINIC_RULES)
@require_safe
@only_if_changed(run_version)
def backtest_progress(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = find_run(current_user(request), run_id)
    context = {"run": run, "figures": backtest_runs.run_figures(run)}
    return render(request, "alert_rules/_backtest_run.html", context)


@requires_permission(Permission.CHANGE_CLINIC_RULES)
@require_POST
def cancel_backtest(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = find_run(current_user(request), run_id)
    backtest_runs.cancel_run(run)
    return redirect(f"{reverse('alert_rules:clinic_rule', args=[run.clinic_id, run.rule])}?backtest={run.pk}#backtest")


def find_run(user: User, run_id: uuid.UUID) -> BacktestRun:
    run = BacktestRun.objects.visible_to(user).select_related("clinic").filter(pk=run_id).first()
    if run is None:
        raise Http404("No such backtest.")
    return run
