"""`python -m config.launcher TARGET`, inside .venv; `make TARGET` comes here through bootstrap.py."""

import sys
from importlib import import_module

from config.launcher.refusal import Refused

TARGETS = {  # target: module and function, loaded when asked for, so that the rest costs no time
    "demo": ("demo", "demo"),
    "demo-reset": ("demo", "reset"),
    "run": ("run", "run"),
    "test": ("suite", "test"),
    "test-faults": ("suite", "test_faults"),
    "bench": ("suite", "bench"),
    "figures": ("suite", "figures"),
    "check": ("checks", "check"),
    "lock": ("checks", "lock"),
}


def main() -> int:
    target, *words = sys.argv[1:]
    module, function = TARGETS[target]
    try:
        return getattr(import_module(f"config.launcher.{module}"), function)(words) or 0
    except Refused as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
