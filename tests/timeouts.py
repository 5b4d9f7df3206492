"""Timeouts of tests: reached only by a hang, so that a slow machine fails no test. `make bench` measures speed.

That something does not happen is proved by a clock that the test sets, or by an order of events.
"""

WAIT_TIMEOUT_SECONDS = 60  # one thing: an answer, a page, the end of a process
LONG_WAIT_TIMEOUT_SECONDS = 600  # a whole piece of work by real processes: their start, a backlog, a whole order
