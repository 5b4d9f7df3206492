"""Report of a clinic over a range of days: numbers of patients, alerts and measured days, never a patient's data."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from measurements.alerts.engine.episodes import Section
from measurements.alerts.engine.rules import Severity
from measurements.alerts.messages.planning import rules_of
from measurements.alerts.models import NotificationSettings
from measurements.clinic_report.alert_load import (
    EpisodeCount,
    RuleYield,
    SeverityLoad,
    count_episodes,
    fetch_answers,
    rule_yields,
    severity_loads,
)
from measurements.clinic_report.missed_readings import MissedReadings, count_missed_readings
from measurements.clinic_report.monitored_days import MonitoredDays, count_monitored_days
from measurements.local_days import ONE_DAY, LocalDays
from measurements.triage import filters
from measurements.triage.filters import TriageSettings
from patients.models import Clinic, User

WEEK_DAYS = 7


@dataclass(frozen=True)
class ReportWeek:
    """Seven days, counted from the first day of the range; the last week may be shorter."""

    first: dt.date
    last: dt.date
    monitored: int
    measured: int
    opened: Mapping[Severity, int]

    def rate(self, severity: Severity) -> float | None:
        return weekly_rate(self.opened[severity], self.monitored)


@dataclass(frozen=True)
class ClinicReport:
    clinic: Clinic
    days: LocalDays
    sections: Mapping[Section, int]  # of the triage list, now
    not_assessed: int
    monitored: int
    measured: int
    loads: Sequence[SeverityLoad]
    rules: Sequence[RuleYield]
    weeks: Sequence[ReportWeek]
    readings: MissedReadings

    def rate(self, opened: int) -> float | None:
        return weekly_rate(opened, self.monitored)


def weekly_rate(episodes: int, patient_days: int) -> float | None:
    """Episodes per 100 patients and week; None where no patient was monitored."""
    return episodes * 100 * WEEK_DAYS / patient_days if patient_days else None


def build_clinic_report(clinic: Clinic, days: LocalDays, *, by: User) -> ClinicReport:
    """The number of queries depends neither on the clinic nor on the range."""
    patients = filters.selected_patients(by, TriageSettings(clinic=str(clinic.pk)))
    rules = rules_of(clinic, NotificationSettings.objects.filter(clinic=clinic).first())
    counts = count_episodes(clinic, days)
    answers = fetch_answers(clinic, days, hours=rules.hours, times=rules.times)
    monitored = count_monitored_days(clinic, days)
    return ClinicReport(
        clinic=clinic,
        days=days,
        sections=filters.count_sections(filters.entries_of(patients)),
        not_assessed=filters.not_assessed(patients).count(),
        monitored=monitored.monitored.total(),
        measured=monitored.measured.total(),
        loads=severity_loads(counts, answers),
        rules=rule_yields(counts, answers),
        weeks=report_weeks(days, monitored, counts),
        readings=count_missed_readings(clinic, days),
    )


def report_weeks(days: LocalDays, counted: MonitoredDays, counts: Sequence[EpisodeCount]) -> list[ReportWeek]:
    opened: Counter[tuple[int, Severity]] = Counter()
    for count in counts:
        opened[(count.day - days.first).days // WEEK_DAYS, count.severity] += count.opened
    weeks = []
    for number, start in enumerate(range(0, len(days), WEEK_DAYS)):
        dates = [days.first + ONE_DAY * n for n in range(start, min(start + WEEK_DAYS, len(days)))]
        weeks.append(
            ReportWeek(
                first=dates[0],
                last=dates[-1],
                monitored=sum(counted.monitored[day] for day in dates),
                measured=sum(counted.measured[day] for day in dates),
                opened={severity: opened[number, severity] for severity in Severity},
            )
        )
    return weeks
