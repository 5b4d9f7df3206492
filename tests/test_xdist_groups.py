"""One stack and one fault stack for the whole run: whoever needs one is in its group, and xdist sees it."""

import os

import pytest


@pytest.mark.xdist_group("those who ask")
def test_xdist_group_is_part_of_node_id(request):
    alone = "PYTEST_XDIST_WORKER" not in os.environ

    assert alone or request.node.nodeid.endswith("@those who ask")


def test_xdist_group_is_set_on_tests_that_need_a_shared_stack(request):
    groups = {"stack": "stack", "running_fault_stack": "faults"}
    wanting = [(item, name) for item in request.session.items for name in groups if name in item.fixturenames]

    for item, name in wanting:
        assert item.get_closest_marker("xdist_group").args == (groups[name],), item.nodeid
