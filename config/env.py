"""Environment variables. Any NAME may instead be given as NAME_FILE, a path to its value."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import environ


class FileAwareEnviron(Mapping[str, str]):
    """`os.environ`, where `NAME_FILE` (container secrets) replaces a missing or empty `NAME`."""

    def __getitem__(self, name: str) -> str:
        """django-environ takes `$WORD` for the name of another value; a secret may begin with a dollar."""
        return self.raw_value(name).replace("$", r"\$")

    @staticmethod
    def raw_value(name: str) -> str:
        if f"{name}_FILE" in os.environ and not os.environ.get(name):
            return Path(os.environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
        return os.environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter({*os.environ, *(name[: -len("_FILE")] for name in os.environ if name.endswith("_FILE"))})

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in os.environ or f"{name}_FILE" in os.environ


class Environment(environ.Env):
    def list(self, var: str, *words: Any, **more: Any) -> builtins.list[str]:
        """Commas with or without a space: " Bearer new" is no header value, " example.org" no host."""
        return [word for each in super().list(var, *words, **more) if (word := each.strip())]


env = Environment()
env.ENVIRON = FileAwareEnviron()
env.escape_proxy = True
