"""What happens to each of the demo's people, by day. Day 0 is the day on which the demo began; earlier ones are < 0."""

from devices.simulator.demo.personas import Person

FEVER = (-21, -17)
ROSAS_GAP = (-20, -16)
STOPPED_ON = -8
BEGAN_ON = -12


def ramp(day: float, first: float, last: float) -> float:
    """0 before `first`, 1 after `last`, straight between."""
    return min(1.0, max(0.0, (day - first) / (last - first)))


def within(day: float, span: tuple[int, int]) -> bool:
    return span[0] <= day <= span[1]


def shift(person: Person, day: float) -> dict[str, float]:
    """What the story adds to the resting values on that day."""
    weeks = min(day, 30.0) / 7
    worse = ramp(day, -7, 0)
    ill = 1.0 if within(day, FEVER) else 0.0
    flare = 1.0 if within(day, (-34, -29)) else 0.0
    shifts: dict[str, dict[str, float]] = {
        "heart_failure_gain": {"weight": 5.4 * worse, "spO2": -1.6 * worse, "pulse": 7 * worse, "systolic": 3 * worse},
        "uncontrolled_hypertension": {"systolic": 14 * ramp(day, -25, 0), "diastolic": 8 * ramp(day, -25, 0)},
        "improving": {"systolic": -19 * ramp(day, -70, -18), "diastolic": -11 * ramp(day, -70, -18)},
        "weight_loss": {"weight": -0.9 * (weeks + 13)},
        "pregnancy": {"weight": 1.0 * (weeks + 13), "systolic": 9 * ramp(day, -20, 0), "pulse": 4 * ramp(day, -60, 0)},
        "fever": {"temperature": 2.7 * ill, "pulse": 13 * ill, "spO2": -2 * ill},
        "copd": {"spO2": -2.2 * flare, "pulse": 8 * flare},
        "illness_week": {"pulse": 6.0 if within(day, (-30, -22)) else 0.0},
    }
    return shifts.get(person.story, {})


def willing(person: Person, day: int) -> float:
    """Share of the planned readings that are taken on that day; 0 on days without any."""
    if is_silent(person, day) or within(day, illness(person)):
        return 0.0
    return person.kept * (0.92 if day % 7 in (5, 6) else 1.0)


def is_silent(person: Person, day: float) -> bool:
    """Before the first day, or after the last one."""
    return (
        (person.story == "stopped_measuring" and day > STOPPED_ON)
        or (person.story == "new_start" and day < BEGAN_ON)
        or person.story in ("delivered_no_reading", "client_action_required")
    )


def illness(person: Person) -> tuple[int, int]:
    """First and last day without any reading."""
    if person.story == "uncontrolled_hypertension":
        return ROSAS_GAP
    if person.story == "illness_week":
        return (-30, -26)
    return person.ill_days
