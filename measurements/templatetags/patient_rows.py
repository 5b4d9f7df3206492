"""Template tag of one row of the patient list, composed of cached fragments."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

from fulfillment.equipment import EquipmentItem
from measurements.fragment_cache import render_cached, render_cached_with_slots
from measurements.patient_list.rows import PatientRow, VitalCell
from measurements.thresholds.judgement import Judgement
from measurements.weeks.weekly_average import WeeklyAverage
from patients.templatetags.time_display import age_element
from patients.wording import count_noun

register = template.Library()

NEVER_MEASURED_HTML = SafeString('<span class="meta">never</span>')


@register.simple_tag
def patient_row(row: PatientRow, several_clinics: bool) -> SafeString:
    """`several_clinics` adds the clinic's name."""
    slots = {
        "page_url": row.page_url,
        "preview_url": row.preview_url,
        "name": row.name,
        "about": f"{row.demographics} · {row.patient.clinic.name}" if several_clinics else row.demographics,
        "cells": SafeString("".join(map(render_vital_cell, row.cells))),
        "last": age_element(row.last_at) if row.last_at else NEVER_MEASURED_HTML,
        "days": render_cached("measurements/_days_measured.html", days=row.measured_days),
        "marks": row.marks,
        "line": row.sparkline.path if row.sparkline else "",
        "goal": row.sparkline.goal_path if row.sparkline else "",
        "caption": row.sparkline.description if row.sparkline else "",
        "label": row.sparkline.label if row.sparkline else "",
        "devices": render_equipment(row.equipment),
    }
    drawn, discharged = row.sparkline is not None, row.patient.discharged_at is not None
    return render_cached_with_slots(
        "measurements/_patient_row.html", slots, drawn=drawn, discharged=discharged, marked=bool(row.marks)
    )


def render_vital_cell(cell: VitalCell) -> SafeString:
    reading, gain = cell.reading, cell.gain
    if reading is None:
        return render_cached("measurements/_empty_cell.html", label=cell.label)
    week = cell.week
    averages = "".join(render_average(*each) for each in week.averages) if week else ""
    slots = {
        "text": reading.text,
        "age": age_element(reading.taken_at),
        "doubtful": reading.doubtful,
        "arrow": reading.judgement.arrow,
        "words": reading.words,
        "gain": gain.text if gain else "",
        "day_weight": cell.day_weight,
        "gain_words": gain.words if gain else "",
        "averages": SafeString(averages),
        "marks": week.marks if week else "",
    }
    return render_cached_with_slots(
        "measurements/_latest_reading_cell.html",
        slots,
        label=cell.label,
        status=reading.threshold_status,
        check=reading.needs_check,
        doubted=bool(reading.doubtful),
        is_old=cell.is_old,
        of_another_weight=bool(cell.day_weight),
        gain_status=gain.status if gain else None,
        averaged=bool(averages),
        marks_status=week.status if week and week.marks else None,
    )


def render_average(average: WeeklyAverage, judgement: Judgement) -> SafeString:
    slots = {
        "text": "/".join(judgement.texts),
        "arrow": judgement.arrow,
        "words": judgement.words,
        "meal": average.meal.removesuffix(" meals"),
        "n": str(average.n),
        "readings": count_noun(average.n, "reading"),
    }
    return render_cached_with_slots(
        "measurements/_weekly_average.html",
        slots,
        status=judgement.status,
        has_meal=bool(average.meal),
        of_meals=average.meal.endswith(" meals"),
    )


def render_equipment(holdings: Sequence[EquipmentItem]) -> SafeString:
    """Connected devices as a number, the others by name with their state."""
    under_way = tuple((each.state, each.short_name, each.label) for each in holdings if not each.connected)
    return render_cached(
        "fulfillment/_equipment_summary.html", connected=len(holdings) - len(under_way), under_way=under_way
    )
