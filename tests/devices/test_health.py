import pytest

pytestmark = pytest.mark.django_db


def test_a_live_process_says_ok(client):
    answer = client.get("/healthz/")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize("given", [{}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": "Bearer \xff"}])
def test_strangers_learn_the_colour_only(client, given):
    answer = client.get("/healthz/deep", **given)

    assert answer.status_code == 503
    assert answer.json() == {"ok": False}


def test_without_a_token_in_the_settings_nobody_is_an_operator(client, settings):
    settings.OPS_TOKEN = ""

    assert "problems" not in client.get("/healthz/deep", HTTP_AUTHORIZATION="Bearer ").json()
