"""Command line of the launcher, `python -m config.launcher TARGET`; `make TARGET` runs it through bootstrap.py."""

import sys
from importlib import import_module

from config.launcher.errors import LauncherError

TARGETS = {  # target: module and function, imported on demand, so that other targets cost no time
    "demo": ("demo", "run_demo_target"),
    "demo-reset": ("demo", "reset_demo_target"),
    "run": ("run", "run_product_target"),
    "test": ("suite_targets", "run_test_suite"),
    "test-faults": ("suite_targets", "run_fault_tests"),
    "bench": ("suite_targets", "run_benchmarks"),
    "figures": ("suite_targets", "write_figures"),
    "check": ("check_targets", "run_all_checks"),
    "lock": ("check_targets", "lock_requirements"),
}


def main() -> int:
    target, *words = sys.argv[1:]
    module, function = TARGETS[target]
    try:
        return getattr(import_module(f"config.launcher.{module}"), function)(words) or 0
    except LauncherError as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
