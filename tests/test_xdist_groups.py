"""xdist groups: all tests that need the stack or the fault stack run in one process each."""

import os

import pytest


@pytest.mark.xdist_group("group test")
def test_xdist_group_is_part_of_node_id(request):
    alone = "PYTEST_XDIST_WORKER" not in os.environ

    assert alone or request.node.nodeid.endswith("@group test")


def test_xdist_group_is_set_on_tests_that_need_a_shared_stack(request):
    groups = {"stack": "stack", "running_fault_stack": "faults"}
    wanting = [(item, name) for item in request.session.items for name in groups if name in item.fixturenames]

    for item, name in wanting:
        assert item.get_closest_marker("xdist_group").args == (groups[name],), item.nodeid
