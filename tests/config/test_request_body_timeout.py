"""Bodies have to come whole. What a real gunicorn does with slow ones is in tests/journeys/test_webhook_receiver.py."""

import io

import pytest
from gunicorn.http.errors import InvalidChunkSize

from config.request_body_timeout import CompleteBodyStream, limit_body_time


def whole_body(text, announced=None):
    return CompleteBodyStream(io.BytesIO(text), str(len(text) if announced is None else announced))


def read_to_end(read):
    return b"".join(iter(read, b""))


@pytest.mark.parametrize(("method", "size"), [("read", -1), ("read", 4), ("readline", None), ("readline", 2)])
def test_request_body_is_passed_on_in_pieces_of_any_size(method, size):
    text = b"one\ntwo\n\nthree"
    whole = whole_body(text)

    assert read_to_end(lambda: getattr(whole, method)(size)) == text


@pytest.mark.parametrize("read", [
    lambda torn: torn.read(), lambda torn: torn.read(100), lambda torn: read_to_end(lambda: torn.read(3)),
    lambda torn: read_to_end(torn.readline),
])  # fmt: skip
@pytest.mark.parametrize("text", [b"", b"login=na", b"one\ntwo\n"])
def test_request_body_truncated_raises_error_on_read(read, text):
    with pytest.raises(OSError, match="ended early"):
        read(whole_body(text, announced=len(text) + 1))


def test_request_body_with_invalid_chunks_raises_os_error():
    class Broken:
        def read(self, _size):
            raise InvalidChunkSize(b"zz")

    with pytest.raises(OSError, match="chunks"):
        CompleteBodyStream(Broken(), None).read(10)


def test_request_body_with_invalid_content_length_is_passed_on():
    assert CompleteBodyStream(io.BytesIO(b"abc"), "x").read() == b"abc"


def test_request_body_timeout_passes_on_request_without_body():
    environ = {"CONTENT_LENGTH": "0", "wsgi.input": object()}
    seen = []
    limit_body_time(lambda environ, _start: seen.append(environ["wsgi.input"]) or [], seconds=1)(environ, None)

    assert seen == [environ["wsgi.input"]]
