"""Arbitrary bodies and mutations of good ones: each is acknowledged, ends in a clear state, and breaks no page.

`make test` takes a few; `make test-faults` takes 3,000 arbitrary and 3,000 mutated ones, a third of each kind. The seed
is printed.
"""

import json

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from devices.models import Delivery
from tests.hostile import webhook_scenario as w
from tests.report_notes import FUZZ_SEED

pytestmark = pytest.mark.django_db

MANY = 1_000
FEW = 40
KINDS = (Delivery.Kind.MEASUREMENT, Delivery.Kind.FULFILLMENT, Delivery.Kind.SPECIAL_ORDER)
BATCH = 20  # bodies of one example, so that one database is asked thousands of times and not one thousand are made

MALFORMED_VALUES = st.sampled_from(
    ["", "N/A", "\x00", "\ud800", "NaN", "1e400", "9" * 400, "10000-01-01T00:00:00Z", "infinity", "=1+1", "\u202e", "-",
     "2026-09-20T12:30:00Z", "javascript:x", "w" * 9000, "12345678-abcd-1234-abcd-1234567890ab", "\u0661", "1_0"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | MALFORMED_VALUES
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner))
JSON = VALUES.map(lambda value: json.dumps(value).encode())
ARBITRARY = st.binary(min_size=1, max_size=300) | JSON


@st.composite
def mutated_body(draw, usual):
    """A good body, of which some fields are changed, dropped or added, as object or list, and some bytes are hit."""
    body = dict(usual)
    for name in draw(st.lists(st.sampled_from(sorted(body)), min_size=1, max_size=3)):
        if draw(st.booleans()):
            body[name] = draw(VALUES)
        else:
            body.pop(name, None)
    if draw(st.booleans()):
        body[draw(st.text(max_size=8))] = draw(VALUES)
    whole = draw(st.sampled_from([body, [body], [usual, body], [body, body, usual]]))
    return corrupt_bytes(json.dumps(whole).encode(), draw)


def corrupt_bytes(raw, draw):
    if draw(st.integers(0, 3)):
        return raw
    at = draw(st.integers(0, len(raw) - 1))
    return raw[:at] + draw(st.binary(max_size=3)) + raw[at + draw(st.integers(0, 2)) :]


@pytest.fixture
def scenario(rosa, nadia, cora, ada):
    return w.create_scenario(rosa, nadia, cora, ada)


def bodies_for(how, kind, world):
    return ARBITRARY if how == "arbitrary" else mutated_body(w.VALID_BODIES[kind](world))


@pytest.mark.parametrize("many", [pytest.param(FEW, id="few"), pytest.param(MANY, id="many", marks=pytest.mark.faults)])
@pytest.mark.parametrize("how", ["arbitrary", "mutated"])
@pytest.mark.parametrize("kind", KINDS)
def test_webhook_fuzzed_bodies_end_in_a_known_delivery_state(scenario, report_note, kind, how, many):
    report_note(f"{many} bodies")
    sent = 0

    @seed(FUZZ_SEED)
    @settings(
        max_examples=many // BATCH,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(st.lists(bodies_for(how, kind, scenario).filter(len), min_size=BATCH, max_size=BATCH))
    def take_in(bodies):
        nonlocal sent
        for body in bodies:
            assert w.post_webhook(scenario, kind, body).status_code == (204 if len(body) <= 1024 * 1024 else 413)
        sent += len(bodies)
        w.process_queues()
        left = set(Delivery.objects.filter(kind=kind).values_list("state", "attempts").distinct())
        assert {state for state, _ in left} <= {"done", "quarantined", "waiting"}, left
        assert {attempts for _, attempts in left} == {0}, "something failed, and is tried again"

    take_in()

    assert sent >= many // 2
    if how == "mutated":  # of the arbitrary ones nothing but a reason is shown anywhere
        w.check_every_page(scenario)
