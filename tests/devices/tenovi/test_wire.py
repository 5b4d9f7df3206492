"""The connection itself, against servers that break it in every way we know."""

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
from tests.patience import PATIENCE_SECONDS

LONG = " " * 10 * PATIENCE_SECONDS  # at a tenth of a second for each, longer than anybody's patience
EMPTY_PAGE = json.dumps({"count": 0, "next": None, "previous": None, "results": []})
DEVICE = "0b7e6a52-5d1c-4c1e-9a57-3f6f0b1f2a10"


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return "close"


def test_two_calls_use_one_connection(server, reply):
    peers = []

    def act(connection):
        peers.append(connection.getpeername())
        connection.sendall(reply(EMPTY_PAGE))

    client = server(act)
    client.list_devices()
    client.list_devices()

    assert len(peers) == 2
    assert len(set(peers)) == 1


def test_a_connection_that_the_server_has_closed_is_replaced_unnoticed(server, reply):
    closed = threading.Event()

    def act(connection):
        connection.sendall(reply(EMPTY_PAGE))
        connection.shutdown(socket.SHUT_WR)
        closed.set()
        return "close"

    client = server(act)
    client.list_devices()
    assert closed.wait(PATIENCE_SECONDS)

    client.delete_device(DEVICE)


def test_a_refused_connection_was_never_sent(build, gate):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = build(base_url=f"http://127.0.0.1:{port}")

    with pytest.raises(NotSent, match="connecting to Tenovi: ConnectError"):
        client.delete_device(DEVICE)
    assert gate.taken == 0


def test_a_name_that_does_not_resolve_was_never_sent(build):
    with pytest.raises(NotSent, match="connecting to Tenovi: ConnectError"):
        build(base_url="http://tenovi.invalid").delete_device(DEVICE)


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_cannot_be_a_name_is_a_wrong_configuration(build, host):
    with pytest.raises((Misconfigured, NotSent)):
        build(base_url=f"http://{host}").delete_device(DEVICE)


def test_a_key_that_no_header_can_hold_is_a_wrong_configuration(server, reply, gate):
    heard = []
    client = server(heard.append)
    gate.keys = (ApiKey("two\nlines"),)

    with pytest.raises(Misconfigured, match="LocalProtocolError"):
        client.delete_device(DEVICE)
    assert heard == []


