"""Pictures of the two clocks as SVG: thirty boxes of a window, and the minutes of a month with the codes' steps."""

from __future__ import annotations

import datetime as dt

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from measurements.billing.line_words import FULL_DAYS, WINDOW_DAYS
from measurements.billing.models import BillingLine
from measurements.local_days import ONE_DAY
from patients.wording import count_noun

BOX, GAP, BOXES_IN_ROW = 28, 6, 15
BAR_WIDTH, BAR_HEIGHT, BAR_MINUTES = BOXES_IN_ROW * (BOX + GAP), 24, 60
MINUTE_STEPS = (10, 20, 40, 60)


def draw_window(line: BillingLine, today: dt.date) -> SafeString:
    """A box for each day: measured, not measured, today, or still to come."""
    measured = set(line.days)
    boxes = []
    for n in range(WINDOW_DAYS):
        day = line.first + ONE_DAY * n
        state = "measured" if day in measured else "empty" if day < today else "today" if day == today else "coming"
        x, y = n % BOXES_IN_ROW * (BOX + GAP), n // BOXES_IN_ROW * (BOX + GAP)
        label = f"{date_format(day, 'D M j')}: {BOX_WORDS[state]}"
        boxes.append((f"day-box--{state}", x + 1, y + 1, BOX, BOX, label))
    return format_html(
        '<svg class="clock-picture" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        BAR_WIDTH,
        2 * (BOX + GAP),
        f"{len(measured)} of {WINDOW_DAYS} days measured, {FULL_DAYS} are needed for the full code",
        format_html_join(
            "",
            '<rect class="day-box {}" x="{}" y="{}" width="{}" height="{}" rx="4"><title>{}</title></rect>',
            boxes,
        ),
    )


BOX_WORDS = {"measured": "measured", "empty": "not measured", "today": "today", "coming": "still to come"}


def draw_minutes(minutes: int) -> SafeString:
    """Up to an hour, with a mark where each code begins."""
    filled = min(minutes, BAR_MINUTES) * BAR_WIDTH // BAR_MINUTES
    marks = [(step * BAR_WIDTH // BAR_MINUTES, BAR_HEIGHT + 2) for step in MINUTE_STEPS[:-1]]
    labels = [(step * BAR_WIDTH // BAR_MINUTES, BAR_HEIGHT + 22, step) for step in MINUTE_STEPS]
    return format_html(
        '<svg class="clock-picture" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<rect class="minutes-bar" x="1" y="1" width="{}" height="{}" rx="4"/>'
        '<rect class="minutes-bar minutes-bar--filled" x="1" y="1" width="{}" height="{}" rx="4"/>{}{}</svg>',
        BAR_WIDTH + 2,
        BAR_HEIGHT + 28,
        f"{count_noun(minutes, 'minute')} of the month; codes begin at 10, 20, 40 and 60",
        BAR_WIDTH - 2,
        BAR_HEIGHT,
        filled,
        BAR_HEIGHT,
        format_html_join("", '<path class="minutes-step" d="M{} 0V{}"/>', marks),
        format_html_join("", '<text class="minutes-label" x="{}" y="{}" text-anchor="end">{}</text>', labels),
    )
