"""The catalogue's page, and its reading on demand."""

import pytest
from django.urls import reverse

from devices.models import SyncRun
from tests.factories import DeviceTypeFactory
from tests.page_texts import missing_words, page_text

CATALOGUE = "/devices/catalogue/"


@pytest.fixture
def types(db):
    metric = {"name": "weight", "primary_display_name": "Weight", "unified_display_name": "Weight"}
    DeviceTypeFactory(
        name="Tenovi Scale", sensor_code="13", metrics=[metric], up_front_cost="45.00", shipping_cost="0.00"
    )
    DeviceTypeFactory(name="Tenovi Cellular BPM", sensor_code="", monthly_cost=None)
    DeviceTypeFactory(name="PatchRx PatchCap", sensor_code="27", sensor_id_required=True, in_stock=False)
    DeviceTypeFactory(name="Tenovi BPM", deprecated=True)


def test_catalogue_shows_codes_metrics_costs_and_stock(as_cora, types):
    page = as_cora.get(CATALOGUE)

    words = ("Tenovi Scale", "13", "Weight", "$45.00", "not stated", "cellular (inferred", "needs a sensor ID")
    assert missing_words(page, *words, "In stock", "Not in stock", "Deprecated") == []
    assert "$0.00" not in page_text(page)


@pytest.mark.parametrize(
    ("shown", "name"),
    [("cellular", "Tenovi Cellular BPM"), ("out_of_stock", "PatchRx PatchCap"), ("over", "Tenovi BPM")],
)
def test_catalogue_filters_by_what_can_be_ordered(as_cora, types, shown, name):
    assert [each.name for each in as_cora.get(CATALOGUE, {"show": shown}).context["page"].rows] == [name]


def test_catalogue_is_read_again_on_demand_once(as_cora, cora):
    for _ in range(2):
        assert as_cora.post(reverse("devices:catalogue_sync")).status_code == 302

    assert SyncRun.objects.get().requested_by == cora
    assert "being read now" in page_text(as_cora.get(CATALOGUE))


def test_catalogue_is_shown_to_clinicians_without_the_button(as_nadia, types):
    assert "Read it again" not in page_text(as_nadia.get(CATALOGUE))
    assert as_nadia.post(reverse("devices:catalogue_sync")).status_code == 403


def test_catalogue_makes_the_same_number_of_queries_for_more_rows(as_cora, types, django_assert_max_num_queries):
    for n in range(40):
        DeviceTypeFactory(name=f"Type {n}")

    with django_assert_max_num_queries(14):
        as_cora.get(CATALOGUE)
