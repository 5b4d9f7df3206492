"""Console output of the launcher."""

import contextlib


def print_line(line: str) -> None:
    """Print and flush; a closed terminal must not prevent an orderly stop."""
    with contextlib.suppress(OSError):
        print(line, flush=True)
