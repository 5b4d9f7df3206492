"""A clinic's alert rules: who changes them, what they do to patients, and the backtest of all its patients."""

import datetime as dt

import pytest
from django.utils import timezone

from measurements.alerts.backtests import runs as backtest_runs
from measurements.alerts.models import AlertRuleChange, AlertStep, BacktestRun, BacktestState
from measurements.alerts.rule_changes import change_rule
from measurements.alerts.rule_editing.editable_rules import find_rule
from measurements.models import TriageEntry
from tests.factories import AlertEpisodeFactory, BacktestRunFactory, DeviceFactory, PatientFactory
from tests.measurements.alerts.rule_pages.rule_form import typed_form
from tests.measurements.alerts.stored import ingest_pressure, only_episode, pressure_item
from tests.measurements.webhook_items import receive_and_ingest

pytestmark = pytest.mark.django_db


def rule_page(clinic, code="bp_severe", end=""):
    return f"/alert-rules/{clinic.pk}/rule/{code}/{end}"


def save(browser, clinic, code="bp_severe", *, action="save", **changes):
    changes = {name.replace("__", "-"): text for name, text in changes.items()}
    data = {**typed_form(clinic, code, **changes), "action": action}
    return browser.post(rule_page(clinic, code, "save/"), data, follow=True)


def measure_pressure(patient, *values):
    """One a day, the newest yesterday, each twice within ten minutes."""
    device = DeviceFactory(patient=patient)
    for days_ago, systolic in enumerate(reversed(values), start=1):
        for minutes in (0, 5):
            item = pressure_item(device, systolic, hours_ago=24 * days_ago - minutes / 60, index=minutes)
            receive_and_ingest(item)


def test_clinic_rules_are_changed_by_administrators_and_named_users(client_of, ada, as_nadia, as_cora, nadia, rosa):
    clinic, other = rosa.clinic, PatientFactory(clinic=rosa.clinic)
    change_rule(scope=other, code="bp_severe", by=nadia, last_seen_change_id=0, values={"severity": "warning"})
    as_ada = client_of(ada)

    for browser in (as_nadia, as_cora, as_ada):
        assert "A reading over 180/120 mmHg" in browser.get("/alert-rules/", follow=True).content.decode()
    assert save(as_nadia, clinic, value_1__0="190").status_code == 403
    assert save(as_cora, clinic, value_1__0="190").status_code == 403
    page = as_nadia.get(rule_page(clinic)).content.decode()
    assert "Save the rule" not in page
    assert "This is no emergency service" in page

    save(as_ada, clinic, value_1__0="190", for_all="on")
    change = AlertRuleChange.objects.get(clinic=clinic)
    assert (change.changes["above"]["value_1"], change.is_chosen, change.by) == (190, True, ada)
    assert find_rule(rosa, "bp_severe").effective.rule.limits[0].value_1 == 190
    assert find_rule(other, "bp_severe").effective.rule.severity == "warning"
    assert set(TriageEntry.objects.due().values_list("patient", flat=True)) == {rosa.pk, other.pk}

    clinic.rule_editors.add(nadia)
    save(as_nadia, clinic, action="off", reason="not for us")
    assert find_rule(rosa, "bp_severe").effective.rule is None
    assert find_rule(other, "bp_severe").effective.rule is not None
    assert "not for us" in as_ada.get(f"/alert-rules/{clinic.pk}/").content.decode()


def test_loosened_clinic_rule_names_patients_to_clinicians_only(client_of, ada, as_nadia, nadia, rosa):
    values = {"rule": "bp_severe", "severity": "critical", "kind": "limit", "peak_1": 190.0}
    own = PatientFactory(clinic=rosa.clinic, family_name="Ownrule")
    change_rule(scope=own, code="bp_severe", by=nadia, last_seen_change_id=0, values={"severity": "critical"})
    episode = AlertEpisodeFactory(patient=rosa, **values)
    AlertEpisodeFactory(patient=own, **values)
    rosa.clinic.rule_editors.add(nadia)

    asked = save(client_of(ada), rosa.clinic, value_1__0="200").content.decode()
    assert "would end 1 of them" in asked
    assert "Delgado" not in asked
    asked = save(as_nadia, rosa.clinic, value_1__0="200").content.decode()
    assert "Rosa Delgado" in asked
    assert "Ownrule" not in asked

    save(client_of(ada), rosa.clinic, value_1__0="200", episodes="acknowledge", **{f"episode__{episode.pk}": "keep"})
    assert AlertRuleChange.objects.filter(clinic=rosa.clinic).count() == 1
    assert not AlertStep.objects.exists()


def test_rule_that_would_end_more_episodes_than_are_listed_asks_about_all(as_nadia, nadia, elm, rosa):
    cuff = DeviceFactory(patient=rosa)
    for index in (1, 2):
        ingest_pressure(cuff, 190, index=index)
    values = {"rule": "bp_severe", "severity": "critical", "kind": "limit", "peak_1": 190.0}
    found = [AlertEpisodeFactory(patient=each, **values) for each in PatientFactory.create_batch(201, clinic=elm)]
    severe = only_episode(rosa)
    elm.rule_editors.add(nadia)
    asked = save(as_nadia, elm, value_1__0="200").content.decode()
    assert "would end 202 of them" in asked
    assert asked.count('<legend class="label">') == 200
    assert "Keep the others" in asked

    count = {"episode_count": "202"}
    for answers in (
        {f"episode__{each.pk}": "keep" for each in found[:200]},
        {"episodes": "keep", "episode_count": "201"},
        {"episodes": "acknowledge", **count},
    ):
        assert "would end 202 of them" in save(as_nadia, elm, value_1__0="200", **answers).content.decode()
    assert not AlertRuleChange.objects.exists()

    seen = {f"episode__{severe.pk}": "acknowledge"}
    save(as_nadia, elm, value_1__0="200", episodes="keep", **count, **seen)
    assert AlertRuleChange.objects.count() == 1
    assert list(AlertStep.objects.values_list("episode", "by")) == [(severe.pk, nadia.pk)]