def test_an_unreachable_vendor_gives_no_slot(build, gate):
    assert build(base_url="http://tenovi.invalid").take_slot() is False
    assert gate.taken == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Key and certificate of `localhost`, signed by nobody."""
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
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return lambda connection: context.wrap_socket(connection, server_side=True)


def test_a_certificate_that_nobody_signed_gets_no_byte_of_ours(server, tls):
    heard = []

    with pytest.raises(NotSent, match="connecting to Tenovi: ConnectError"):
        server(heard.append, wrap=tls, scheme="https").delete_device(DEVICE)
    assert heard == []


def test_a_certificate_that_we_trust_carries_several_calls(server, reply, tls, certificate, monkeypatch):
    monkeypatch.setattr(transport, "verifying_context", lambda: ssl.create_default_context(cafile=certificate))
    client = server(lambda connection: connection.sendall(reply(EMPTY_PAGE)), wrap=tls, scheme="https")

    assert client.list_devices().rows == client.list_devices().rows == ()


@pytest.mark.usefixtures("calls_end_after_a_second")
def test_the_deadline_holds_inside_tls(server, reply, tls, certificate, monkeypatch):
    monkeypatch.setattr(transport, "verifying_context", lambda: ssl.create_default_context(cafile=certificate))
    client = server(lambda connection: drip(connection, reply(EMPTY_PAGE + LONG)), wrap=tls, scheme="https")

    with pytest.raises(Unclear, match="ReadTimeout"):
        client.delete_device(DEVICE)


def test_proxies_of_the_environment_are_ignored(server, reply, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    client = server(lambda connection: connection.sendall(reply(EMPTY_PAGE)))

    assert client.list_devices().rows == ()


@pytest.mark.usefixtures("silence_ends_after_a_second")
def test_silence_after_the_request_is_unclear(server):
    client, begun = server(lambda connection: connection.recv(1)), time.monotonic()

    with pytest.raises(Unclear, match="ReadTimeout"):
        client.delete_device(DEVICE)
    assert time.monotonic() - begun < PATIENCE_SECONDS, "not by the call's own end"


def drip(connection, data):
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


@pytest.mark.usefixtures("calls_end_after_a_second")
def test_headers_that_come_byte_by_byte_end_at_the_deadline(server, reply):
    client = server(lambda connection: drip(connection, reply(EMPTY_PAGE, X_Long=f"x{LONG}x")))

    with pytest.raises(Unclear, match="ReadTimeout"):
        client.delete_device(DEVICE)


@pytest.mark.usefixtures("calls_end_after_a_second")
def test_a_body_that_comes_byte_by_byte_ends_at_the_deadline(server, reply):
    answer = reply(EMPTY_PAGE + LONG)
    cut = answer.index(b"\r\n\r\n") + 4

    def act(connection):
        connection.sendall(answer[:cut])
        drip(connection, answer[cut:])

    client = server(act)

    with pytest.raises(Unclear, match="ReadTimeout"):
        client.list_devices()


def test_a_reset_after_the_request_is_unclear(server):
    with pytest.raises(Unclear, match="ReadError"):
        server(reset).delete_device(DEVICE)


def test_an_end_instead_of_an_answer_is_unclear(server):
    with pytest.raises(Unclear, match="RemoteProtocolError"):
        server(lambda connection: "close").unlink_device(DEVICE)


def test_a_body_shorter_than_announced_is_unclear(server, reply):
    def act(connection):
        connection.sendall(reply(EMPTY_PAGE, Content_Length="500"))
        return "close"

    with pytest.raises(Unclear, match="RemoteProtocolError"):
        server(act).list_devices()


def test_no_http_at_all_is_unclear(server):
    def act(connection):
        connection.sendall(b"220 mail.example ESMTP\r\n\r\n")

    with pytest.raises(Unclear, match="RemoteProtocolError"):
        server(act).list_devices()


def test_twenty_megabytes_are_not_read_to_the_end(server, reply):
    sent = []

    def act(connection):
        connection.sendall(reply("", Content_Length=str(20 * 2**20)))
        for _ in range(20):
            connection.sendall(b" " * 2**20)
            sent.append(1)
        return "close"

    with pytest.raises(Unclear, match="DecodingError"):
        server(act).list_devices()
    assert len(sent) < 20


def test_a_small_body_that_unpacks_to_twenty_megabytes_is_unclear(server, reply):
    packed = gzip.compress(b"[" + b" " * 20 * 2**20 + b"]")

    with pytest.raises(Unclear, match="DecodingError"):
        server(lambda connection: connection.sendall(reply(packed, Content_Encoding="gzip"))).list_devices()


def test_a_packed_answer_is_read(server, reply):
    packed = gzip.compress(EMPTY_PAGE.encode())
    client = server(lambda connection: connection.sendall(reply(packed, Content_Encoding="gzip")))

    assert client.list_devices().rows == ()


def test_a_redirect_is_a_wrong_configuration_and_is_not_followed(server, reply):
    asked = []

    def act(connection):
        asked.append(1)
        connection.sendall(reply("", status="301 Moved Permanently", Location="/elsewhere/"))

    with pytest.raises(Misconfigured, match="status 301"):
        server(act).list_devices()
    assert asked == [1]


def test_a_refusal_whose_words_break_off_is_still_a_refusal(server, reply):
    def act(connection):
        connection.sendall(reply('{"detail": "This', status="403 Forbidden", Content_Length="500"))
        return "close"

    with pytest.raises(Misconfigured, match="status 403"):
        server(act).list_devices()
