"""Rules of a clinic's or patient's own: begun, refused in words, saved, tried out, switched off, removed."""

import datetime as dt

import pytest
from django.utils import timezone

from measurements.alerts import assessment
from measurements.alerts.backtests import runs as backtest_runs
from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.models import AlertRuleChange, BacktestRun
from measurements.alerts.rule_editing.editable_rules import editable_rules, find_rule
from tests.factories import DeviceFactory, MeasurementFactory, PatientFactory
from tests.measurements.alerts.rule_pages.rule_form import shown_values
from tests.measurements.alerts.stored import ingest_pressure, only_episode
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.django_db
NAMED = {"name": "Pulse at night", "source": "Order of Nov 3, 2026"}


def begin(browser, scope_page, kind="limit", metric="pulse"):
    """The page of the new rule's form, and its fields as shown."""
    page = browser.get(f"{scope_page}new/", {"kind": kind, "metric": metric})
    assert page.status_code == 302, page_text(page)
    return page.url, shown_values(browser.get(page.url).context["form"])


def patient_page(patient):
    return f"/patients/{patient.pk}/alert-rules/"


def clinic_page(clinic):
    return f"/alert-rules/{clinic.pk}/"


def code_of(address):
    return address.rstrip("/").rsplit("/", 1)[1]


def test_clinic_gets_a_rule_of_its_own_with_name_source_and_history(client_of, ada, elm, rosa):
    browser = client_of(ada)
    assert "Add a rule" in page_text(browser.get(clinic_page(elm)))
    address, shown = begin(browser, clinic_page(elm))
    assert shown["severity"] == "critical"

    saved = browser.post(f"{address}save/", shown | NAMED | {"value_1-0": "130"}, follow=True)

    assert missing_words(saved, "Pulse at night", "A reading over 130 bpm", "Order of Nov 3, 2026") == []
    rule = find_rule(rosa, code_of(address)).effective.rule
    assert (rule.metric, rule.severity, rule.confirm, rule.limits[0].value_1) == ("pulse", "critical", True, 130)
    edited = shown_values(browser.get(address).context["form"])
    assert (edited["name"], edited["value_1-0"]) == ("Pulse at night", "130")
    assert "Nothing was changed" in page_text(browser.post(f"{address}save/", edited, follow=True))
    browser.post(f"{address}save/", edited | {"value_1-0": "140", "name": "Fast pulse"})
    assert find_rule(rosa, code_of(address)).effective.rule.limits[0].value_1 == 140
    assert missing_words(browser.get(address), "Fast pulse", "A reading over 130 bpm", "A reading over 140 bpm") == []


@pytest.mark.parametrize(
    ("kind", "metric", "typed", "words"),
    [
        ("k_of_n", "spO2", {"relation-0": "below", "value_1-0": "90"}, "2 sittings of the last 3, each below 90 %"),
        ("average", "pulse", {"value_1-0": "95"}, "Average of 7 days over 95 bpm, at least 12 readings on 3 days"),
        ("change", "weight", {"direction": "lost", "more_than": "4", "over": "week"}, "A loss of more than 4 lb"),
        ("silence", "weight", {"days": "4"}, "No reading for 4 whole days"),
        ("week", "weight", {"least_days_a_week": "5"}, "Readings on fewer than 5 days of 7"),
    ],
)
def test_patient_gets_a_rule_of_each_kind(as_nadia, rosa, kind, metric, typed, words):
    address, shown = begin(as_nadia, patient_page(rosa), kind, metric)

    typed = {key: value.replace("lost", "loss") for key, value in typed.items()}
    preview = as_nadia.post(f"{address}preview/", shown | NAMED | typed | {"fragment": "1"})
    saved = as_nadia.post(f"{address}save/", shown | NAMED | typed, follow=True)

    assert "Now: 0 episodes" in page_text(preview)
    assert missing_words(saved, "Pulse at night", words) == []


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        ("limit", {"name": ""}, "Name the rule."),
        ("limit", {"source": ""}, "Say what the rule rests on."),
        ("limit", {"value_1-0": ""}, "Give a limit."),
        ("limit", {"value_1-0": "900"}, "as the device measures"),
        ("limit", {"severity": "warning"}, "One reading alone raises only critical alerts"),
        ("k_of_n", {"k": "4"}, "At most 3"),
        ("average", {"days": "99"}, "whole number from 3 to 28"),
        ("week", {"least_days_a_week": "8"}, "whole number from 1 to 7"),
    ],
)
def test_new_rule_is_refused_in_words_and_what_was_typed_stays(as_nadia, rosa, kind, typed, words):
    address, shown = begin(as_nadia, patient_page(rosa), kind)

    refused = as_nadia.post(f"{address}save/", shown | NAMED | {"value_1-0": "130"} | typed)

    assert words in page_text(refused)
    assert "name" in typed or 'value="Pulse at night"' in refused.content.decode()
    assert not AlertRuleChange.objects.exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"kind": "nothing", "metric": "pulse"}, "Choose a kind of the list."),
        ({"kind": "limit", "metric": "irregular_heartbeat"}, "Choose a reading of the list."),
        ({"kind": "change", "metric": "pulse"}, "Only weight is judged by gain or loss."),
    ],
)
def test_new_rule_begins_with_a_kind_that_judges_its_metric(as_nadia, as_cora, rosa, asked, words):
    assert words in page_text(as_nadia.get(f"{patient_page(rosa)}new/", asked))
    assert as_nadia.get(f"{patient_page(rosa)}rule/own-change-pulse-0123abcd/").status_code == 404
    assert as_cora.get(f"{patient_page(rosa)}new/").status_code == 403
    assert as_nadia.get(f"{clinic_page(rosa.clinic)}new/").status_code == 403


