import io
import json

import pytest
from django.db import OperationalError

from devices.inbox import processing
from devices.models import Delivery
from tests.measurements.webhook_items import SECRET

HOOK = "/hooks/tenovi/measurements/"
BODY = json.dumps([{"metric": "weight"}]).encode()

pytestmark = pytest.mark.django_db


def post_webhook(client, path=HOOK, body=BODY, **headers):
    return client.generic("POST", path, body, **({"HTTP_AUTHORIZATION": SECRET} | headers))


@pytest.mark.parametrize("path", [HOOK, HOOK.rstrip("/"), HOOK + "?format=xml"])
def test_webhook_with_valid_secret_stores_exact_bytes_and_returns_204(client, path):
    answer = post_webhook(client, path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert bytes(Delivery.objects.get().body) == BODY


@pytest.mark.parametrize(
    "path", ["//hooks/tenovi/measurements/", "/hooks//tenovi/measurements", "///hooks/tenovi///measurements//"]
)
def test_webhook_with_repeated_slashes_is_stored(client, path):
    assert post_webhook(client, PATH_INFO=path).status_code == 204
    assert post_webhook(client, PATH_INFO=path, HTTP_AUTHORIZATION="wrong").status_code == 401
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("header", ["", "wrong", SECRET + " ", SECRET.lower(), "Bearer wébhook", "\u20ac"])
def test_webhook_without_valid_secret_returns_401_and_stores_nothing(client, header):
    answer = post_webhook(client, HTTP_AUTHORIZATION=header)

    assert answer.status_code == 401
    assert not Delivery.objects.exists()


def test_webhook_accepts_old_and_new_secret_during_rotation(client, settings):
    settings.TENOVI_WEBHOOK_SECRETS = ["old value", "new value"]

    assert [post_webhook(client, HTTP_AUTHORIZATION=value).status_code for value in ("old value", "new value")] == [
        204,
        204,
    ]


def test_webhook_secret_header_is_configurable(client, settings):
    settings.TENOVI_WEBHOOK_HEADER = "X-Acme-Hook"

    assert post_webhook(client, HTTP_AUTHORIZATION="", HTTP_X_ACME_HOOK=SECRET).status_code == 204


@pytest.mark.parametrize(
    "headers",
    [{"HTTP_ACCEPT": "image/png"}, {"HTTP_HOST": "evil.example"}, {"CONTENT_TYPE": "text/plain"},
     {"HTTP_X_FORWARDED_PROTO": "http"}, {"HTTP_ACCEPT": "a/b/c;;"}],
)  # fmt: skip
def test_webhook_accepts_unusual_request_headers(client, settings, headers):
    settings.SECURE_SSL_REDIRECT = True

    assert post_webhook(client, **headers).status_code == 204
    assert Delivery.objects.count() == 1


def test_webhook_checks_secret_before_method(client):
    assert client.get(HOOK).status_code == 401
    assert client.get(HOOK, HTTP_AUTHORIZATION=SECRET).status_code == 405
    assert client.generic("OPTIONS", HOOK, HTTP_AUTHORIZATION=SECRET).status_code == 405


def test_webhook_rejects_empty_body(client):
    assert post_webhook(client, body=b"").status_code == 411
    assert not Delivery.objects.exists()


def test_webhook_rejects_body_over_size_limit(client):
    assert post_webhook(client, body=b"x" * (1024 * 1024)).status_code == 204
    assert post_webhook(client, body=b"x" * (1024 * 1024 + 1)).status_code == 413


def test_webhook_rejects_body_shorter_than_content_length(client):
    announced = {"CONTENT_LENGTH": str(len(BODY) + 1), "wsgi.input": io.BytesIO(BODY)}

    assert post_webhook(client, **announced).status_code == 400
    assert not Delivery.objects.exists()


def test_webhook_returns_503_with_retry_after_on_database_error(client, monkeypatch):
    def broken(**_):
        raise OperationalError

    monkeypatch.setattr(processing, "receive_delivery", broken)
    answer = post_webhook(client)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_webhook_of_unknown_kind_is_not_found(client):
    assert post_webhook(client, "/hooks/tenovi/else/").status_code == 404
