"""Every route with a page of its own is among the pages that axe and the width tests open."""

import pytest

from tests.browser.page_addresses import CHECKED_ELSEWHERE, unlisted_routes
from tests.routes import list_routes

pytestmark = pytest.mark.django_db


def test_every_route_with_a_page_is_checked(sample_clinics):
    """A new page that answers with a redirect or an error here needs its state in `CHECKED_ELSEWHERE`, and a test."""
    assert unlisted_routes(sample_clinics) == set(CHECKED_ELSEWHERE)


def test_checked_elsewhere_names_routes_that_exist():
    assert set(CHECKED_ELSEWHERE) <= {route.namespace + route.name for route in list_routes()}
