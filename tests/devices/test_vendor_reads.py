"""Reads at the vendor in a loop: which error ends it, and what is recorded about the item."""

import pytest

from devices import tenovi
from devices.vendor_reads import drain_vendor_reads
from patients.queueing.work_item import Drained, DrainEnd

MISCONFIGURED = tenovi.Misconfigured("GET devices: status 401", status=401)
NOT_SENT = tenovi.NotSent("GET devices: status 429", retry_after=7.0)
UNCLEAR = tenovi.Unclear("GET devices: timeout")
NOT_FOUND = tenovi.Rejected("GET devices: status 404", reason="Not found.", status=404)


def test_classify_distinguishes_stop_retry_and_failure():
    assert tenovi.classify(MISCONFIGURED) == tenovi.Stop(MISCONFIGURED)
    assert tenovi.classify(NOT_SENT) == tenovi.RetryAfter(NOT_SENT, 7.0)
    assert tenovi.classify(UNCLEAR) == tenovi.Failed(UNCLEAR)
    assert tenovi.classify(NOT_FOUND) == tenovi.Failed(NOT_FOUND, refusal="Not found.", not_found=True)


@pytest.mark.parametrize(
    ("error", "stop_unreachable", "result"),
    [
        (MISCONFIGURED, False, Drained(0, DrainEnd.STOPPED)),
        (NOT_SENT, True, Drained(0, DrainEnd.STOPPED)),
        (NOT_SENT, False, Drained(2, DrainEnd.EMPTY)),
        (UNCLEAR, True, Drained(2, DrainEnd.EMPTY)),
        (NOT_FOUND, True, Drained(2, DrainEnd.EMPTY)),
    ],
)
def test_drain_vendor_reads_records_each_failure_and_stops_where_it_must(error, stop_unreachable, result, caplog):
    items, failures = iter(["first", "second"]), []

    def read(item):
        if item == "first":
            raise error

    found = drain_vendor_reads(
        lambda: next(items, None),
        read,
        lambda item, failure: failures.append((item, failure)),
        purpose="The test",
        stop_unreachable=stop_unreachable,
    )

    assert found == result
    assert failures == [("first", tenovi.classify(error))]
    assert ("operator" in caplog.text) == isinstance(error, tenovi.Misconfigured)
