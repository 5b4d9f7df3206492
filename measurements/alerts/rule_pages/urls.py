from __future__ import annotations

from django.urls import path

from measurements.alerts.rule_pages import (
    backtest_runs,
    clinic_rules,
    expected_readings,
    goal_previews,
    new_rules,
    patient_rules,
    pauses,
    presets,
)

app_name = "alert_rules"
PATIENT_RULES = "patients/<uuid:patient_id>/alert-rules/"
CLINIC_RULES = "alert-rules/<int:clinic_id>/"
urlpatterns = [
    path(PATIENT_RULES, patient_rules.patient_rules, name="patient"),
    path(f"{PATIENT_RULES}expected/", expected_readings.save_expected_readings, name="expected"),
    path(f"{PATIENT_RULES}pauses/", pauses.plan_pause, name="plan_pause"),
    path(f"{PATIENT_RULES}pauses/<int:pause_id>/end/", pauses.end_pause, name="end_pause"),
    path(f"{PATIENT_RULES}presets/", presets.preset_page, name="preset"),
    path(f"{PATIENT_RULES}presets/preview/", presets.preset_preview, name="preset_preview"),
    path(f"{PATIENT_RULES}presets/confirm/", presets.confirm_preset, name="confirm_preset"),
    path(f"{PATIENT_RULES}goals/preview/", goal_previews.goal_preview, name="goal_preview"),
    path(f"{PATIENT_RULES}new/", new_rules.new_patient_rule, name="new_patient_rule"),
    path(f"{PATIENT_RULES}rule/<slug:code>/", patient_rules.patient_rule, name="patient_rule"),
    path(f"{PATIENT_RULES}rule/<slug:code>/preview/", patient_rules.rule_preview, name="patient_rule_preview"),
    path(f"{PATIENT_RULES}rule/<slug:code>/save/", patient_rules.save_patient_rule, name="save_patient_rule"),
    path("alert-rules/", clinic_rules.clinics, name="clinics"),
    path(CLINIC_RULES, clinic_rules.clinic_rules, name="clinic"),
    path(f"{CLINIC_RULES}new/", new_rules.new_clinic_rule, name="new_clinic_rule"),
    path(f"{CLINIC_RULES}rule/<slug:code>/", clinic_rules.clinic_rule, name="clinic_rule"),
    path(f"{CLINIC_RULES}rule/<slug:code>/save/", clinic_rules.save_clinic_rule, name="save_clinic_rule"),
    path(f"{CLINIC_RULES}rule/<slug:code>/backtest/", backtest_runs.start_backtest, name="start_backtest"),
    path("alert-rules/backtests/<uuid:run_id>/progress/", backtest_runs.backtest_progress, name="backtest_progress"),
    path("alert-rules/backtests/<uuid:run_id>/stop/", backtest_runs.cancel_backtest, name="cancel_backtest"),
]
