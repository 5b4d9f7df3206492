"""`make check`: lint, format, types, migrations, deploy checks; `make lock`: requirements with hashes."""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator

from config.launcher import paths
from config.launcher.console import say
from config.launcher.demo_secrets import fresh
from config.launcher.lockfile import claimed
from config.launcher.postgres import postgres
from config.launcher.processes import Leash

MANAGE = [sys.executable, "manage.py"]
MODULE = [sys.executable, "-m"]
CHECKS = {
    "lint": [*MODULE, "ruff", "check", "--output-format", "concise", "."],
    "format": [*MODULE, "ruff", "format", "--check", "--output-format", "concise", "."],
    "types": [*MODULE, "mypy"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "deploy": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING", "--database", "default"],
}
LOCKED = ("requirements-uv", "requirements", "requirements-dev")
COMPILE = [*MODULE, "uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11", "--generate-hashes"]
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "ALLOWED_HOSTS": "vitals.example",
    "SITE_URL": "https://vitals.example",
    "CSRF_TRUSTED_ORIGINS": "https://vitals.example",
    "TRUSTED_PROXY_COUNT": "1",
    "EMAIL_URL": "smtp+tls://mail.example:587",
    "DEFAULT_FROM_EMAIL": "vitals@vitals.example",
    "OPERATOR_EMAILS": "operator@vitals.example",
    "TENOVI_CLIENT_DOMAIN": "vitals",
    "CELERY_BROKER_URL": "redis://redis.example:6379/0",
}


def check(_words: list[str]) -> int:
    """All of them, also after one has failed; the number of those."""
    with production() as env:
        failed = [name for name, command in CHECKS.items() if not passes(name, command, env)]
    say(f"Failed: {', '.join(failed)}" if failed else "All checks passed")
    return len(failed)


def passes(name: str, command: list[str], env: dict[str, str]) -> bool:
    say(f"== {name}")
    return subprocess.run(command, cwd=paths.ROOT, env=env, check=False).returncode == 0


@contextlib.contextmanager
def production() -> Iterator[dict[str, str]]:
    """Settings as a clinic would have them, on a database of our own for the checks that ask one."""
    state = paths.private(paths.state("test") / f"check-{os.getpid()}-{secrets.token_hex(3)}")
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    try:
        with Leash() as leash, postgres(state, leash=leash, durable=False) as server:
            yield inherited | fresh() | PRODUCTION | {"DATABASE_URL": server.url}
    finally:
        paths.remove(state)


def lock(words: list[str]) -> int:
    """`make lock`, or `make lock ARGS=--upgrade`."""
    with claimed(paths.state("servers"), target="lock"):
        for name in LOCKED:
            subprocess.run([*COMPILE, *words, f"{name}.in", "-o", f"{name}.txt"], cwd=paths.ROOT, check=True)
    return 0
