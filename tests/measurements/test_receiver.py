import io
import json

import pytest
from django.db import OperationalError

from devices.inbox import processing
from devices.models import Delivery
from tests.measurements.vendor import SECRET

HOOK = "/hooks/tenovi/measurements/"
BODY = json.dumps([{"metric": "weight"}]).encode()

pytestmark = pytest.mark.django_db


def post(client, path=HOOK, body=BODY, **headers):
    return client.generic("POST", path, body, **({"HTTP_AUTHORIZATION": SECRET} | headers))


@pytest.mark.parametrize("path", [HOOK, HOOK.rstrip("/"), HOOK + "?format=xml"])
def test_a_proven_delivery_is_kept_byte_for_byte_and_answered_without_a_body(client, path):
    answer = post(client, path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert bytes(Delivery.objects.get().body) == BODY


@pytest.mark.parametrize("header", ["", "wrong", SECRET + " ", SECRET.lower(), "Bearer wébhook", "\u20ac"])
def test_without_the_secret_nothing_is_kept(client, header):
    answer = post(client, HTTP_AUTHORIZATION=header)

    assert answer.status_code == 401
    assert not Delivery.objects.exists()


def test_every_live_secret_opens_during_a_rotation(client, settings):
    settings.TENOVI_WEBHOOK_SECRETS = ["old value", "new value"]

    assert [post(client, HTTP_AUTHORIZATION=value).status_code for value in ("old value", "new value")] == [204, 204]


def test_another_header_may_carry_the_secret(client, settings):
    settings.TENOVI_WEBHOOK_HEADER = "X-Acme-Hook"

    assert post(client, HTTP_AUTHORIZATION="", HTTP_X_ACME_HOOK=SECRET).status_code == 204


@pytest.mark.parametrize(
    "headers",
    [{"HTTP_ACCEPT": "image/png"}, {"HTTP_HOST": "evil.example"}, {"CONTENT_TYPE": "text/plain"},
     {"HTTP_X_FORWARDED_PROTO": "http"}, {"HTTP_ACCEPT": "a/b/c;;"}],
)  # fmt: skip
def test_no_odd_header_loses_a_delivery(client, settings, headers):
    settings.SECURE_SSL_REDIRECT = True

    assert post(client, **headers).status_code == 204
    assert Delivery.objects.count() == 1


def test_the_secret_is_asked_for_before_anything_else(client):
    assert client.get(HOOK).status_code == 401
    assert client.get(HOOK, HTTP_AUTHORIZATION=SECRET).status_code == 405
    assert client.generic("OPTIONS", HOOK, HTTP_AUTHORIZATION=SECRET).status_code == 405


def test_an_empty_body_is_refused(client):
    assert post(client, body=b"").status_code == 411
    assert not Delivery.objects.exists()


def test_a_body_over_the_limit_is_refused(client):
    assert post(client, body=b"x" * (256 * 1024)).status_code == 204
    assert post(client, body=b"x" * (256 * 1024 + 1)).status_code == 413


def test_a_body_shorter_than_announced_is_refused(client):
    announced = {"CONTENT_LENGTH": str(len(BODY) + 1), "wsgi.input": io.BytesIO(BODY)}

    assert post(client, **announced).status_code == 400
    assert not Delivery.objects.exists()


def test_trouble_with_the_database_is_said_and_nothing_acknowledged(client, monkeypatch):
    def broken(**_):
        raise OperationalError

    monkeypatch.setattr(processing, "receive", broken)
    answer = post(client)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_an_unknown_hook_is_not_found(client):
    assert post(client, "/hooks/tenovi/else/").status_code == 404
