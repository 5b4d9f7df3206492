"""A worker of queue `people` that kills itself at a chosen point of its first POST, as in a power cut.

`python -m tests.faults.crashing_worker WHEN`: the product's code is unchanged up to that point.
"""

import os
import signal
import sys

import django

BEFORE, WRITTEN, ANSWERED = "before the write", "after the write", "after the answer"


def kill_self():
    os.kill(os.getpid(), signal.SIGKILL)


def crash_at(when):
    from devices.tenovi import transport

    class CrashingStream(transport.DeadlineStream):
        posting = False

        def write(self, buffer, timeout=None):
            self.posting = self.posting or buffer.startswith(b"POST ")
            if self.posting and when == BEFORE:
                kill_self()
            super().write(buffer, timeout)

        def read(self, max_bytes, timeout=None):
            if self.posting and when == WRITTEN:
                kill_self()
            answer = super().read(max_bytes, timeout)
            if self.posting and when == ANSWERED:
                kill_self()
            return answer

    transport.DeadlineStream = CrashingStream


if __name__ == "__main__":
    django.setup()
    crash_at(sys.argv[1])
    from fulfillment.tasks import send_calls

    send_calls()
    raise SystemExit("it should be dead")