def test_clinic_rule_of_other_clinic_is_not_found(client_of, olaf, elm, harbor):
    harbor.rule_editors.add(olaf)

    assert client_of(olaf).get(rule_page(elm)).status_code == 404
    assert client_of(olaf).post(rule_page(elm, end="save/")).status_code == 404
    assert client_of(olaf).get(rule_page(harbor)).status_code == 200


def test_clinic_backtest_counts_episodes_and_patients_now_and_new(client_of, ada, rosa, monkeypatch):
    monkeypatch.setattr(backtest_runs, "BATCH_SIZE", 1)
    clinic, other = rosa.clinic, PatientFactory(clinic=rosa.clinic)
    own = PatientFactory(clinic=rosa.clinic)
    change_rule(scope=own, code="bp_severe", by=ada, last_seen_change_id=0, values={"above": {"value_1": 250}})
    measure_pressure(rosa, 190, 130, 130, 188)
    measure_pressure(other, 165)
    measure_pressure(own, 190)
    browser = client_of(ada)

    started = browser.post(rule_page(clinic, end="backtest/"), typed_form(clinic, "bp_severe", **{"value_1-0": "160"}))
    run = BacktestRun.objects.get()
    assert started.url.endswith(f"?backtest={run.pk}#backtest")
    assert 'value="160"' in browser.get(started.url).content.decode()
    assert not AlertRuleChange.objects.filter(clinic=clinic).exists()

    backtest_runs.work_on_run(backtest_runs.claim_run())
    run.refresh_from_db()
    assert (run.state, run.patients_done, run.patients_total) == (BacktestState.RUNNING, 1, 3)
    backtest_runs.process_due_runs()

    run.refresh_from_db()
    assert (run.state, run.patients_done) == (BacktestState.FINISHED, 3)
    assert run.figures == {"now": {"episodes": 2, "patients": 1}, "new": {"episodes": 3, "patients": 2}}
    live = f"/alert-rules/backtests/{run.pk}/progress/"
    shown = browser.get(live).content.decode()
    assert "3 of 3 patients" in shown
    assert ">7.8</td>" in shown  # 3 episodes of 3 patients in 90 days
    assert browser.get(f"{live}?v={run.live_version()}").status_code == 204


def test_clinic_backtest_ends_when_its_form_is_left_or_it_is_stopped(client_of, ada, olaf, elm):
    left = BacktestRunFactory(clinic=elm, by=ada, seen_at=timezone.now() - dt.timedelta(seconds=61))
    backtest_runs.process_due_runs()
    left.refresh_from_db()
    assert left.state == BacktestState.CANCELLED

    run = BacktestRunFactory(clinic=elm, by=ada, seen_at=timezone.now() - dt.timedelta(seconds=50))
    client_of(ada).get(f"/alert-rules/backtests/{run.pk}/progress/?v={run.live_version()}")
    run.refresh_from_db()
    assert not run.is_left
    assert timezone.now() - run.seen_at < dt.timedelta(seconds=10)
    assert client_of(olaf).get(f"/alert-rules/backtests/{run.pk}/progress/").status_code == 404
    assert client_of(olaf).post(f"/alert-rules/backtests/{run.pk}/stop/").status_code == 404
    client_of(ada).post(f"/alert-rules/backtests/{run.pk}/stop/")
    run.refresh_from_db()
    assert run.state == BacktestState.CANCELLED
    assert backtest_runs.claim_run() is None


def test_clinic_backtest_that_fails_is_tried_again_and_then_says_so(elm, ada, rosa, monkeypatch):
    run = BacktestRunFactory(clinic=elm, by=ada, patients_total=1)
    monkeypatch.setattr(backtest_runs, "load_backtest_facts", lambda *_, **__: 1 / 0)

    for _ in range(backtest_runs.MAX_ATTEMPTS):
        BacktestRun.objects.update(next_attempt_at=timezone.now())
        backtest_runs.process_due_runs()

    run.refresh_from_db()
    assert run.state == BacktestState.FAILED


def test_starting_a_backtest_stops_the_one_before_and_refuses_nonsense(client_of, ada, elm):
    browser = client_of(ada)
    page = browser.post(rule_page(elm, end="backtest/"), typed_form(elm, "bp_severe", **{"value_1-0": "9999"}))
    assert "Nothing is saved yet" in page.content.decode()
    assert not BacktestRun.objects.exists()

    for _ in range(2):
        browser.post(rule_page(elm, end="backtest/"), typed_form(elm, "bp_severe", **{"value_1-0": "190"}))

    assert sorted(BacktestRun.objects.values_list("state", flat=True)) == ["cancelled", "running"]
