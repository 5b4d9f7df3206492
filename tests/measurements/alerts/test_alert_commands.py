"""Commands that print stored episodes of a patient and rules of a clinic."""

import json

import pytest
from django.core.management import CommandError, call_command

from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.rule_changes import change_rule
from measurements.models import Measurement
from measurements.readings import exclusion
from tests.measurements.alerts.stored import (
    HOUR,
    NOON,
    acknowledge,
    ingest_pressure,
    only_episode,
)

pytestmark = pytest.mark.django_db


def test_command_prints_episodes_of_patient_as_known_then(clock, cuff, rosa, nadia, capsys):
    ingest_pressure(cuff, 192, 110)
    row = only_episode(rosa)
    clock.move_to(NOON + HOUR / 4)
    acknowledge(row, nadia)
    clock.move_to(NOON + HOUR)
    reading = Measurement.objects.get(patient=rosa, metric="blood_pressure")
    exclusion.exclude_reading(reading=reading, reason=exclusion.ExclusionReason.BAD_MEASUREMENT, by=nadia)

    call_command("episodes", patient=rosa.external_id, as_of="2026-11-21T17:20:00Z")
    then = json.loads(capsys.readouterr().out)
    call_command("episodes", patient=rosa.external_id)
    now = json.loads(capsys.readouterr().out)

    (episode,) = then["episodes"]
    assert (episode["rule"], episode["state"], episode["acknowledged"]) == ("bp_severe", "unconfirmed", True)
    assert [(step["kind"], step["by"]) for step in episode["steps"]] == [("acknowledge", nadia.email)]
    assert ([episode["state"] for episode in now["episodes"]], now["patient_section"]) == (["dissolved"], "on_target")
    with pytest.raises(CommandError, match="There is no patient"):
        call_command("episodes", patient="acct-unknown")


def test_command_prints_rules_of_clinic_with_level_that_decided(clock, elm, nadia, capsys):
    first = change_rule(scope=elm, code="bp_low", by=nadia, last_seen_change_id=0, is_off=True, reason="Not treated")
    values = {"above_or_equal": {"value_1": 130, "value_2": 80}}
    change_rule(scope=elm, code="bp_average", by=nadia, last_seen_change_id=first.pk, values=values)

    call_command("rules", clinic=elm.slug)

    printed = {rule["code"]: rule for rule in json.loads(capsys.readouterr().out)["rules"]}
    assert set(printed) == set(SHIPPED_RULES)
    assert (printed["bp_low"]["is_off"], printed["bp_low"]["level"]) == (True, "clinic")
    assert printed["bp_average"]["above_or_equal"] == {"value_1": 130, "value_2": 80}
    assert (printed["bp_severe"]["level"], printed["bp_severe"]["source"]) == (
        "shipped",
        SHIPPED_RULES["bp_severe"].source,
    )
    with pytest.raises(CommandError, match="Clinics are: elm-street-clinic"):
        call_command("rules", clinic="nowhere")
