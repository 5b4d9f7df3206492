"""How long a test waits for what must come. Only a hang takes as long: how fast things are is said by `make bench`, and
a machine of a tenth of the usual speed fails no test. That something stays away is proved by a clock that the test
winds, or by an order of events.
"""

WAIT_TIMEOUT_SECONDS = 60  # one thing: an answer, a page, the end of a process
LONG_WAIT_TIMEOUT_SECONDS = 600  # a whole piece of work by real processes: their start, a backlog, an order's way
