import pytest

from patients.audit import audit_log
from patients.client_ip import client_address


def asked(rf, forwarded=None, remote="192.0.2.1"):
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return rf.get("/", REMOTE_ADDR=remote, **headers)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "address"),
    [
        (0, None, "192.0.2.1", "192.0.2.1"),
        (0, "203.0.113.5", "192.0.2.1", "192.0.2.1"),  # nobody is trusted to say so
        (1, "203.0.113.5", "192.0.2.1", "203.0.113.5"),
        (1, "10.1.1.1, 203.0.113.5", "192.0.2.1", "203.0.113.5"),  # the left one was typed by the client
        (2, "203.0.113.5, 198.51.100.7", "192.0.2.1", "203.0.113.5"),
        (2, "203.0.113.5", "192.0.2.1", "192.0.2.1"),  # came past the outer proxy
        (1, None, "192.0.2.1", "192.0.2.1"),
        (1, "garbage", "192.0.2.1", "192.0.2.1"),
        (1, "203.0.113.5:4711", "", "203.0.113.5"),
        (1, "[2001:db8::1]:4711", "", "2001:db8::1"),
        (1, "2001:db8::1", "", "2001:db8::1"),
        (0, None, "", None),  # a unix socket
    ],
)
def test_the_clients_address_is_what_the_outermost_trusted_proxy_saw(rf, settings, proxies, forwarded, remote, address):
    settings.TRUSTED_PROXY_COUNT = proxies

    assert client_address(asked(rf, forwarded, remote)) == address


@pytest.mark.parametrize("path", ["/accounts/login/", "/patients/", "/nowhere/", "/healthz/"])
def test_nothing_that_a_view_answers_is_kept(client, db, path):
    answer = client.get(path)

    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


def test_the_place_of_one_request_is_forgotten_with_it(client, nadia):
    client.force_login(nadia)
    client.get("/", REMOTE_ADDR="203.0.113.5")

    assert audit_log.origin.get() == audit_log.NOWHERE


def test_strangers_bodies_cannot_frame_or_load_anything(client, db):
    policy = client.get("/accounts/login/")["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
