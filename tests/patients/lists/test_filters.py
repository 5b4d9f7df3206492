"""List filters: selection from the address, options with links, facet counts, selects."""

import pytest
from django.db.models import Q

from devices.models import Device
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from tests.factories import DeviceFactory

STATE = ListFilter(
    "state",
    "State",
    {value: FilterChoice(value.title(), Q(state=value)) for value in ("connected", "shipped")},
    all_condition=~Q(state="unlinked"),
)
BATTERY = ListFilter("battery", "Battery", {"low": FilterChoice("Low", Q(battery_percent__lte=20))})


@pytest.fixture
def four_devices(rosa):
    for state, percent in (("connected", 10), ("connected", 90), ("shipped", None), ("unlinked", 10)):
        DeviceFactory(patient=rosa, state=state, battery_percent=percent)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "count"),
    [({}, 3), ({"state": "connected"}, 2), ({"state": "connected", "battery": "low"}, 1), ({"state": "x"}, 3)],
)
def test_selected_filters_apply_known_values_only(four_devices, query, count):
    assert SelectedFilters([STATE, BATTERY], query).apply(Device.objects.all()).count() == count


@pytest.mark.django_db
def test_facet_counts_are_among_rows_that_the_other_filters_leave(four_devices, django_assert_num_queries):
    selected = SelectedFilters([STATE, BATTERY], {"state": "connected", "battery": "low"})

    with django_assert_num_queries(2):
        assert selected.count(Device.objects.all(), STATE) == {"": 1, "connected": 1, "shipped": 0}
        assert selected.count(Device.objects.all(), BATTERY) == {"": 2, "low": 1}


def test_filter_links_include_the_other_filters():
    state, battery = SelectedFilters([STATE, BATTERY], {"state": "shipped", "battery": "low"}).filter_rows()

    assert [option.query for option in state.options] == [
        "battery=low",
        "battery=low&state=connected",
        "battery=low&state=shipped",
    ]
    assert [option.is_selected for option in state.options] == [False, False, True]
    assert [option.query for option in battery.options] == ["state=shipped", "state=shipped&battery=low"]
