"""`python -m config.launcher TARGET`, inside .venv; `make TARGET` comes here through bootstrap.py."""

import sys

from config.launcher import checks, demo, run, suite
from config.launcher.refusal import Refused

TARGETS = {
    "demo": lambda _: demo.demo(),
    "demo-reset": lambda _: demo.reset(),
    "run": lambda _: run.run(),
    "test": suite.test,
    "test-faults": suite.test_faults,
    "bench": suite.bench,
    "figures": suite.figures,
    "check": lambda _: checks.check(),
    "lock": checks.lock,
}


def main() -> int:
    target, *words = sys.argv[1:]
    try:
        return TARGETS[target](words) or 0
    except Refused as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
