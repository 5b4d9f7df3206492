"""Shared state of the simulator: document store, clock, random source, transactions and outgoing webhooks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any
from uuid import UUID

from devices.simulator.runtime.clock import Clock
from devices.simulator.runtime.messages import NOT_FOUND_BODY, ApiError, Json
from devices.simulator.runtime.store import Store
from devices.simulator.runtime.webhook_sender import WebhookSender


class SimulatorState:
    """All changes happen inside `transaction()`: one at a time, committed, and only then sent to the webhooks."""

    def __init__(self, *, store: Store, clock: Clock, domain: str, seed: int, stage_seconds: float) -> None:
        self.store = store
        self.clock = clock
        self.domain = domain
        self.seed = seed
        self.stage_seconds = stage_seconds
        self.lock = RLock()
        self.webhook_sender = WebhookSender()
        self.lifecycle_offset = 0.0  # seconds that tests have pushed the lifecycle clock ahead
        self.releases_corrected_orders = True  # see api.address_corrections
        self.current_stage_due_at: float | None = None  # due time of the stage that is being made
        self._depth = 0
        self._commit_callbacks: list[Callable[[], None]] = []
        # A new seed after each restart, or ids would be repeated.
        self.random = random.Random(f"{seed}:{self.next_number('start', 1)}")  # noqa: S311  simulation, not secrets
        store.commit()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.lock:
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if not self._depth:
                    self._commit_callbacks.clear()
                    self.store.rollback()
                raise
            self._depth -= 1
            if not self._depth:
                self.store.commit()
                callbacks, self._commit_callbacks = self._commit_callbacks, []
                for callback in callbacks:
                    callback()

    def after_commit(self, callback: Callable[[], Any]) -> None:
        """Webhooks leave only after REST shows the new state."""
        self._commit_callbacks.append(callback)

    def notify_webhooks(self, event: str, payload: Json) -> None:
        """Queue `payload` for every webhook of `event` that is registered when the transaction commits."""

        def queue_deliveries() -> None:
            for hook in self.store.all("webhook"):
                if hook["event"] == event:
                    self.webhook_sender.queue_delivery(hook, event, payload)

        self.after_commit(queue_deliveries)

    def get_or_404(self, kind: str, key: str) -> Json:
        document = self.store.get(kind, key)
        if not document:
            raise ApiError(404, NOT_FOUND_BODY)
        return document

    def new_id(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def lifecycle_now(self) -> float:
        """Seconds since the epoch on the clock that moves parcels; `advance` pushes it, wall time never does."""
        return self.clock.now().timestamp() + self.lifecycle_offset

    def next_stage_due_at(self) -> float:
        """When the next stage is due: counted from this one's due time, so that stages don't drift."""
        now, due = self.lifecycle_now(), self.current_stage_due_at
        on_time = due is not None and 0 <= now - due < self.stage_seconds
        return (due if on_time and due else now) + self.stage_seconds

    def next_number(self, name: str, first: int) -> int:
        """The next of a running number, e.g. the one in SO-31007."""
        document: Json = self.store.get("number", name) or {"next": first}
        self.store.put("number", name, {"next": document["next"] + 1})
        return int(document["next"])
