"""A patient's alert rules: the page, changes with their history, refusals in words, critical episodes, the preview."""

import datetime as dt

import pytest
from django.utils import timezone

from measurements.alerts.models import AlertEpisode, AlertRuleChange, AlertStep, MeasuringPause, PresetConfirmation
from measurements.alerts.rule_changes import change_rule
from measurements.alerts.rule_editing.editable_rules import editable_rules, find_rule
from measurements.models import TriageEntry
from tests.factories import AlertEpisodeFactory, DeviceFactory
from tests.measurements.alerts.rule_pages.rule_form import typed_form
from tests.measurements.alerts.stored import ingest_pressure, only_episode, pressure_item
from tests.measurements.thresholds.threshold_form import threshold_form_data
from tests.measurements.webhook_items import receive_and_ingest

pytestmark = pytest.mark.django_db


def rules_page(patient):
    return f"/patients/{patient.pk}/alert-rules/"


def rule_page(patient, code, end=""):
    return f"{rules_page(patient)}rule/{code}/{end}"


def save(browser, patient, code, *, action="save", **changes):
    changes = {name.replace("__", "-"): text for name, text in changes.items()}
    data = {**typed_form(patient, code, **changes), "action": action}
    return browser.post(rule_page(patient, code, "save/"), data, follow=True)


def critical_episode(patient, **columns):
    values = {"rule": "bp_severe", "severity": "critical", "kind": "limit", "peak_1": 190.0, "peak_2": 100.0} | columns
    return AlertEpisodeFactory(patient=patient, **values)


def test_patient_rule_page_names_rules_with_their_origin(as_nadia, rosa, nadia):
    change_rule(scope=rosa.clinic, code="bp_average", by=nadia, last_seen_change_id=0, values={"days": 14})
    change_rule(
        scope=rosa, code="bp_severe", by=nadia, last_seen_change_id=AlertRuleChange.objects.get().pk,
        values={"above": {"value_1": 190, "value_2": 125}},
    )  # fmt: skip

    page = as_nadia.get(rules_page(rosa)).content.decode()

    origins = {rule.code: rule.effective.source for rule in editable_rules(rosa)}
    assert (origins["bp_severe"], origins["bp_average"], origins["bp_low"]) == ("patient", "clinic", "shipped")
    for words in ("A reading over 190/125 mmHg", "Average of 14 days 135/85 or more mmHg", "Low home average"):
        assert words in page
    assert "seen at once, settled by the next reading within 60 minutes" in page.lower()
    assert "Systolic" not in page


def test_patient_rule_is_changed_switched_off_and_inherited_with_history(as_nadia, rosa, nadia):
    save(as_nadia, rosa, "bp_severe", value_1__0="190", value_2__0="125", severity="warning", reason="tolerates it")
    first = AlertRuleChange.objects.get()
    assert first.changes == {"severity": "warning", "above": {"value_1": 190, "value_2": 125}}
    assert (first.patient, first.by, first.reason) == (rosa, nadia, "tolerates it")
    assert TriageEntry.objects.get(patient=rosa).due_at <= timezone.now()
    rule = find_rule(rosa, "bp_severe").effective.rule
    assert (rule.limits[0].value_1, rule.severity, rule.confirm) == (190, "warning", True)

    save(as_nadia, rosa, "bp_severe", action="off")
    assert AlertRuleChange.objects.count() == 1  # without a reason
    save(as_nadia, rosa, "bp_severe", action="off", reason="palliative")
    assert find_rule(rosa, "bp_severe").effective.rule is None

    save(as_nadia, rosa, "bp_severe", action="inherit")
    assert find_rule(rosa, "bp_severe").effective.rule.limits[0].value_1 == 180
    page = as_nadia.get(rule_page(rosa, "bp_severe")).content.decode()
    for words in ("A reading over 190/125 mmHg; severity warning", "switched off", "as inherited", "palliative"):
        assert words in page
    assert "Nothing was changed" in save(as_nadia, rosa, "bp_severe").content.decode()
    assert AlertRuleChange.objects.count() == 3


