"""Readings as rows of a table, out of fragments that are rendered once for all rows that are alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django import template
from django.urls import reverse
from django.utils.dateformat import DateFormat
from django.utils.safestring import SafeString

from measurements.fragment_cache import filled
from measurements.readings.table import Cell, TableRow
from patients.models import Patient

register = template.Library()


@register.simple_tag
def reading_rows(patient: Patient, rows: Iterable[TableRow]) -> SafeString:
    """Times are the patient's."""
    before, _, after = reverse("patients:reading", args=[patient.pk, 0]).rpartition("0")
    return SafeString("\n".join(_row(row, patient, f"{before}{row.pk}{after}") for row in rows))


def _row(row: TableRow, patient: Patient, address: str) -> SafeString:
    taken, heard = _local(row.taken_at, patient), _local(row.heard_at, patient)
    slots = {
        "address": address,
        "day": taken.format("D M j, Y,"),
        "time": taken.format("g:i A"),
        "cells": SafeString("".join(map(_cell, row.cells))),
        "marks": "; ".join(row.marks),
        "device": row.device,
        "heard_day": heard.format("M j, Y,"),
        "heard_time": heard.format("g:i A"),
    }
    return filled("patients/_table_row.html", slots, left_out=row.left_out, marked=bool(row.marks))


def _local(moment: dt.datetime, patient: Patient) -> DateFormat:
    return DateFormat(moment.astimezone(patient.zone))


def _cell(cell: Cell) -> SafeString:
    """A metric's name and unit may be the vendor's words, so they are filled in."""
    slots = {"label": cell.label, "text": cell.text, "unit": cell.unit}
    return filled("patients/_table_cell.html", slots, standing=cell.standing)
