"""Scenarios: how a persona's vital signs and adherence change by day. Day 0 is the day of the first start."""

from devices.simulator.demo.personas import Persona

FEVER_DAYS = (-21, -17)
UNCONTROLLED_GAP_DAYS = (-20, -16)
LAST_MEASURED_DAY = -8
FIRST_MEASURED_DAY = -12
SEVERE_SINCE = -0.012  # before the scripted readings, so that a usual one between them doesn't end the alert
ACUTE_FADES = (0.1, 0.3)  # days: a severe pressure at the start stays in the live readings of the first hours


def linear_ramp(day: float, first: float, last: float) -> float:
    """0 before `first`, 1 after `last`, straight between."""
    return min(1.0, max(0.0, (day - first) / (last - first)))


def is_day_within(day: float, span: tuple[int, int]) -> bool:
    return span[0] <= day <= span[1]


def scenario_shift(person: Persona, day: float) -> dict[str, float]:
    """What the scenario adds to the resting values on that day."""
    weeks = min(day, 30.0) / 7
    worse = linear_ramp(day, -7, 0)
    ill = 1.0 if is_day_within(day, FEVER_DAYS) else 0.0
    acute = 1 - linear_ramp(day, *ACUTE_FADES)
    severe, repeated = (acute if day > since else 0.0 for since in (SEVERE_SINCE, 0.0))
    flare = 1.0 if is_day_within(day, (-34, -29)) else 0.0
    shifts: dict[str, dict[str, float]] = {
        "heart_failure_gain": {"weight": 3.9 * linear_ramp(day, -4, -1), "spO2": -1.6 * worse, "pulse": 7 * worse},
        "uncontrolled_hypertension": {
            "systolic": 6 * linear_ramp(day, -25, 0) + 30 * severe,
            "diastolic": 6 * linear_ramp(day, -25, 0) + 16 * severe,
        },
        "improving": {"systolic": -19 * linear_ramp(day, -70, -18), "diastolic": -11 * linear_ramp(day, -70, -18)},
        "weight_loss": {"weight": -0.9 * (weeks + 13)},
        "pregnancy": {
            "weight": 1.0 * (weeks + 13),
            "systolic": 9 * linear_ramp(day, -20, 0) + 42 * repeated,
            "diastolic": 35 * repeated,
            "pulse": 4 * linear_ramp(day, -60, 0),
        },
        "fever": {"temperature": 2.7 * ill, "pulse": 13 * ill, "spO2": -2 * ill},
        "copd": {"spO2": -1.0 * flare, "pulse": 8 * flare},
        "illness_week": {"pulse": 6.0 if is_day_within(day, (-30, -22)) else 0.0},
    }
    return shifts.get(person.scenario, {})


def adherence_on_day(person: Persona, day: int) -> float:
    """Share of the planned readings that are taken on that day; 0 on days without any."""
    special = {"uncontrolled_hypertension": UNCONTROLLED_GAP_DAYS, "illness_week": (-30, -26)}
    if has_no_readings(person, day) or is_day_within(day, special.get(person.scenario, person.ill_days)):
        return 0.0
    return person.adherence * (0.92 if day % 7 in (5, 6) else 1.0)


def has_no_readings(person: Persona, day: float) -> bool:
    """Before the first day, or after the last one."""
    return (
        (person.scenario == "stopped_measuring" and day > LAST_MEASURED_DAY)
        or (person.scenario == "new_start" and day < FIRST_MEASURED_DAY)
        or person.scenario == "delivered_no_reading"
    )
