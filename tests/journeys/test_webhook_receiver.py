"""The receiver under attack: a real gunicorn, raw sockets, real signals."""

import gzip
import json
import secrets as dice
import threading
import time

import pytest

from tests.webhook_receivers import WEBHOOK_PATH, run_webhook_receiver, wait_until

BODY_SECONDS = 2
PROCESSES, THREADS = 2, 2
LARGEST = 1024 * 1024
PROXY = "198.51.100.20"


@pytest.fixture(scope="module")
def receiver(stack, tmp_path_factory):
    names = {"BODY_SECONDS": BODY_SECONDS, "TRUSTED_PROXY_COUNT": 1, "WEB_CONCURRENCY": PROCESSES}
    environment = {name: str(value) for name, value in (names | {"WEB_THREADS": THREADS}).items()}
    with run_webhook_receiver(stack, tmp_path_factory.mktemp("receiver"), **environment) as receiver:
        yield receiver


def unique_body(size=None):
    """One that no other test sends."""
    text = json.dumps([{"metric": "weight", "mark": dice.token_hex(8)}]).encode()
    return text if size is None else text + b" " * (size - len(text))


def post_chunked(receiver, *pieces, end=b"0\r\n\r\n", **options):
    chunks = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return receiver.post(chunks + end, "Transfer-Encoding: chunked", **{"length": False} | options)


def test_webhook_receiver_stores_body_and_returns_empty_204(receiver):
    sent = unique_body()
    answer = receiver.post(sent)

    assert (answer.status, answer.body, receiver.stored_count(sent)) == (204, b"", 1)


@pytest.mark.parametrize("pieces", [1, 3, 40])
def test_webhook_receiver_stores_complete_chunked_body(receiver, pieces):
    sent = unique_body(400)
    size = len(sent) // pieces
    answer = post_chunked(receiver, *(sent[at : at + size] for at in range(0, len(sent), size)))

    assert (answer.status, receiver.stored_count(sent)) == (204, 1)


@pytest.mark.parametrize("end", [b"", b"0\r\n", b"zz\r\n", b"5\r\nab", b"-1\r\n", b"0\r\nbroken trailer\n\n\r\n\r\n"])
def test_webhook_receiver_rejects_incomplete_chunked_body(receiver, end):
    sent = unique_body()
    answer = post_chunked(receiver, sent, end=end, half_close=True)

    assert (answer.status, receiver.stored_count(sent)) == (400, 0)


def test_webhook_receiver_rejects_empty_chunked_body(receiver):
    assert post_chunked(receiver).status == 411


def test_webhook_receiver_rejects_truncated_body(receiver):
    sent = unique_body()
    answer = receiver.post(sent, length=len(sent) + 1, half_close=True)

    assert (answer.status, receiver.stored_count(sent)) == (400, 0)


@pytest.mark.parametrize("length", [0, False])
def test_webhook_receiver_rejects_request_without_body(receiver, length):
    assert receiver.post(b"", length=length).status == 411


@pytest.mark.parametrize("length", ["-1", "1e3", "+7", "0x10", "7, 8", "\u0667"])
def test_webhook_receiver_rejects_invalid_content_length(receiver, length):
    sent = unique_body()
    answer = receiver.post(sent, length=length.encode().decode("latin-1"), half_close=True)

    assert (answer.status, receiver.stored_count(sent)) == (400, 0)


def test_webhook_receiver_rejects_two_content_lengths(receiver):
    sent = unique_body()
    answer = receiver.post(sent, "Content-Length: 1", half_close=True)

    assert (answer.status, receiver.stored_count(sent)) == (400, 0)


def test_webhook_receiver_accepts_1_mib_and_rejects_one_byte_more(receiver):
    largest, larger = unique_body(LARGEST), unique_body(LARGEST + 1)

    assert (receiver.post(largest).status, receiver.stored_count(largest)) == (204, 1)
    assert (receiver.post(larger).status, receiver.stored_count(larger)) == (413, 0)
    assert (post_chunked(receiver, larger).status, receiver.stored_count(larger)) == (413, 0)


def test_webhook_receiver_rejects_announced_gigabyte_before_it_is_sent(receiver):
    answer = receiver.post(b"[", length=10**9)

    assert answer.status == 413  # of a body that was waited for in vain: 408


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_webhook_receiver_closes_slow_body_without_storing_it(receiver, framing):
    sent = unique_body(60)
    if framing == "length":
        head, pieces = f"Content-Length: {len(sent)}", [sent[at : at + 1] for at in range(len(sent))]
    else:
        head, pieces = "Transfer-Encoding: chunked", [b"1\r\n" + sent[at : at + 1] + b"\r\n" for at in range(60)]
    lines = [f"POST {WEBHOOK_PATH} HTTP/1.1", "Host: x", f"Authorization: {receiver.secrets.read_text()}", head, "", ""]
    answer = receiver.raw("\r\n".join(lines).encode(), *pieces, pause=0.2)

    # None: once it is closed, further data may reset the connection.
    assert answer is None or answer.status == 408
    assert receiver.stored_count(sent) == 0


def test_webhook_receiver_recovers_from_eight_slow_senders(receiver):
    announced = [f"POST {WEBHOOK_PATH} HTTP/1.1", "Host: x", f"Authorization: {receiver.secrets.read_text()}"]
    head = "\r\n".join([*announced, "Content-Length: 1000", "", "["]).encode()
    slow = [threading.Thread(target=receiver.raw, args=(head,)) for _ in range(2 * PROCESSES * THREADS)]
    for thread in slow:
        thread.start()
    time.sleep(0.3)
    sent = unique_body()
    answer = receiver.post(sent)
    for thread in slow:
        thread.join()

    assert (answer.status, receiver.stored_count(sent)) == (204, 1)


