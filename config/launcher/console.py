import contextlib


def print_line(line: str) -> None:
    """To whoever still looks: a closed terminal must not keep us from stopping in order."""
    with contextlib.suppress(OSError):
        print(line, flush=True)
