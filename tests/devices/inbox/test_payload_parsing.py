"""The quick reader and the careful one: whatever the quick one accepts, the careful one reads alike."""

import gzip
import json
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.inbox import payload_parsing
from devices.inbox.payload_parsing import InvalidPayload, PayloadItem, parse_items

TEXTS = st.text(max_size=12) | st.sampled_from(
    ["\x00", "\ud800", "NaN", "Infinity", "a\\u0000b", '"', "\\", "{[", "é", " k"]
)
KEYS = st.sampled_from(["metric", " metric", "metric ", "value_1", "filter_params", "status ", "other"]) | TEXTS
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
PAIRS = st.lists(st.tuples(KEYS, VALUES), max_size=5)


def to_json_object(pairs, ascii_only):
    """An object as text, in which a key may be given twice."""
    parts = [f"{json.dumps(k, ensure_ascii=ascii_only)}: {json.dumps(v, ensure_ascii=ascii_only)}" for k, v in pairs]
    return "{" + ", ".join(parts) + "}"


BODIES = st.one_of(
    st.builds(to_json_object, PAIRS, st.booleans()),
    st.builds(
        lambda items, plain: f"[{' , '.join(to_json_object(i, plain) for i in items)}]", st.lists(PAIRS), st.booleans()
    ),
    st.builds(json.dumps, VALUES),
    st.text(),
)


def parse_or_reason(reader, *given):
    try:
        return [str(item) if isinstance(item, InvalidPayload) else item for item in reader(*given)]
    except InvalidPayload as reason:
        return str(reason)


def value_types(value):
    """Number("1") equals "1", and what follows depends on which it is."""
    if isinstance(value, dict):
        return {key: value_types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [value_types(item) for item in value]
    return value_types(value.fields) if isinstance(value, PayloadItem) else type(value)


@given(BODIES)
@example('{"a": 1, "a": 2}')
@example('{"a": "\\ud83d\\ude00"}')
@example('[{"a": {" b": 1}}, {}]')
@example("[]")
@example('[{"a": ":b", "c" : 1}]')
@example('[{"a": ":b"}]')
@example(' [ {"a":1} , {"b":[1]} ] ')
def test_fast_parser_accepts_only_what_the_strict_parser_parses_to_the_same_items(body):
    raw = body.encode("utf-8", "surrogatepass")
    try:
        text = payload_parsing.decode_body(raw)
    except InvalidPayload:
        return
    quick = payload_parsing.parse_items_fast(text)
    if quick is not None:
        careful = parse_or_reason(payload_parsing.parse_items_strict, text)
        assert quick == careful
        assert value_types(quick) == value_types(careful)
        assert raw_texts(quick) == raw_texts(careful)


def raw_texts(items):
    return [item.raw for item in items if isinstance(item, PayloadItem)]


def test_fast_parser_accepts_a_typical_webhook_body():
    usual = [
        {"metric": "weight", "value_1": "171.00", "timezone_offset": -5, "filter_params": {"measurement_index": 4}}
    ]

    assert payload_parsing.parse_items_fast(json.dumps(usual)) is not None
    assert payload_parsing.parse_items_fast(json.dumps([{"device_name": "Tenovi BPM \u2013 L"}])) is not None


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
def test_fast_parser_declines_duplicate_keys_odd_spacing_and_invalid_values(odd):
    assert payload_parsing.parse_items_fast(odd) is None


def expected_depth(text):
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
def test_nesting_depth_ignores_brackets_inside_strings(levels, text):
    body = "[" * levels + json.dumps(text) + "]" * levels

    if body.count("[") + body.count("{") > payload_parsing.MAX_NESTING_DEPTH:
        assert payload_parsing.nesting_depth(body) == expected_depth(body) == levels


def test_body_parsing_rejects_nesting_deeper_than_the_limit():
    assert len(parse_items(b'{"a": ' + b"[" * 31 + b"]" * 31 + b"}")) == 1
    with pytest.raises(InvalidPayload, match="deeper than 32"):
        parse_items(b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}")


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
def test_body_parsing_names_the_encoding_of_a_body_that_is_not_utf_8(body, reason):
    with pytest.raises(InvalidPayload, match=reason):
        parse_items(body)
