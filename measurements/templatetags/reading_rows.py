"""Template tag for rows of the table of readings, rendered from cached fragments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django import template
from django.urls import reverse
from django.utils.dateformat import DateFormat
from django.utils.safestring import SafeString

from measurements.fragment_cache import render_cached_with_slots
from measurements.readings.table import ReadingCell, TableRow
from patients.models import Patient
from patients.templatetags.time_display import local_time

register = template.Library()


@register.simple_tag
def reading_rows(patient: Patient, rows: Iterable[TableRow]) -> SafeString:
    """Table rows of readings, with times in the patient's zone."""
    before, _, after = reverse("patients:reading", args=[patient.pk, 0]).rpartition("0")
    return SafeString("\n".join(render_reading_row(row, patient, f"{before}{row.pk}{after}") for row in rows))


def render_reading_row(row: TableRow, patient: Patient, address: str) -> SafeString:
    slots = {
        "address": address,
        "day": format_local_day(row.taken_at, "D M j, Y,", patient),
        "time": local_time(row.taken_at, "g:i A", patient.zone),
        "cells": SafeString("".join(map(render_reading_cell, row.cells))),
        "marks": "; ".join(row.notes),
        "device": row.device,
        "received_day": format_local_day(row.received_at, "M j, Y,", patient),
        "received_time": local_time(row.received_at, "g:i A", patient.zone),
    }
    return render_cached_with_slots(
        "measurements/_reading_table_row.html", slots, left_out=row.left_out, marked=bool(row.notes)
    )


def format_local_day(time: dt.datetime, pattern: str, patient: Patient) -> str:
    return DateFormat(time.astimezone(patient.zone)).format(pattern)


def render_reading_cell(cell: ReadingCell) -> SafeString:
    """Name and unit are slots: those of an unknown metric are the vendor's text."""
    flag = {"arrow": cell.judgement.arrow, "words": cell.words}
    slots = {"label": cell.label, "text": cell.text, "unit": cell.unit, **flag}
    return render_cached_with_slots(
        "measurements/_reading_table_cell.html", slots, threshold_status=cell.threshold_status
    )
