"""xdist groups: all tests that need the stack or the fault stack run in one process each."""

import os
from types import SimpleNamespace

import pytest

from tests import stacks


@pytest.mark.xdist_group("group test")
def test_xdist_group_is_part_of_node_id(request):
    alone = "PYTEST_XDIST_WORKER" not in os.environ

    assert alone or request.node.nodeid.endswith("@group test")


def test_xdist_group_is_set_on_tests_that_need_a_shared_stack(request):
    groups = stacks.SHARED_STACKS
    wanting = [(item, name) for item in request.session.items for name in groups if name in item.fixturenames]

    for item, name in wanting:
        assert item.get_closest_marker("xdist_group").args == (groups[name],), item.nodeid


@pytest.fixture(scope="session")
def ended():
    return []


@pytest.fixture(scope="session")
def shared(ended):
    yield
    ended.append("shared")


@pytest.fixture(scope="session")
def built_on_shared(shared, ended):
    yield
    ended.append("built on shared")


def test_shared_stack_ends_after_the_last_test_that_needs_it(request, built_on_shared, ended):
    needs_it, needs_it_not = SimpleNamespace(fixturenames=["shared"]), SimpleNamespace(fixturenames=[])

    stacks.end_fixture_after_last_test("shared", request.node, needs_it)
    assert ended == []
    stacks.end_fixture_after_last_test("shared", needs_it_not, needs_it_not)
    assert ended == []
    stacks.end_fixture_after_last_test("shared", request.node, needs_it_not)

    assert ended == ["built on shared", "shared"]
