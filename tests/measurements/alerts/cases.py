"""Facts for tests of alert episodes, in the words of a facts file; times are of March 2026 and UTC."""

import datetime as dt

from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.facts_files.facts_file import read_facts

MINUTE = dt.timedelta(minutes=1)


def instant(text):
    """From `02 14:30` (day of March 2026) or a whole instant."""
    if len(text) > 11:
        return dt.datetime.fromisoformat(text)
    day, clock = text.split()
    return dt.datetime.fromisoformat(f"2026-03-{day}T{clock}:00Z")


def iso(text):
    return instant(text).isoformat().replace("+00:00", "Z")


def reading(metric, taken, value_1, value_2=None, **more):
    """Received a minute after it was taken, unless `received` says otherwise; its id is the time."""
    received = more.pop("received", None)
    return {
        "id": more.pop("id", f"{metric} {taken}"),
        "metric": metric,
        "taken": iso(taken),
        "received": iso(received) if received else (instant(taken) + MINUTE).isoformat().replace("+00:00", "Z"),
        "value_1": value_1,
        "value_2": value_2,
        **more,
    }


def bp(taken, systolic, diastolic=75, **more):
    return reading("blood_pressure", taken, systolic, diastolic, **more)


def weight(taken, pounds, **more):
    return reading("weight", taken, pounds, **more)


def spo2(taken, percent, **more):
    return reading("spO2", taken, percent, **more)


def glucose(taken, value, **more):
    return reading("glucose", taken, value, **more)


def event(at, kind, rule=None, by="nadia", **more):
    named = {"code" if kind in ("rule", "rule_off") else "rule": rule} if rule else {}
    return {"at": iso(at), "by": by, "kind": kind, **named, **more}


def run(as_of, readings=(), *, rules=None, events=(), **facts):
    """The evaluation; `rules` may be codes of shipped ones."""
    content = {"readings": list(readings), "events": list(events), **facts}
    if rules is not None:
        content["rules"] = [{"code": rule} if isinstance(rule, str) else rule for rule in rules]
    return evaluate(read_facts(content), instant(as_of))


def of_rule(evaluation, code):
    return [episode for episode in evaluation.episodes if episode.rule == code]


def only(evaluation, code):
    (episode,) = of_rule(evaluation, code)
    return episode


def clock(at):
    """`02 14:30` of March 2026."""
    return at and at.strftime("%d %H:%M")
