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

register = template.Library()


@register.simple_tag
def reading_rows(patient: Patient, rows: Iterable[TableRow]) -> SafeString:
    """Table rows of readings, with times in the patient's zone."""
    before, _, after = reverse("patients:reading", args=[patient.pk, 0]).rpartition("0")
    return SafeString("\n".join(render_reading_row(row, patient, f"{before}{row.pk}{after}") for row in rows))


def render_reading_row(row: TableRow, patient: Patient, address: str) -> SafeString:
    taken, received = local_date_format(row.taken_at, patient), local_date_format(row.received_at, patient)
    slots = {
        "address": address,
        "day": taken.format("D M j, Y,"),
        "time": taken.format("g:i A"),
        "cells": SafeString("".join(map(render_reading_cell, row.cells))),
        "marks": "; ".join(row.notes),
        "device": row.device,
        "received_day": received.format("M j, Y,"),
        "received_time": received.format("g:i A"),
    }
    return render_cached_with_slots(
        "measurements/_reading_table_row.html", slots, left_out=row.left_out, marked=bool(row.notes)
    )


def local_date_format(time: dt.datetime, patient: Patient) -> DateFormat:
    return DateFormat(time.astimezone(patient.zone))


def render_reading_cell(cell: ReadingCell) -> SafeString:
    """Name and unit are slots: those of an unknown metric are the vendor's text."""
    flag = {"arrow": cell.judgement.arrow, "words": cell.words}
    slots = {"label": cell.label, "text": cell.text, "unit": cell.unit, **flag}
    return render_cached_with_slots(
        "measurements/_reading_table_cell.html", slots, threshold_status=cell.threshold_status
    )