def test_patient_rule_that_no_condition_asks_for_is_chosen(as_nadia, rosa):
    assert find_rule(rosa, "preg_bp").effective.rule is None

    save(as_nadia, rosa, "preg_bp")

    change = AlertRuleChange.objects.get()
    assert (change.changes, change.is_chosen) == ({}, True)
    assert find_rule(rosa, "preg_bp").effective.rule.k == 2


def test_rule_page_of_unknown_rule_is_not_found_and_coordinator_reads_only(as_nadia, as_cora, rosa):
    assert as_nadia.get(rule_page(rosa, "nothing")).status_code == 404
    assert as_nadia.post(rule_page(rosa, "nothing", "save/")).status_code == 404
    assert as_cora.get(rule_page(rosa, "bp_severe")).status_code == 200
    assert as_cora.post(rule_page(rosa, "bp_severe", "save/")).status_code == 403


def test_loosened_critical_rule_asks_about_unseen_episodes(as_nadia, rosa, nadia):
    cuff = DeviceFactory(patient=rosa)
    for index in (1, 2):
        ingest_pressure(cuff, 190, 100, index=index)
    ended, fed = only_episode(rosa), critical_episode(rosa, rule="hf_bp", peak_1=195.0)
    loosened = {"value_1__0": "200", "value_2__0": "130"}

    asked = save(as_nadia, rosa, "bp_severe", **loosened).content.decode()
    assert "would end 1 of them" in asked
    assert not AlertRuleChange.objects.exists()
    assert "would end" not in save(as_nadia, rosa, "hf_bp", value_1__1="180").content.decode()
    assert AlertEpisode.objects.get(pk=fed.pk).is_acknowledged is False

    save(as_nadia, rosa, "bp_severe", **loosened, **{f"episode__{ended.pk}": "acknowledge"})

    assert AlertRuleChange.objects.filter(rule="bp_severe").count() == 1
    step = AlertStep.objects.get()
    assert (step.episode_id, step.kind, step.by) == (ended.pk, "acknowledge", nadia)


def test_switched_off_critical_rule_retains_unseen_episodes_where_asked(as_nadia, rosa):
    episode = critical_episode(rosa)

    assert "would end 1" in save(as_nadia, rosa, "bp_severe", action="off", reason="no").content.decode()
    save(as_nadia, rosa, "bp_severe", action="off", reason="no", **{f"episode__{episode.pk}": "keep"})

    assert AlertRuleChange.objects.get().is_off
    assert not AlertStep.objects.exists()


def test_rule_changed_by_another_meanwhile_is_shown_and_saved_again(as_nadia, rosa, ada):
    data = {**typed_form(rosa, "bp_severe", **{"value_1-0": "190"}), "action": "save"}
    change_rule(scope=rosa.clinic, code="silence", by=ada, last_seen_change_id=0, values={"days": 3})

    page = as_nadia.post(rule_page(rosa, "bp_severe", "save/"), data).content.decode()

    assert "Ada Mensah changed alert rules meanwhile" in page
    assert 'value="190"' in page
    assert AlertRuleChange.objects.filter(patient=rosa).count() == 0
    data["seen"] = AlertRuleChange.objects.get().pk
    assert as_nadia.post(rule_page(rosa, "bp_severe", "save/"), data).status_code == 302


