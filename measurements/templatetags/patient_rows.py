"""A row of the patient list, out of fragments that are rendered once for all rows that are alike."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

from fulfillment.equipment import Holding
from measurements.fragment_cache import filled, kept
from measurements.patient_list.rows import Cell, PatientRow
from measurements.templatetags.formatting import change
from measurements.units import Units
from patients.templatetags.time_display import aged

register = template.Library()

NEVER = SafeString('<span class="meta">never</span>')


@register.simple_tag
def patient_row(row: PatientRow, units: Units, measured_days: int, several_clinics: bool) -> SafeString:
    """`measured_days` is of how many days those with a reading are counted; with several clinics, each is named."""
    slots = {
        "address": row.address,
        "peek_address": row.peek_address,
        "name": row.name,
        "about": f"{row.about} · {row.patient.clinic.name}" if several_clinics else row.about,
        "cells": SafeString("".join(_cell(cell, units) for cell in row.cells)),
        "last": aged(row.last_at) if row.last_at else NEVER,
        "measured": kept("patients/_measured.html", days=row.days_measured, among=measured_days),
        "line": row.spark.path if row.spark else "",
        "line_words": row.spark.words if row.spark else "",
        "held": _held(row.holdings),
    }
    drawn, discharged = row.spark is not None, row.patient.discharged_at is not None
    return filled("patients/_row.html", slots, drawn=drawn, discharged=discharged)


def _cell(cell: Cell, units: Units) -> SafeString:
    reading, gain = cell.reading, cell.gain
    if reading is None:
        return kept("patients/_no_cell.html", label=cell.label)
    slots = {
        "text": reading.text,
        "age": aged(reading.taken_at),
        "gain": change(gain.gain, units.weight) if gain else "",
    }
    values = {"label": cell.label, "standing": reading.standing, "check": reading.check}
    return filled("patients/_cell.html", slots, gain_standing=gain.standing if gain else None, **values)


def _held(holdings: Sequence[Holding]) -> SafeString:
    """Connected devices are counted, the others are named with what they wait for."""
    under_way = tuple((each.state, each.short_name, each.label) for each in holdings if not each.connected)
    return kept("patients/_held.html", connected=len(holdings) - len(under_way), under_way=under_way)
