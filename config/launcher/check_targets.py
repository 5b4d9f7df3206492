"""`make check`: lint, format, types, migrations, deploy checks; `make lock`: requirements with hashes."""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator

from config.launcher import paths
from config.launcher.console import print_line
from config.launcher.demo_secrets import generate_secrets
from config.launcher.lockfile import hold_state_lock
from config.launcher.postgres import Postgres
from config.launcher.processes import OrphanReaper

MANAGE_COMMAND = [sys.executable, "manage.py"]
MODULE_COMMAND = [sys.executable, "-m"]
CHECKS = {
    "lint": [*MODULE_COMMAND, "ruff", "check", "--output-format", "concise", "."],
    "format": [*MODULE_COMMAND, "ruff", "format", "--check", "--output-format", "concise", "."],
    "types": [*MODULE_COMMAND, "mypy"],
    "migrations": [*MANAGE_COMMAND, "makemigrations", "--check", "--dry-run"],
    "deploy": [*MANAGE_COMMAND, "check", "--deploy", "--fail-level", "WARNING", "--database", "default"],
}
REQUIREMENT_SETS = ("requirements-uv", "requirements", "requirements-dev")
UV_COMPILE_COMMAND = [
    *MODULE_COMMAND,
    "uv",
    "pip",
    "compile",
    "-q",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
]
PRODUCTION_SETTINGS = {
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


def run_all_checks(_words: list[str]) -> int:
    """All of them, also after one has failed; the number of those."""
    with production_environment() as env:
        failed = [name for name, command in CHECKS.items() if not run_check(name, command, env)]
    print_line(f"Failed: {', '.join(failed)}" if failed else "All checks passed")
    return len(failed)


def run_check(name: str, command: list[str], env: dict[str, str]) -> bool:
    print_line(f"== {name}")
    return subprocess.run(command, cwd=paths.ROOT, env=env, check=False).returncode == 0


@contextlib.contextmanager
def production_environment() -> Iterator[dict[str, str]]:
    """Settings as in production, with a temporary database for the checks that query one."""
    state = paths.create_private_folder(paths.state_folder_of("test") / f"check-{os.getpid()}-{secrets.token_hex(3)}")
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    try:
        with OrphanReaper() as reaper, Postgres(state, reaper=reaper, durable=False) as server:
            yield inherited | generate_secrets() | PRODUCTION_SETTINGS | {"DATABASE_URL": server.url}
    finally:
        paths.remove_state(state)


def lock_requirements(words: list[str]) -> int:
    """`make lock`, or `make lock ARGS=--upgrade`."""
    with hold_state_lock(paths.state_folder_of("servers"), target="lock"):
        for name in REQUIREMENT_SETS:
            subprocess.run([*UV_COMPILE_COMMAND, *words, f"{name}.in", "-o", f"{name}.txt"], cwd=paths.ROOT, check=True)
    return 0
