"""`evaluate`: alert episodes of one patient as a pure function of facts and an instant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from measurements.alerts.engine.episodes import Evaluation
from measurements.alerts.engine.facts import Facts
from measurements.alerts.engine.rules import Kind


def evaluate(facts: Facts, as_of: dt.datetime, *, kinds: Collection[Kind] | None = None) -> Evaluation:
    """What is known at `as_of`: readings received and events until then, both included.

    `kinds`: only rules of these kinds, for a sweep of silences; the section of the patient is then of these only.
    The result depends on nothing else: not on the order of lists, on repeated rows, on the clock or on earlier calls.
    """
    raise NotImplementedError(facts, as_of, kinds)
