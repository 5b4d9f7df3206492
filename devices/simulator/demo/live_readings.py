"""Live readings of the demo: every few seconds one connected device sends a reading."""

from collections import defaultdict, deque

from devices.simulator.api import measurements
from devices.simulator.demo import history
from devices.simulator.demo.schedule import is_awake
from devices.simulator.demo.vital_signs import follows_the_day, measure_vital_signs
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import SimulatorState

# A demo is shown for minutes, so a device measures far more often than in life; after some hours more seldom.
FIRST_READINGS_GAP_SECONDS = 8 * 60
LATER_READINGS_GAP_SECONDS = 3 * 3600
FIRST_READINGS_COUNT = 10
CANDIDATE_DEVICES = 8  # those that have waited longest; one of them sends


def take_reading(state: SimulatorState, document: Json) -> list[Json]:
    """Take and store one plausible reading now; a row for each metric that the device measures at once."""
    at, persona = state.clock.now(), history.persona_of(state, document)
    day = history.scenario_day(state, at)
    signs = measure_vital_signs(document, at, persona=persona, day=day, random=state.random)
    rows = [measurements.new_measurement(state, document, **sign) for sign in signs]
    if rows:
        measurements.store_measurements(state, document, rows)
    return rows


class LiveReadings:
    """Chooses the device that sends the next reading; patients who are awake come first."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._sent: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=FIRST_READINGS_COUNT))

    def send_next_reading(self) -> list[Json]:
        """The rows of the reading that was sent; empty when every device has measured lately."""
        with self._state.transaction():
            due = [each for each in self._state.store.all("device") if self.is_due(each)]
            awake = [each for each in due if is_awake(each["time_zone"], self._state.clock.now())]
            waiting = sorted(awake or due, key=lambda each: self.last_sent_at(each["id"]))[:CANDIDATE_DEVICES]
            if not waiting:
                return []
            document = self._state.random.choice(waiting)
            self._sent[document["id"]].append(self._state.clock.now().timestamp())
            return take_reading(self._state, document)

    def is_due(self, document: Json) -> bool:
        now = self._state.clock.now()
        if (
            document["status"] != "Connected"
            or document["step_at"]
            or follows_the_day(document["device"]["name"])
            or history.is_device_silent(self._state, document, now)
        ):
            return False
        is_first = len(self._sent[document["id"]]) < FIRST_READINGS_COUNT
        gap = FIRST_READINGS_GAP_SECONDS if is_first else LATER_READINGS_GAP_SECONDS
        return now.timestamp() - self.last_sent_at(document["id"]) >= gap

    def last_sent_at(self, key: str) -> float:
        return self._sent[key][-1] if self._sent[key] else 0.0
