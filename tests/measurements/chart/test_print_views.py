"""A patient on paper: figures, charts, and every reading in words, written down once."""

import datetime as dt

import pytest
from django.utils import timezone

from measurements.readings import table
from patients.models import AuditEvent
from tests.factories import DeviceFactory, MeasurementFactory
from tests.page_texts import strip_markup


@pytest.fixture
def printed_table(client, nadia, rosa):
    client.force_login(nadia)

    def page():
        html = client.get(f"/patients/{rosa.pk}/print/?days=30").content.decode()
        return strip_markup(html[html.index('class="paper-table"') :])

    return page


def create_weight(rosa, *, hours_ago, pounds, **fields):
    device = rosa.devices.first() or DeviceFactory(patient=rosa)
    taken_at = timezone.now() - dt.timedelta(hours=hours_ago)
    return MeasurementFactory(device=device, code="weight", value_1=pounds, taken_at=taken_at, **fields)


def test_print_page_lists_every_reading_with_date_year_and_marks(printed_table, rosa):
    row = create_weight(rosa, hours_ago=30, pounds=171)
    create_weight(rosa, hours_ago=5, pounds=172, conflict=True)

    shown = printed_table()

    when = row.taken_at.astimezone(rosa.zone)
    assert f"{when:%a %b} {when.day}, {when.year}, {when.hour % 12 or 12}:{when:%M %p} 171.0" in shown
    assert "172.0 check: another value for the same time" in shown
    assert AuditEvent.objects.filter(action=AuditEvent.Action.PRINT, patient_ids__contains=[rosa.pk]).count() == 1


def test_print_page_of_long_range_states_that_it_shows_newest_only(printed_table, rosa, monkeypatch):
    monkeypatch.setattr(table, "MAX_PRINTED_ROWS", 2)
    for hours, pounds in ((40, 170), (20, 171), (3, 172)):
        create_weight(rosa, hours_ago=hours, pounds=pounds)

    shown = printed_table()

    assert "The newest 2 of this range" in shown
    assert "172.0" in shown
    assert "170.0" not in shown


def test_print_page_without_readings_shows_empty_state(printed_table, rosa):
    assert "No readings in this range." in printed_table()