def test_own_rule_judges_readings_and_names_the_alert(as_nadia, rosa, time_machine):
    device = DeviceFactory(patient=rosa)
    address, shown = begin(as_nadia, patient_page(rosa), "limit", "blood_pressure")
    typed = NAMED | {"name": "Too high for Rosa", "value_1-0": "150"}
    as_nadia.post(f"{address}save/", shown | typed)
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=2))

    ingest_pressure(device, 155, 90)

    row = only_episode(rosa, rule=code_of(address))
    assert (row.section, row.rule_row["name"]) == ("critical", "Too high for Rosa")
    assert "Too high for Rosa" in page_text(as_nadia.get("/triage/"))


def test_own_rule_is_switched_off_on_again_and_removed(as_nadia, rosa):
    address, shown = begin(as_nadia, patient_page(rosa))
    code, typed = code_of(address), shown | NAMED | {"value_1-0": "130"}
    as_nadia.post(f"{address}save/", typed | {"action": "off", "reason": "no"})
    assert not AlertRuleChange.objects.exists()
    as_nadia.post(f"{address}save/", typed)

    def act(action):
        posted = shown_values(as_nadia.get(address).context["form"]) | {"action": action, "reason": "on beta blockers"}
        as_nadia.post(f"{address}save/", posted)
        return {rule.code: rule for rule in editable_rules(rosa)}.get(code)

    off = act("off")
    assert (off.effective.rule, off.shown.name, off.shown.limits[0].value_1) == (None, "Pulse at night", 130)
    assert act("save").effective.rule.limits[0].value_1 == 130
    assert act("inherit") is None
    listed = page_text(as_nadia.get(patient_page(rosa)))
    assert "Pulse at night" in listed  # in the history
    assert {rule.code for rule in editable_rules(rosa)} == set(SHIPPED_RULES)
    assessment.assess_patient(rosa.pk)


def test_own_rule_of_a_clinic_is_changed_for_one_patient_and_tried_on_all(client_of, ada, as_nadia, elm, rosa):
    other = PatientFactory(clinic=elm)
    for patient, value in ((rosa, 134), (other, 120)):
        MeasurementFactory(device=DeviceFactory(patient=patient), code="pulse", value_1=value)
    browser = client_of(ada)
    address, shown = begin(browser, clinic_page(elm))
    typed = shown | NAMED | {"value_1-0": "130"}

    started = browser.post(f"{address}backtest/", typed)
    assert 'value="Pulse at night"' in browser.get(started.url).content.decode()
    backtest_runs.process_due_runs()
    assert BacktestRun.objects.get().figures["new"] == {"episodes": 1, "patients": 1}
    assert BacktestRun.objects.get().figures["now"] == {"episodes": 0, "patients": 0}
    browser.post(f"{address}save/", typed)

    own = f"{patient_page(rosa)}rule/{code_of(address)}/"
    shown = shown_values(as_nadia.get(own).context["form"])
    assert "Nothing was changed" in page_text(as_nadia.post(f"{own}save/", shown, follow=True))
    as_nadia.post(f"{own}save/", shown | {"value_1-0": "140"})
    assert find_rule(rosa, code_of(address)).effective.rule.limits[0].value_1 == 140
    assert find_rule(other, code_of(address)).effective.rule.limits[0].value_1 == 130
