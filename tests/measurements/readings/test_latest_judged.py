"""The latest value is the newest trusted reading; a newer one that is to be checked is named beside it."""

import datetime as dt
from html import unescape

import pytest
import time_machine

from measurements.chart import serializer
from measurements.ingest import latest_readings
from measurements.models import LatestReading, Measurement
from measurements.readings import exclusion, latest_judged
from measurements.thresholds import evaluation
from tests.measurements.page_setup import NOW
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)
TO_BE_CHECKED = "0 % to be checked, 11:40 AM"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def item(device, value, minutes_ago, *, metric="spO2", second="0.00", index=None):
    taken = (NOW - minutes_ago * MINUTE).isoformat()
    params = {"measurement_index": index} if index else None
    return measurement_item(
        device, metric=metric, value_1=value, value_2=second, timestamp=taken, created=taken, filter_params=params
    )


def latest(patient):
    """Text, the doubtful one beside it, and whether it needs a check itself."""
    (row,) = latest_judged.latest_readings(patient, thresholds=evaluation.thresholds_for(patient))
    return row.text, row.doubtful, row.needs_check


LOW, ERROR = ("84", 30), ("0", 20)


@pytest.mark.parametrize("order", [(LOW, ERROR), (ERROR, LOW)], ids=["error last", "error first"])
@pytest.mark.parametrize("at_once", [True, False])
def test_latest_reading_is_newest_trusted_one_with_newer_doubtful_one_beside(cuff, rosa, order, at_once):
    items = [item(cuff, *each) for each in order]
    for body in [items] if at_once else items:
        receive_and_ingest(body)

    assert latest(rosa) == ("84", TO_BE_CHECKED, False)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([ERROR], ("0", "", True)),
        ([LOW, ("0", 40)], ("84", "", False)),
        ([LOW, ERROR, ("95", 10)], ("95", "", False)),
        ([LOW, ERROR, ("95", 25)], ("95", TO_BE_CHECKED, False)),
        ([ERROR, ("0", 10), ("95", 15)], ("95", "0 % to be checked, 11:50 AM", False)),
        ([LOW, ("97", 20), ("91", 20)], ("84", "91 % to be checked, 11:40 AM", False)),
        ([LOW, ("0", 60 * 24)], ("84", "", False)),
        ([("84", 60 * 26), ("0", 60 * 25)], ("84", "0 % to be checked, Nov 20, 11:00 AM", False)),
    ],
)
def test_latest_reading_after_each_sequence_is_the_same_in_any_portions(cuff, rosa, readings, expected):
    for each in readings:
        receive_and_ingest(item(cuff, *each))
    one_by_one = latest(rosa)
    stored = LatestReading.objects.values("measurement", "doubtful").get()
    LatestReading.objects.all().delete()

    latest_readings.recompute_latest_readings([(rosa.pk, "spO2")])

    assert one_by_one == expected
    assert LatestReading.objects.values("measurement", "doubtful").get() == stored


def test_latest_reading_that_gets_a_conflict_gives_way_to_the_trusted_one_before(cuff, rosa):
    receive_and_ingest([item(cuff, "84", 30), item(cuff, "97", 20)])
    receive_and_ingest(item(cuff, "91", 20))

    assert latest(rosa) == ("84", "91 % to be checked, 11:40 AM", False)


def test_latest_reading_follows_exclusion_of_doubtful_one_and_its_undo(cuff, rosa, nadia):
    receive_and_ingest([item(cuff, *LOW), item(cuff, *ERROR)])
    wrong = Measurement.objects.get(value_1=0)

    exclusion.exclude_reading(reading=wrong, reason=exclusion.ExclusionReason.BAD_MEASUREMENT, by=nadia)
    assert latest(rosa) == ("84", "", False)

    exclusion.undo_exclusion(reading=wrong, by=nadia)
    assert latest(rosa) == ("84", TO_BE_CHECKED, False)


def test_list_preview_page_and_print_name_the_doubtful_reading_beside_the_trusted_one(as_nadia, cuff, rosa):
    receive_and_ingest([item(cuff, *LOW), item(cuff, *ERROR)])

    on_paper = "0 % to be checked, Nov 21, 2026, 11:40 AM"
    for address in ("/patients/", "{}preview/", "{}", "{}print/", "{}live/?v=0"):
        text, words = page_text(as_nadia.get(address.format(f"/patients/{rosa.pk}/"))), TO_BE_CHECKED
        if "print" in address:
            words = on_paper
        assert words in text, address
        assert "84" in text.split(words)[0]


def test_pages_mark_reading_of_device_clock_ahead(as_nadia, cuff, rosa):
    receive_and_ingest(item(cuff, "98", -20 * 60))

    page, reading = f"/patients/{rosa.pk}/", Measurement.objects.get()
    for address in (f"{page}preview/", page, f"{page}print/", f"{page}readings/{reading.pk}/"):
        assert "the device's clock is ahead" in unescape(page_text(as_nadia.get(address))), address
    assert "the device's clock is ahead" in as_nadia.get(f"{page}readings.csv").content.decode()
    (points,) = [panel["points"] for panel in as_nadia.get(page).context["chart_data"]["panels"]]
    assert points["flags"] == [serializer.FLAG_CLOCK_AHEAD]
    assert points["at"] == [NOW.timestamp() * 1000]


def test_device_page_names_newer_reading_to_be_checked(as_nadia, cuff, rosa):
    receive_and_ingest([item(cuff, *LOW), item(cuff, *ERROR)])

    text = page_text(as_nadia.get(f"/devices/{cuff.hwi_id}/"))

    assert "Nov 21, 2026, 11:30 AM" in text
    assert "a newer one is to be checked, Nov 21, 11:40 AM" in text


@pytest.mark.parametrize("path", ["", "print/", "readings/{}/"])
def test_pages_name_offset_of_hour_that_repeats(as_nadia, cuff, rosa, clock, path):
    clock.move_to(dt.datetime(2026, 11, 1, 17, tzinfo=dt.UTC))
    for hour, value in ((5, "84"), (6, "85")):
        at = dt.datetime(2026, 11, 1, hour, 30, tzinfo=dt.UTC).isoformat()
        receive_and_ingest(measurement_item(cuff, metric="spO2", value_1=value, timestamp=at, filter_params=None))
    reading = Measurement.objects.get(value_1=84)

    text = page_text(as_nadia.get(f"/patients/{rosa.pk}/{path.format(reading.pk)}"))

    assert ("1:30:00 AM EDT (UTC-4)" if "readings" in path else "1:30 AM EDT (UTC-4)") in text
    assert "readings" in path or "1:30 AM EST (UTC-5)" in text


def test_reading_to_be_checked_is_named_with_its_meal(cuff, rosa):
    receive_and_ingest(item(cuff, "148", 30, metric="glucose"))
    taken = (NOW - 20 * MINUTE).isoformat()
    fields = {"timestamp": taken, "created": taken, "filter_params": {"meal_context": "post-prandial"}}
    receive_and_ingest(measurement_item(cuff, metric="glucose", value_1="5", value_2="0.00", **fields))

    assert latest(rosa) == ("148", "5 after a meal mg/dL to be checked, 11:40 AM", False)
