"""Live readings of the demo: every few seconds some connected device sends one, waking people first."""

from collections import defaultdict, deque
from threading import Event, Thread

from devices.simulator.api import fulfillment
from devices.simulator.demo import history
from devices.simulator.demo.schedule import is_awake
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import World

# A demo is looked at for minutes, so a device measures far more often than in life; after some hours it calms down.
LIVELY_GAP_SECONDS = 8 * 60
CALM_GAP_SECONDS = 3 * 3600
LIVELY_READINGS = 10
CHOICE = 8  # one of the devices that have waited longest


class Live:
    """`tick()` sends one reading, if anybody is due."""

    def __init__(self, world: World, seconds: float) -> None:
        self._world, self._seconds = world, seconds
        self._sent: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=LIVELY_READINGS))
        self._stopped = Event()
        self._thread: Thread | None = None

    def tick(self) -> list[Json]:
        """The rows of the reading that was sent; empty when every device has measured lately."""
        with self._world.change():
            due = [each for each in self._world.store.all("device") if self._is_due(each)]
            awake = [each for each in due if is_awake(each["time_zone"], self._world.clock.now())]
            waiting = sorted(awake or due, key=lambda each: self._last(each["id"]))[:CHOICE]
            if not waiting:
                return []
            document = self._world.random.choice(waiting)
            self._sent[document["id"]].append(self._world.clock.now().timestamp())
            return fulfillment.take_reading(self._world, document)

    def _is_due(self, document: Json) -> bool:
        now = self._world.clock.now()
        if document["status"] != "Connected" or document["step_at"] or history.is_quiet(self._world, document, now):
            return False
        lively = len(self._sent[document["id"]]) < LIVELY_READINGS
        return now.timestamp() - self._last(document["id"]) >= (LIVELY_GAP_SECONDS if lively else CALM_GAP_SECONDS)

    def _last(self, key: str) -> float:
        return self._sent[key][-1] if self._sent[key] else 0.0

    def start(self) -> None:
        self._stopped.clear()
        self._thread = Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            self.tick()
