"""Transport: connection reuse, TLS and deadlines, against servers that break the connection."""

import dataclasses
import datetime as dt
import gzip
import json
import socket
import ssl
import struct
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from devices.tenovi import ApiKey, Misconfigured, NotSent, Unclear, transport
from devices.tenovi.http_client import SLOT_ATTEMPTS
from devices.tenovi.rate_limiter import Slot
from tests.timeouts import WAIT_TIMEOUT_SECONDS

LONG = " " * 10 * WAIT_TIMEOUT_SECONDS  # at 0.1 s for each, longer than any timeout
EMPTY_PAGE = json.dumps({"count": 0, "next": None, "previous": None, "results": []})
DEVICE = "0b7e6a52-5d1c-4c1e-9a57-3f6f0b1f2a10"


TAKEN = Slot(ApiKey("key"), "bucket", dt.datetime.now(dt.UTC), earliest=0.0, opens=0.0)


def reset_connection(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return "close"


def test_transport_reuses_one_connection(client_of_server, http_response):
    peers = []

    def act(connection):
        peers.append(connection.getpeername())
        connection.sendall(http_response(EMPTY_PAGE))

    client = client_of_server(act)
    client.list_devices()
    client.list_devices()

    assert len(peers) == 2
    assert len(set(peers)) == 1


def test_transport_replaces_a_connection_closed_by_the_server(client_of_server, http_response):
    closed = threading.Event()

    def act(connection):
        connection.sendall(http_response(EMPTY_PAGE))
        connection.shutdown(socket.SHUT_WR)
        closed.set()
        return "close"

    client = client_of_server(act)
    client.list_devices()
    assert closed.wait(WAIT_TIMEOUT_SECONDS)

    client.delete_device(DEVICE)


def test_transport_raises_not_sent_for_a_refused_connection(build_client, rate_limiter):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = build_client(base_url=f"http://127.0.0.1:{port}")

    with pytest.raises(NotSent, match="connecting to Tenovi: ConnectError"):
        client.delete_device(DEVICE)
    assert rate_limiter.taken == 0


def test_transport_raises_not_sent_for_an_unresolved_host_name(build_client):
    with pytest.raises(NotSent, match="connecting to Tenovi: ConnectError"):
        build_client(base_url="http://tenovi.invalid").delete_device(DEVICE)


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_transport_raises_misconfigured_or_not_sent_for_an_invalid_host_name(build_client, host):
    with pytest.raises((Misconfigured, NotSent)):
        build_client(base_url=f"http://{host}").delete_device(DEVICE)


def test_transport_raises_misconfigured_for_a_key_with_a_line_break(client_of_server, http_response, rate_limiter):
    received = []
    client = client_of_server(received.append)
    rate_limiter.keys = (ApiKey("two\nlines"),)

    with pytest.raises(Misconfigured, match="LocalProtocolError"):
        client.delete_device(DEVICE)
    assert received == []


def test_client_take_slot_returns_false_when_the_vendor_is_unreachable(build_client, rate_limiter):
    assert build_client(base_url="http://tenovi.invalid").take_slot() is False
    assert rate_limiter.taken == 0


def test_transport_writes_nothing_after_the_slot_is_over_and_takes_another_one(
    client_of_server, http_response, rate_limiter, monkeypatch
):
    received = []

    def act(connection):
        received.append(connection)
        connection.sendall(http_response("", "204 No Content"))

    take_slot, paused = rate_limiter.take_slot, time.monotonic() - WAIT_TIMEOUT_SECONDS
    slots = iter([dataclasses.replace(take_slot(max_wait=1), earliest=paused) for _ in range(2)])
    monkeypatch.setattr(rate_limiter, "take_slot", lambda **waits: next(slots, None) or take_slot(**waits))
    monkeypatch.setattr(Slot, "is_late", False)  # the pause comes between this check and the write

    client_of_server(act).delete_device(DEVICE)

    assert len(received) == 1
    assert [slot.earliest for slot in rate_limiter.released] == [paused, paused]


def test_client_raises_not_sent_when_each_slot_is_over_at_the_write(client_of_server, rate_limiter, monkeypatch):
    received = []
    monkeypatch.setattr(rate_limiter, "take_slot", lambda **waits: TAKEN)
    monkeypatch.setattr(Slot, "is_late", False)

    with pytest.raises(NotSent, match="too slow"):
        client_of_server(received.append).delete_device(DEVICE)
    assert received == []
    assert len(rate_limiter.released) == SLOT_ATTEMPTS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Key and certificate of `localhost`, self-signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    made = made.not_valid_after(dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, *private) + made.public_bytes(serialization.Encoding.PEM)
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(pem)
    return path


@pytest.fixture
def wrap_in_tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return lambda connection: context.wrap_socket(connection, server_side=True)


def test_transport_sends_nothing_to_an_untrusted_certificate(client_of_server, wrap_in_tls):
    received = []

    with pytest.raises(NotSent, match="connecting to Tenovi: ConnectError"):
        client_of_server(received.append, wrap=wrap_in_tls, scheme="https").delete_device(DEVICE)
    assert received == []


def test_transport_reuses_a_trusted_tls_connection(
    client_of_server, http_response, wrap_in_tls, certificate, monkeypatch
):
    monkeypatch.setattr(transport, "verified_ssl_context", lambda: ssl.create_default_context(cafile=certificate))
    client = client_of_server(
        lambda connection: connection.sendall(http_response(EMPTY_PAGE)), wrap=wrap_in_tls, scheme="https"
    )

    assert client.list_devices().rows == client.list_devices().rows == ()


@pytest.mark.usefixtures("one_second_call_deadline")
def test_transport_deadline_applies_inside_tls(client_of_server, http_response, wrap_in_tls, certificate, monkeypatch):
    monkeypatch.setattr(transport, "verified_ssl_context", lambda: ssl.create_default_context(cafile=certificate))
    client = client_of_server(
        lambda connection: send_byte_by_byte(connection, http_response(EMPTY_PAGE + LONG)),
        wrap=wrap_in_tls,
        scheme="https",
    )

    with pytest.raises(Unclear, match="ReadTimeout"):
        client.delete_device(DEVICE)


def test_transport_ignores_proxy_environment_variables(client_of_server, http_response, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    client = client_of_server(lambda connection: connection.sendall(http_response(EMPTY_PAGE)))

    assert client.list_devices().rows == ()


@pytest.mark.usefixtures("one_second_read_timeout")
def test_transport_raises_unclear_when_no_response_arrives(client_of_server):
    client, begun = client_of_server(lambda connection: connection.recv(1)), time.monotonic()

    with pytest.raises(Unclear, match="ReadTimeout"):
        client.delete_device(DEVICE)
    assert time.monotonic() - begun < WAIT_TIMEOUT_SECONDS, "not by the call's own end"


def send_byte_by_byte(connection, data):
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


@pytest.mark.usefixtures("one_second_call_deadline")
def test_transport_deadline_ends_headers_sent_byte_by_byte(client_of_server, http_response):
    client = client_of_server(
        lambda connection: send_byte_by_byte(connection, http_response(EMPTY_PAGE, X_Long=f"x{LONG}x"))
    )

    with pytest.raises(Unclear, match="ReadTimeout"):
        client.delete_device(DEVICE)


@pytest.mark.usefixtures("one_second_call_deadline")
def test_transport_deadline_ends_a_body_sent_byte_by_byte(client_of_server, http_response):
    answer = http_response(EMPTY_PAGE + LONG)
    cut = answer.index(b"\r\n\r\n") + 4

    def act(connection):
        connection.sendall(answer[:cut])
        send_byte_by_byte(connection, answer[cut:])

    client = client_of_server(act)

    with pytest.raises(Unclear, match="ReadTimeout"):
        client.list_devices()


def test_transport_raises_unclear_for_a_reset_after_the_request(client_of_server):
    with pytest.raises(Unclear, match="ReadError"):
        client_of_server(reset_connection).delete_device(DEVICE)


def test_transport_raises_unclear_for_a_connection_closed_without_response(client_of_server):
    with pytest.raises(Unclear, match="RemoteProtocolError"):
        client_of_server(lambda connection: "close").unlink_device(DEVICE)


def test_transport_raises_unclear_for_a_body_shorter_than_its_content_length(client_of_server, http_response):
    def act(connection):
        connection.sendall(http_response(EMPTY_PAGE, Content_Length="500"))
        return "close"

    with pytest.raises(Unclear, match="RemoteProtocolError"):
        client_of_server(act).list_devices()


def test_transport_raises_unclear_for_a_response_that_is_not_http(client_of_server):
    def act(connection):
        connection.sendall(b"220 mail.example ESMTP\r\n\r\n")

    with pytest.raises(Unclear, match="RemoteProtocolError"):
        client_of_server(act).list_devices()


def test_transport_stops_reading_a_response_of_20_megabytes(client_of_server, http_response):
    sent = []

    def act(connection):
        connection.sendall(http_response("", Content_Length=str(20 * 2**20)))
        for _ in range(20):
            connection.sendall(b" " * 2**20)
            sent.append(1)
        return "close"

    with pytest.raises(Unclear, match="DecodingError"):
        client_of_server(act).list_devices()
    assert len(sent) < 20


def test_transport_raises_unclear_for_gzip_that_expands_to_20_megabytes(client_of_server, http_response):
    packed = gzip.compress(b"[" + b" " * 20 * 2**20 + b"]")

    with pytest.raises(Unclear, match="DecodingError"):
        client_of_server(
            lambda connection: connection.sendall(http_response(packed, Content_Encoding="gzip"))
        ).list_devices()


def test_transport_decodes_a_gzip_response(client_of_server, http_response):
    packed = gzip.compress(EMPTY_PAGE.encode())
    client = client_of_server(lambda connection: connection.sendall(http_response(packed, Content_Encoding="gzip")))

    assert client.list_devices().rows == ()


def test_transport_raises_misconfigured_for_a_redirect_and_does_not_follow_it(client_of_server, http_response):
    asked = []

    def act(connection):
        asked.append(1)
        connection.sendall(http_response("", status="301 Moved Permanently", Location="/elsewhere/"))

    with pytest.raises(Misconfigured, match="status 301"):
        client_of_server(act).list_devices()
    assert asked == [1]


def test_transport_raises_misconfigured_for_a_403_with_a_truncated_body(client_of_server, http_response):
    def act(connection):
        connection.sendall(http_response('{"detail": "This', status="403 Forbidden", Content_Length="500"))
        return "close"

    with pytest.raises(Misconfigured, match="status 403"):
        client_of_server(act).list_devices()
