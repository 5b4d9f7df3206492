"""Pictures of a clinic's report as SVG, one bar per week: alerts by severity, and the share of days with readings."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from measurements.alerts.engine.rules import Severity
from measurements.chart import axes, svg
from measurements.chart.serializer import epoch_milliseconds
from measurements.chart.svg_paths import WIDTH, PlotArea
from measurements.clinic_report.report import ClinicReport, ReportWeek
from measurements.local_days import ONE_DAY, LocalDays, local_midnight
from patients.wording import count_noun

BAR_SHARE = 0.8  # of a week's width


def draw_alert_rates(report: ClinicReport) -> SafeString:
    """Stacked, the critical ones at the bottom. Empty without an alert."""
    heights = [[week.rate(severity) or 0.0 for severity in Severity] for week in report.weeks]
    highest = max(sum(parts) for parts in heights)
    if not highest:
        return SafeString()
    _, step = axes.generic_half_range([highest])
    return draw_stacked_bars(
        report,
        heights,
        [f"bar-{severity}" for severity in Severity],
        top=step * -(-highest // step),
        key="alerts",
        label="Alert episodes",
        unit="a week",
        words=f"up to {highest:.1f} per 100 patients and week",
    )


def draw_measured_shares(report: ClinicReport) -> SafeString:
    """Empty where no patient was monitored."""
    heights = [[100 * week.measured / week.monitored if week.monitored else 0.0] for week in report.weeks]
    if not report.monitored:
        return SafeString()
    words = f"{min(heights)[0]:.0f} to {max(heights)[0]:.0f} % of the monitored days"
    return draw_stacked_bars(
        report, heights, ["bar"], top=100.0, key="measured", label="Days with readings", unit="%", words=words
    )


def draw_stacked_bars(
    report: ClinicReport,
    heights: Sequence[Sequence[float]],
    classes: Sequence[str],
    *,
    top: float,
    key: str,
    label: str,
    unit: str,
    words: str,
) -> SafeString:
    """`heights`: for each week one part per class, drawn on top of each other."""
    days = report.days
    area = PlotArea(svg.HEIGHT, epoch_milliseconds(days.start), epoch_milliseconds(days.end), 0.0, top)
    paths = [""] * len(classes)
    for week, parts in zip(report.weeks, heights, strict=True):
        left, right = bar_edges(area, week, days)
        below = 0.0
        for n, part in enumerate(parts):
            if part:
                paths[n] += f"M{left} {area.y(below)}V{area.y(below + part)}H{right}V{area.y(below)}z"
            below += part
    frame = {
        "zone": str(days.zone),
        "days": {"at": [epoch_milliseconds(local_midnight(week.first, days.zone)) for week in report.weeks]},
    }
    return format_html(
        '<svg class="picture" viewBox="0 0 {} {}" role="img" aria-labelledby="{key}-title {key}-desc">'
        '<title id="{key}-title">{}</title><desc id="{key}-desc">{}</desc>{}{}</svg>',
        WIDTH,
        area.height,
        f"{label}, {unit}",
        f"{count_noun(len(report.weeks), 'week')}, {words}; the table has each.",
        SafeString(svg.draw_axes(area, {"unit": unit}, svg.time_labels(frame, {"clock": None}))),
        format_html_join("", '<path class="{}" d="{}"/>', zip(classes, paths, strict=True)),
        key=f"picture-{key}",
    )


def bar_edges(area: PlotArea, week: ReportWeek, days: LocalDays) -> tuple[int, int]:
    start, end = (
        area.x(epoch_milliseconds(local_midnight(day, days.zone))) for day in (week.first, week.last + ONE_DAY)
    )
    return start, round(start + (end - start) * BAR_SHARE)
