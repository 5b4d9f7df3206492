"""New rules of a clinic's or patient's own: their codes, and what each kind begins with."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import QuerySet

from measurements.alerts.engine.rules import Kind, Limit, Queue, Relation, Rule, Severity
from measurements.alerts.engine.shipped_rules import DEFAULT_SILENT_DAYS, IRREGULAR_HEARTBEAT, WEIGHT
from measurements.models import Metric

# A name typed by a person may be about a patient; a code is part of addresses.
OWN_CODE = re.compile(r"own-(?P<form>[a-z_]+)-(?P<metric>\w+)-[0-9a-f]{8}", re.ASCII)
NO_LIMIT = (Limit(Relation.ABOVE),)
WEEK, CHANGE = "week", "change"
DAYS_OF_WEEK_EXPECTED = 4


class Beginning(NamedTuple):
    """A form of a new rule: its label, the kind that judges it, and what is filled in."""

    label: str
    kind: Kind
    fields: Mapping[str, Any]


MISSING = {"queue": Queue.COMPLIANCE}
BEGINNINGS: Mapping[str, Beginning] = {
    "limit": Beginning(
        "Limit on one reading (critical)",
        Kind.LIMIT,
        {"limits": NO_LIMIT, "severity": Severity.CRITICAL, "confirm": True},
    ),
    "k_of_n": Beginning("So many of the last sittings", Kind.K_OF_N, {"limits": NO_LIMIT, "k": 2, "n": 3, "hours": 48}),
    "average": Beginning("Average of some days", Kind.AVERAGE, {"limits": NO_LIMIT}),
    CHANGE: Beginning("Gain or loss of weight", Kind.CHANGE, {"over": "usual"}),
    "silence": Beginning("No reading for some days", Kind.SILENCE, {**MISSING, "days": DEFAULT_SILENT_DAYS}),
    WEEK: Beginning(
        "Readings on too few days of a week", Kind.SILENCE, {**MISSING, "least_days_a_week": DAYS_OF_WEEK_EXPECTED}
    ),
}


def generate_code(form: str, metric: str) -> str:
    return f"own-{form}-{metric}-{secrets.token_hex(4)}"


def is_own_code(code: str) -> bool:
    return OWN_CODE.fullmatch(code) is not None


def begin_rule(code: str) -> Rule | None:
    """What a form of the code begins with; None for a code that was not generated."""
    found = OWN_CODE.fullmatch(code)
    beginning = BEGINNINGS.get(found["form"]) if found else None
    if found is None or beginning is None or (found["form"] == CHANGE and found["metric"] != WEIGHT):
        return None
    return Rule(code, beginning.kind, found["metric"], **beginning.fields)


def judged_metrics() -> QuerySet[Metric]:
    """That a rule may be about."""
    return Metric.objects.filter(vital=True, known=True).exclude(pk=IRREGULAR_HEARTBEAT)
