"""Bodies have to come whole. What a real gunicorn does with slow ones is in tests/journeys/test_receiver.py."""

import io

import pytest
from gunicorn.http.errors import InvalidChunkSize

from config.request_body_timeout import WholeBody, within_deadline


def body(text, announced=None):
    return WholeBody(io.BytesIO(text), str(len(text) if announced is None else announced))


def drained(read):
    return b"".join(iter(read, b""))


@pytest.mark.parametrize(("method", "size"), [("read", -1), ("read", 4), ("readline", None), ("readline", 2)])
def test_a_whole_body_is_handed_on_in_pieces_of_any_size(method, size):
    text = b"one\ntwo\n\nthree"
    whole = body(text)

    assert drained(lambda: getattr(whole, method)(size)) == text


@pytest.mark.parametrize("read", [
    lambda torn: torn.read(), lambda torn: torn.read(100), lambda torn: drained(lambda: torn.read(3)),
    lambda torn: drained(torn.readline),
])  # fmt: skip
@pytest.mark.parametrize("text", [b"", b"login=na", b"one\ntwo\n"])
def test_a_torn_body_is_an_error_for_whoever_reads_it(read, text):
    with pytest.raises(OSError, match="ended early"):
        read(body(text, announced=len(text) + 1))


def test_chunks_that_can_not_be_read_are_an_error_of_the_wire():
    class Broken:
        def read(self, _size):
            raise InvalidChunkSize(b"zz")

    with pytest.raises(OSError, match="chunks"):
        WholeBody(Broken(), None).read(10)


def test_a_length_that_is_no_number_is_left_to_the_reader_to_judge():
    assert WholeBody(io.BytesIO(b"abc"), "x").read() == b"abc"


def test_a_request_without_a_body_is_passed_on_as_it_is():
    environ = {"CONTENT_LENGTH": "0", "wsgi.input": object()}
    seen = []
    within_deadline(lambda environ, _start: seen.append(environ["wsgi.input"]) or [], seconds=1)(environ, None)

    assert seen == [environ["wsgi.input"]]