def test_request_body_timeout_applies_to_forms(receiver):
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    answer = receiver.raw(head + b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin=")

    assert answer.status == 403  # no token could be read, and no process waited for more


@pytest.mark.parametrize("header", [
    "Accept: image/png", "Accept: a/b/c;;", "Accept: *", "Host: evil.example", "Content-Type: text/plain",
    "Content-Type: multipart/form-data; boundary=x", "X-Forwarded-Proto: http", "X-Forwarded-Host: evil.example",
    "Content-Encoding: br", "Expect: 100-continue", "Accept-Language: \xff\xfe", "X-HTTP-Method-Override: DELETE",
])  # fmt: skip
def test_webhook_receiver_accepts_unusual_headers(receiver, header):
    sent = unique_body()
    lines = [
        f"POST {WEBHOOK_PATH} HTTP/1.1",
        f"Authorization: {receiver.secrets.read_text()}",
        f"Content-Length: {len(sent)}",
    ]
    host = [] if header.startswith("Host:") else ["Host: not-ours.example"]
    head = "\r\n".join([*lines, *host, header, "Connection: close", "", ""]).encode("latin-1")
    answer = receiver.raw(head + sent)

    assert receiver.stored_count(sent) == 1, answer


@pytest.mark.parametrize(
    "path", [WEBHOOK_PATH.rstrip("/"), WEBHOOK_PATH + "?format=xml", WEBHOOK_PATH + "?format=api&x=%00%ff"]
)
def test_webhook_receiver_accepts_missing_slash_and_query_string(receiver, path):
    sent = unique_body()

    assert (receiver.post(sent, path=path).status, receiver.stored_count(sent)) == (204, 1)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"])
def test_webhook_receiver_checks_secret_before_method(receiver, method):
    assert receiver.post(b"", method=method, secret="wrong").status == 401
    assert receiver.post(b"", method=method).status == 405


@pytest.mark.parametrize("secret", ["", "Bearer", "Bearer ", "\xff\xfe\xe9", "Bearer " + "x" * 5000])
def test_webhook_receiver_rejects_wrong_secret_of_any_bytes(receiver, secret):
    sent = unique_body()
    answer = receiver.post(sent, secret=secret)

    assert (answer.status, receiver.stored_count(sent)) == (401, 0)
    assert "WWW-Authenticate: Tenovi" in answer.head


def test_webhook_receiver_ignores_request_smuggled_in_rejected_body(receiver):
    hidden, after = unique_body(), unique_body()
    secret = receiver.secrets.read_text().split(",")[0]

    def request(content, secret, *headers):
        head = [
            f"POST {WEBHOOK_PATH} HTTP/1.1",
            "Host: x",
            f"Authorization: {secret}",
            f"Content-Length: {len(content)}",
        ]
        return "\r\n".join([*head, *headers, "", ""]).encode() + content

    first = request(request(hidden, secret), "wrong")
    answers = receiver.raw(first + request(after, secret, "Connection: close"))

    assert (answers.status, receiver.stored_count(hidden), receiver.stored_count(after)) == (401, 0, 1)


def test_webhook_receiver_rejects_content_length_with_chunked_encoding(receiver):
    sent = unique_body()
    answer = post_chunked(receiver, sent, length=len(sent))

    assert (answer.status, receiver.stored_count(sent)) == (400, 0)


def test_webhook_receiver_stores_compressed_body_and_ingest_quarantines_it(receiver):
    sent = gzip.compress(unique_body())

    assert receiver.post(sent, "Content-Encoding: gzip").status == 204
    asked = "SELECT state, reason FROM devices_delivery WHERE body = %s"
    wait_until(lambda: receiver.ask(asked, sent)[0][0] != "new")
    state, reason = receiver.ask(asked, sent)[0]
    assert state == "quarantined"
    assert reason


def test_webhook_counts_record_client_ip_seen_by_proxy(receiver):
    forged = f"X-Forwarded-For: 203.0.113.66, {PROXY}"
    receiver.post(unique_body(), forged, secret="wrong")
    receiver.post(b"", forged)
    receiver.post(unique_body(), forged, path="/hooks/tenovi/moved/")

    asked = "SELECT outcome, sum(count) FROM devices_webhookcount WHERE source = %s GROUP BY 1"
    wait_until(lambda: len(receiver.ask(asked, PROXY)) == 3)
    assert dict(receiver.ask(asked, PROXY)) == {"wrong_secret": 1, "length": 1, "path": 1}
    assert receiver.ask(asked, "203.0.113.66") == []


def test_webhook_secret_rotation_by_reload_rejects_no_delivery(receiver):
    old, new = receiver.secrets.read_text(), f"Bearer {dice.token_hex(16)}"
    refused, stop = [], threading.Event()

    def post_on():
        while not stop.is_set():
            answer = receiver.post(unique_body(), secret=old)
            if answer is None or answer.status != 204:
                refused.append(answer)

    posting = threading.Thread(target=post_on)
    posting.start()
    receiver.rotate(new, old)
    wait_until(lambda: receiver.post(unique_body(), secret=new).status == 204)
    wait_until(lambda: [receiver.post(unique_body(), secret=new).status for _ in range(20)] == [204] * 20)
    stop.set()
    posting.join()
    assert refused == []

    receiver.rotate(new)
    wait_until(lambda: receiver.post(unique_body(), secret=old).status == 401)
    wait_until(lambda: [receiver.post(unique_body(), secret=old).status for _ in range(20)] == [401] * 20)
    assert receiver.post(unique_body(), secret=new).status == 204
