"""Clinic-wide backtest of an alert rule: 10,000 patients with 90 days of readings, on one worker.

PEOPLE=1000 is a shorter run; its time is stated for 10,000.
"""

import os
import time

import pytest

from measurements.alerts.backtests import runs
from measurements.alerts.models import BacktestRun, BacktestState
from patients.models import Role
from tests.bench import reading_history
from tests.factories import BacktestRunFactory, ClinicFactory, DeviceFactory, UserFactory

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]
PEOPLE = int(os.environ.get("PEOPLE", "10_000"))
HALF_DAYS = range(180)
MOST_SECONDS = 120


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("bp_severe", {"above": {"value_1": 170, "value_2": 110}}),
        ("bp_average", {"above_or_equal": {"value_1": 130, "value_2": 80}}),
    ],
)
def test_backtest_of_a_clinic(rule, values):
    clinic = ClinicFactory()
    admin = UserFactory(role=Role.ADMINISTRATOR, clinics=[clinic])
    devices = [DeviceFactory(patient__clinic=clinic, patient__conditions=["hypertension"]) for _ in range(PEOPLE)]
    reading_history.write_readings([(device.patient_id, device.pk) for device in devices], HALF_DAYS)
    change = {"values": values, "is_chosen": False}
    BacktestRunFactory(clinic=clinic, by=admin, rule=rule, change=change, patients_total=PEOPLE)

    start = time.monotonic()
    while BacktestRun.objects.running().exists():
        BacktestRun.objects.record_seen()
        runs.process_due_runs()
    seconds = (time.monotonic() - start) * 10_000 / PEOPLE

    run = BacktestRun.objects.get()
    print(f"backtest of {rule}: {seconds:.0f} s for 10,000 patients; {run.figures}")
    assert (run.state, run.patients_done) == (BacktestState.FINISHED, PEOPLE)
    assert seconds <= MOST_SECONDS
