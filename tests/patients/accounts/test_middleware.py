import pytest

from patients.audit import audit_log
from patients.client_ip import get_client_ip


def forwarded_request(rf, forwarded=None, remote="192.0.2.1"):
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return rf.get("/", REMOTE_ADDR=remote, **headers)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "address"),
    [
        (0, None, "192.0.2.1", "192.0.2.1"),
        (0, "203.0.113.5", "192.0.2.1", "192.0.2.1"),  # no proxy is trusted
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
def test_client_address_is_read_from_the_outermost_trusted_proxy(rf, settings, proxies, forwarded, remote, address):
    settings.TRUSTED_PROXY_COUNT = proxies

    assert get_client_ip(forwarded_request(rf, forwarded, remote)) == address


@pytest.mark.parametrize("path", ["/accounts/login/", "/patients/", "/nowhere/", "/healthz/"])
def test_view_responses_are_not_cached_or_indexed(client, db, path):
    answer = client.get(path)

    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


def test_audit_context_is_cleared_after_each_request(client, nadia):
    client.force_login(nadia)
    client.get("/", REMOTE_ADDR="203.0.113.5")

    assert audit_log.audit_context.get() == audit_log.EMPTY_AUDIT_CONTEXT


def test_content_security_policy_forbids_framing_and_unsafe_sources(client, db):
    policy = client.get("/accounts/login/")["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_permissions_policy_switches_off_what_no_page_uses(client, db):
    policy = client.get("/accounts/login/")["Permissions-Policy"].split(", ")

    assert {"camera=()", "geolocation=()", "microphone=()", "payment=()", "usb=()"} <= set(policy)
    assert not [entry for entry in policy if entry.startswith("publickey-credentials")], "passkeys need these"
