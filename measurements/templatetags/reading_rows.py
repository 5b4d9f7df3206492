"""Template tag for rows of the table of readings, rendered from cached fragments."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.dateformat import DateFormat
from django.utils.safestring import SafeString

from measurements.fragment_cache import render_cached_with_slots
from measurements.readings.table import ReadingColumn, TablePage, TableRow
from measurements.thresholds.judgement import Judgement
from patients.models import Patient
from patients.templatetags.time_display import local_time

register = template.Library()


@register.simple_tag
def reading_rows(patient: Patient, table: TablePage) -> SafeString:
    """Table rows of readings, with times in the patient's zone."""
    before, _, after = reverse("patients:reading", args=[patient.pk, 0]).rpartition("0")
    columns = table.columns
    rows = (render_reading_row(row, columns, patient, f"{before}{row.pk}{after}") for row in table.rows)
    return SafeString("\n".join(rows))


def render_reading_row(row: TableRow, columns: list[ReadingColumn], patient: Patient, address: str) -> SafeString:
    slots = {
        "address": address,
        "day": DateFormat(row.taken_at.astimezone(patient.zone)).format("D M j, Y,"),
        "time": local_time(row.taken_at, "g:i A", patient.zone),
        "cells": SafeString("".join(render_reading_cell(column, row.cells.get(column)) for column in columns)),
        "marks": "; ".join(row.notes),
        "device": row.device,
    }
    return render_cached_with_slots(
        "measurements/_reading_table_row.html", slots, left_out=row.left_out, marked=bool(row.notes)
    )


def render_reading_cell(column: ReadingColumn, judgement: Judgement | None) -> SafeString:
    """The label is a slot: that of an unknown metric is the vendor's text."""
    if judgement is None:
        return render_cached_with_slots("measurements/_empty_cell.html", {"label": column.label})
    slots = {
        "label": column.label,
        "text": "/".join(judgement.texts),
        "meal": judgement.meal,
        "arrow": judgement.arrow,
        "words": judgement.words,
    }
    return render_cached_with_slots("measurements/_reading_table_cell.html", slots, status=judgement.status)
