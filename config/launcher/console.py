import contextlib


def say(line: str) -> None:
    """To whoever still looks: a closed terminal must not keep us from stopping in order."""
    with contextlib.suppress(OSError):
        print(line, flush=True)