def test_rule_preview_lists_episodes_now_and_new_without_saving(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    for days_ago, systolic in ((5, 186), (3, 150)):
        for minutes in (0, 10):
            item = pressure_item(device, systolic, hours_ago=24 * days_ago - minutes / 60, index=minutes)
            receive_and_ingest(item)
    data = {**typed_form(rosa, "bp_severe", **{"value_1-0": "145"}), "fragment": "1"}

    fragment = as_nadia.post(rule_page(rosa, "bp_severe", "preview/"), data).content.decode()

    assert "Now: 1 episode" in fragment
    assert "New: 1 episode" in fragment
    assert fragment.count("<rect") == 2
    assert "<html" not in fragment
    page = as_nadia.post(rule_page(rosa, "bp_severe", "preview/"), data | {"value_1-0": "190", "fragment": ""})
    assert "worst 186/80 mmHg" in page.content.decode()
    del data["fragment"]
    page = as_nadia.post(rule_page(rosa, "bp_severe", "preview/"), data | {"value_1-0": "9"}).content.decode()
    assert "A preview needs valid numbers" in page
    assert not AlertRuleChange.objects.exists()


def test_goal_preview_shows_rules_that_follow_the_spo2_target(as_nadia, rosa):
    rosa.conditions = ["copd"]
    rosa.save(update_fields=["conditions"])
    page = as_nadia.get(f"/patients/{rosa.pk}/goals/").content.decode()
    assert "Show how alerts would change" in page
    data = threshold_form_data(as_nadia, rosa) | {"spO2-1-low": "94"}

    shown = as_nadia.post(f"{rules_page(rosa)}goals/preview/", data).content.decode()

    assert "Alerts that follow goals, now against new" in shown
    assert "Very low SpO₂" in shown
    assert 'value="94"' in shown


def test_pause_is_planned_ended_early_and_refused_in_words(as_cora, rosa, cora):
    today = rosa.today
    day = dt.timedelta(days=1)
    page = f"{rules_page(rosa)}pauses/"

    refused = as_cora.post(page, {"first_day": today, "last_day": today - day, "reason": "trip", "metric": ""})
    assert "The last day is before the first." in refused.content.decode()
    assert 'value="trip"' in refused.content.decode()
    assert "Say why" in as_cora.post(page, {"first_day": today, "last_day": today}).content.decode()

    as_cora.post(page, {"first_day": today, "last_day": today + 7 * day, "reason": "trip", "metric": "weight"})
    pause = MeasuringPause.objects.get()
    assert (pause.metric_id, pause.by) == ("weight", cora)

    as_cora.post(f"{page}{pause.pk}/end/")
    pause.refresh_from_db()
    assert pause.ended_by == cora
    assert "over already" in as_cora.post(f"{page}{pause.pk}/end/", follow=True).content.decode()


def test_enrolment_form_names_the_rules_of_each_condition(as_cora):
    page = " ".join(as_cora.get("/patients/new/").content.decode().split())

    assert "Which alert rules a condition brings" in page
    assert "<dt>Hypertension</dt><dd>Severe blood pressure, High average blood pressure" in page


def test_presets_are_compared_and_confirmed_in_one_step(as_nadia, rosa, nadia):
    rosa.conditions = ["hypertension"]
    rosa.save(update_fields=["conditions"])
    page = f"{rules_page(rosa)}presets/"
    assert "no clinician has confirmed" in " ".join(as_nadia.get(rules_page(rosa)).content.decode().split())
    data = {"conditions": ["heart_failure"], "edit_version": rosa.edit_version}

    shown = as_nadia.post(f"{page}preview/", data).content.decode()
    for words in ("Weight gain in a day", "no longer judged", "Severe blood pressure"):
        assert words in shown
    assert not PresetConfirmation.objects.exists()

    as_nadia.post(f"{page}confirm/", data)

    rosa.refresh_from_db()
    confirmation = PresetConfirmation.objects.get()
    assert (rosa.conditions, confirmation.conditions, confirmation.by) == (["heart_failure"], ["heart_failure"], nadia)
    assert "no clinician has confirmed" not in " ".join(as_nadia.get(rules_page(rosa)).content.decode().split())
    assert "meanwhile" in as_nadia.post(f"{page}confirm/", data | {"conditions": ["copd"]}).content.decode()
