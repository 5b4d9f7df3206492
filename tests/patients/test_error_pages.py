"""Error pages are written for people, need no database, and hold nobody's data."""

import pytest
from django.db import OperationalError
from django.template.loader import render_to_string
from django.test import Client

from measurements.patient_list import views


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "405", "500", "503"])
def test_every_error_page_can_be_shown_when_nothing_else_can(code):
    page = render_to_string(f"{code}.html")

    assert "<h1>" in page
    assert 'lang="en"' in page


def broken(error):
    def view(*_, **__):
        raise error

    return view


@pytest.mark.parametrize(("error", "status"), [(OperationalError("gone away"), 503), (KeyError("Delgado"), 500)])
def test_a_database_that_is_away_is_told_apart_from_our_own_mistakes(client, nadia, monkeypatch, error, status):
    client.force_login(nadia)
    client.raise_request_exception = False
    monkeypatch.setattr(views, "_shown", broken(error))

    response = client.get("/patients/")

    assert response.status_code == status
    assert ("Retry-After" in response.headers) is (status == 503)
    assert "Delgado" not in response.content.decode()


def test_a_form_whose_secret_is_missing_says_that_nothing_was_saved(nadia):
    client = Client(enforce_csrf_checks=True)
    client.force_login(nadia)

    response = client.post("/patients/", {"q": "Delgado"})

    assert response.status_code == 403
    assert "nothing was saved" in response.content.decode()


def test_an_unknown_address_is_a_page_and_not_a_stack_of_words(client):
    response = client.get("/nowhere/at/all/")

    assert response.status_code == 404
    assert "There is nothing to see at this address" in response.content.decode()


def test_an_address_of_forms_that_somebody_opens_is_explained(client, nadia, rosa):
    client.force_login(nadia)

    opened = client.get(f"/patients/{rosa.pk}/goals/save/")

    assert opened.status_code == 405
    assert opened.headers["Allow"] == "POST"
    assert "only takes what a form sends" in opened.content.decode()
