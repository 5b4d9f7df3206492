"""The quick reader and the careful one: whatever the quick one accepts, the careful one reads alike."""

import gzip
import json
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.inbox import payload_parsing
from devices.inbox.payload_parsing import Item, Unusable, items_of

TEXTS = st.text(max_size=12) | st.sampled_from(
    ["\x00", "\ud800", "NaN", "Infinity", "a\\u0000b", '"', "\\", "{[", "é", " k"]
)
KEYS = st.sampled_from(["metric", " metric", "metric ", "value_1", "filter_params", "status ", "other"]) | TEXTS
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
PAIRS = st.lists(st.tuples(KEYS, VALUES), max_size=5)


def written(pairs, ascii_only):
    """An object as text, in which a key may stand twice."""
    parts = [f"{json.dumps(k, ensure_ascii=ascii_only)}: {json.dumps(v, ensure_ascii=ascii_only)}" for k, v in pairs]
    return "{" + ", ".join(parts) + "}"


BODIES = st.one_of(
    st.builds(written, PAIRS, st.booleans()),
    st.builds(lambda items, plain: f"[{' , '.join(written(i, plain) for i in items)}]", st.lists(PAIRS), st.booleans()),
    st.builds(json.dumps, VALUES),
    st.text(),
)


def read(reader, *given):
    try:
        return [str(item) if isinstance(item, Unusable) else item for item in reader(*given)]
    except Unusable as reason:
        return str(reason)


def types(value):
    """Number("1") equals "1", and what follows depends on which it is."""
    if isinstance(value, dict):
        return {key: types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [types(item) for item in value]
    return types(value.fields) if isinstance(value, Item) else type(value)


@given(BODIES)
@example('{"a": 1, "a": 2}')
@example('{"a": "\\ud83d\\ude00"}')
@example('[{"a": {" b": 1}}, {}]')
@example("[]")
@example('[{"a": ":b", "c" : 1}]')
@example('[{"a": ":b"}]')
@example(' [ {"a":1} , {"b":[1]} ] ')
def test_what_the_quick_reader_takes_the_careful_one_reads_alike(body):
    raw = body.encode("utf-8", "surrogatepass")
    try:
        text = payload_parsing._text(raw)
    except Unusable:
        return
    quick = payload_parsing._quickly(text)
    if quick is not None:
        careful = read(payload_parsing._carefully, text)
        assert quick == careful
        assert types(quick) == types(careful)
        assert raws(quick) == raws(careful)


def raws(items):
    return [item.raw for item in items if isinstance(item, Item)]


def test_a_usual_webhook_takes_the_quick_way():
    usual = [
        {"metric": "weight", "value_1": "171.00", "timezone_offset": -5, "filter_params": {"measurement_index": 4}}
    ]

    assert payload_parsing._quickly(json.dumps(usual)) is not None
    assert payload_parsing._quickly(json.dumps([{"device_name": "Tenovi BPM \u2013 L"}])) is not None


@pytest.mark.parametrize(
    "odd",
    [
        '{"a": 1, "a": 2}',
        '{" a": 1}',
        '{"a": NaN}',
        '{"a": "\\u0000"}',
        '{"a": "\x00"}',
        '{"a": "\\uD800"}',
        '{"a" : 1, "a": 2}',
        '{"b": "a\\":", "a": {"b": 1, "b": 2}}',
        '{"a": {"b": {"c": 1}}}',
        '{"a": {"b ": 1}}',
        "[1]",
        "[",
    ],
)
def test_whatever_is_odd_takes_the_careful_way(odd):
    assert payload_parsing._quickly(odd) is None


def depth_by_hand(text):
    level = deepest = 0
    inside = escaped = False
    for char in text:
        if inside:
            inside, escaped = (escaped or char != '"'), (char == "\\" and not escaped)
        elif char == '"':
            inside = True
        elif char in "[{":
            level += 1
            deepest = max(deepest, level)
        elif char in "]}":
            level -= 1
    return deepest


@given(st.integers(0, 40), st.text('["\\{', max_size=20))
def test_depth_is_counted_outside_of_texts_only(levels, text):
    body = "[" * levels + json.dumps(text) + "]" * levels

    if body.count("[") + body.count("{") > payload_parsing.DEEPEST:
        assert payload_parsing._depth(body) == depth_by_hand(body) == levels


def test_a_body_of_more_levels_than_anybody_needs_is_unusable():
    assert len(items_of(b'{"a": ' + b"[" * 31 + b"]" * 31 + b"}")) == 1
    with pytest.raises(Unusable, match="deeper than 32"):
        items_of(b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (gzip.compress(b"{}" * 50), "gzip"),
        (zlib.compress(b"[" * 500), "deflate"),
        ("{}".encode("utf-16"), "UTF-16"),
        ("{}".encode("utf-16-be").replace(b"\x00{", b"\xfe\xff\x00{"), "UTF-16"),
        (b'{"a": "\xff"}', "not UTF-8"),
    ],
    ids=["gzip", "deflate", "utf-16-le", "utf-16-be", "latin-1"],
)
def test_a_body_that_is_no_utf_8_is_refused_for_what_it_is(body, reason):
    with pytest.raises(Unusable, match=reason):
        items_of(body)
