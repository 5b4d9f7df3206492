"""The one door to the process environment. Any name may instead be given as NAME_FILE, a path to its value."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import environ


class FileAwareEnviron(Mapping[str, str]):
    """`os.environ`, where `NAME_FILE` (as container secrets give it) stands in for a missing `NAME`."""

    def __getitem__(self, name: str) -> str:
        if name in os.environ:
            return os.environ[name]
        return Path(os.environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()

    def __iter__(self) -> Iterator[str]:
        return iter({*os.environ, *(name[: -len("_FILE")] for name in os.environ if name.endswith("_FILE"))})

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in os.environ or f"{name}_FILE" in os.environ


env = environ.Env()
env.ENVIRON = FileAwareEnviron()
