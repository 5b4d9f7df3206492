"""One house and one arena for the whole run: whoever needs one is in its group, and xdist sees it."""

import os

import pytest


@pytest.mark.xdist_group("those who ask")
def test_a_group_is_part_of_the_name_that_xdist_sees(request):
    alone = "PYTEST_XDIST_WORKER" not in os.environ

    assert alone or request.node.nodeid.endswith("@those who ask")


def test_all_who_need_a_house_or_the_arena_are_in_its_group(request):
    groups = {"house": "house", "standing_arena": "faults"}
    wanting = [(item, name) for item in request.session.items for name in groups if name in item.fixturenames]

    for item, name in wanting:
        assert item.get_closest_marker("xdist_group").args == (groups[name],), item.nodeid
