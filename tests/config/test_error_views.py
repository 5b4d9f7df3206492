"""Error pages: readable texts, no database query, no patient data."""

import pytest
from django.db import OperationalError
from django.template.loader import render_to_string
from django.test import Client

from measurements.patient_list import views
from tests.page_texts import page_text


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "405", "500", "503"])
def test_error_templates_render_without_context(code):
    page = render_to_string(f"{code}.html")

    assert "<h1>" in page
    assert 'lang="en"' in page


def view_raising(error):
    def view(*_, **__):
        raise error

    return view


@pytest.mark.parametrize(("error", "status"), [(OperationalError("gone away"), 503), (KeyError("Delgado"), 500)])
def test_error_views_return_503_for_database_outage_and_500_for_bugs(client, nadia, monkeypatch, error, status):
    client.force_login(nadia)
    client.raise_request_exception = False
    monkeypatch.setattr(views, "list_page_context", view_raising(error))

    response = client.get("/patients/")

    assert response.status_code == status
    assert ("Retry-After" in response.headers) is (status == 503)
    assert "Delgado" not in response.content.decode()


def test_csrf_failure_page_says_nothing_was_saved(nadia):
    client = Client(enforce_csrf_checks=True)
    client.force_login(nadia)

    response = client.post("/patients/", {"q": "Delgado"})

    assert response.status_code == 403
    assert "nothing was saved" in response.content.decode()


def test_not_found_page_explains_unknown_url(client):
    response = client.get("/nowhere/at/all/")

    assert response.status_code == 404
    assert "There is nothing to see at this address" in response.content.decode()


def test_method_not_allowed_page_explains_form_only_url(client, nadia, rosa):
    client.force_login(nadia)

    opened = client.get(f"/patients/{rosa.pk}/goals/save/")

    assert opened.status_code == 405
    assert opened.headers["Allow"] == "POST"
    assert "only takes what a form sends" in opened.content.decode()


@pytest.mark.parametrize(
    ("who", "address", "said", "unsaid"),
    [
        ("ada", "/patients/", "set who has which role under", "ask an administrator"),
        ("nadia", "/patients/new/", "Roles that may enrol and edit patients: Care coordinator.", "As an administrator"),
        ("nadia", "/admin/", "ask an administrator of your clinic", "As an administrator"),
    ],
)
def test_forbidden_page_has_words_by_role(client, request, who, address, said, unsaid):
    client.force_login(request.getfixturevalue(who))

    response = client.get(address)

    assert response.status_code == 403
    shown = page_text(response)
    assert said in shown
    assert unsaid not in shown
