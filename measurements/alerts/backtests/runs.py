"""Clinic-wide backtests as work on rows: batches of patients, progress, and an end when the form is left."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from measurements.alerts.engine.backtest import BACKTEST_DAYS, Backtest
from measurements.alerts.engine.rules import Rule
from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.facts.backtest_facts import facts_of_today, load_backtest_facts, rule_of
from measurements.alerts.facts.effective_rules import CLINIC, OwnRule
from measurements.alerts.models import BacktestRun, BacktestState
from patients.audit import audit_log
from patients.models import Clinic, Patient, User
from patients.models.audit import AuditAction
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import Drained, drain

logger = logging.getLogger(__name__)

WORK = "alert_backtests"
BATCH_SIZE = 200  # patients between two records of the progress
MAX_ATTEMPTS = 3
WEEKS = BACKTEST_DAYS / 7
EMPTY = {"episodes": 0, "patients": 0}


@transaction.atomic
def start_run(
    *,
    clinic: Clinic,
    code: str,
    by: User,
    values: Mapping[str, Any],
    is_off: bool = False,
    is_chosen: bool = False,
    typed: Mapping[str, Any],
) -> BacktestRun:
    """A new run of the person; those that the person has running are stopped, because a form shows one."""
    BacktestRun.objects.filter(by=by).running().update(state=BacktestState.CANCELLED, finished_at=timezone.now())
    run = BacktestRun.objects.create(
        clinic=clinic,
        by=by,
        rule=code,
        change={"values": dict(values), "is_chosen": is_chosen},
        is_off=is_off,
        typed=dict(typed),
        patients_total=clinic.patients.enrolled().count(),
        figures={"now": EMPTY, "new": EMPTY},
    )
    audit_log.record_event(AuditAction.VIEW, by=by, clinic=clinic, target=f"backtest:{run.pk}", rule=code)
    wake_worker(WORK)
    return run


def cancel_run(run: BacktestRun) -> None:
    BacktestRun.objects.filter(pk=run.pk).running().update(state=BacktestState.CANCELLED, finished_at=timezone.now())


def process_due_runs() -> Drained:
    return drain(claim_run, work_on_run)


def claim_run() -> BacktestRun | None:
    return BacktestRun.objects.running().due().order_by("next_attempt_at").claim(1).select_related("clinic").first()


def work_on_run(run: BacktestRun) -> None:
    """One batch; the claim comes again until the last one."""
    if run.is_left:
        run.release(state=BacktestState.CANCELLED, finished_at=timezone.now())
        return
    try:
        work_on_batch(run)
    except Exception as error:  # noqa: BLE001 - whatever a row of one patient causes, the run ends with an answer
        logger.error("backtest %s failed: %s", run.pk, type(error).__name__)  # without values
        if run.attempts + 1 >= MAX_ATTEMPTS:
            run.fail(state=BacktestState.FAILED, finished_at=timezone.now())
        else:
            run.fail()


def work_on_batch(run: BacktestRun) -> None:
    rows = run.clinic.patients.enrolled().select_related("clinic").order_by("pk")
    rows = rows.filter(pk__gt=run.after_patient) if run.after_patient else rows
    patients = list(rows[:BATCH_SIZE])
    figures = add_figures(run.figures, backtest_patients(run, patients))
    done = min(run.patients_done + len(patients), run.patients_total)
    if len(patients) < BATCH_SIZE:
        run.release(
            figures=figures,
            patients_done=run.patients_total,
            state=BacktestState.FINISHED,
            finished_at=timezone.now(),
        )
    else:
        run.release(figures=figures, patients_done=done, after_patient=patients[-1].pk, attempts=0)


def backtest_patients(run: BacktestRun, patients: Sequence[Patient]) -> dict[str, dict[str, int]]:
    """Episodes, and patients with one, now and new."""
    change = OwnRule(
        run.rule, CLINIC, run.as_of, run.change["values"], is_off=run.is_off, is_chosen=run.change["is_chosen"]
    )
    found = {"now": dict(EMPTY), "new": dict(EMPTY)}
    for facts in load_backtest_facts(patients, run.as_of, metrics=metrics_of(run)).values():
        before, after = rule_of(facts, run.rule, run.as_of), rule_of(facts, run.rule, run.as_of, change)
        if before is None and after is None:
            continue
        tested = Backtest(facts_of_today(facts), run.as_of)
        now = count_episodes(tested, before)
        new = now if after == before else count_episodes(tested, after)
        for name, count in (("now", now), ("new", new)):
            found[name]["episodes"] += count
            found[name]["patients"] += count > 0
    return found


def metrics_of(run: BacktestRun) -> list[str] | None:
    """Only those of the rule; a silence is judged for each metric that is measured."""
    rule = SHIPPED_RULES.get(run.rule)
    metric = rule.metric if rule else run.change["values"].get("metric", "")
    return [metric] if metric else None


def count_episodes(tested: Backtest, rule: Rule | None) -> int:
    return len(tested.episodes(rule))


def add_figures(total: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {key: total[name][key] + more[name][key] for key in EMPTY} for name in ("now", "new")}


def per_hundred_patients_and_week(episodes: int, patients: int) -> float:
    """`patients`: all that were judged."""
    return 100 * episodes / patients / WEEKS if patients else 0.0


@dataclass(frozen=True)
class RunFigures:
    """One line of the result."""

    name: str
    episodes: int
    patients: int
    per_week: float


def run_figures(run: BacktestRun) -> list[RunFigures]:
    return [
        RunFigures(
            label,
            run.figures[name]["episodes"],
            run.figures[name]["patients"],
            per_hundred_patients_and_week(run.figures[name]["episodes"], run.patients_done),
        )
        for name, label in (("now", "Now"), ("new", "New"))
    ]
