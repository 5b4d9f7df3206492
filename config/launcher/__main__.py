"""`python -m config.launcher TARGET`, inside .venv; `make TARGET` comes here through bootstrap.py."""

import sys
from importlib import import_module

from config.launcher.errors import Refused

TARGETS = {  # target: module and function, loaded when asked for, so that the rest costs no time
    "demo": ("demo", "demo"),
    "demo-reset": ("demo", "reset"),
    "run": ("run", "run"),
    "test": ("suite_targets", "test"),
    "test-faults": ("suite_targets", "test_faults"),
    "bench": ("suite_targets", "bench"),
    "figures": ("suite_targets", "figures"),
    "check": ("check_targets", "check"),
    "lock": ("check_targets", "lock"),
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
