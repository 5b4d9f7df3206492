"""Addresses of rows are those that `reverse` gives."""

import uuid

import pytest
from django.urls import reverse

from patients.lists.row_links import row_url


@pytest.mark.parametrize("name", ["patients:page", "patients:preview", "devices:page", "orders:page", "orders:call"])
def test_row_url_is_the_address_of_the_route(name):
    for key in (uuid.uuid4(), uuid.uuid4()):
        assert row_url(name, key) == reverse(name, args=[key])
