"""Secrets of the demo, generated once and stored in an ignored file that only its owner can read."""

import base64
import os
import secrets
from pathlib import Path

VENDOR_KEY_COUNT = 6  # the first is for user actions, five pull the history in the background


def load_or_create_secrets(file: Path) -> dict[str, str]:
    """All names of `generate_secrets`; one that an older file lacks is added to it."""
    lines = file.read_text().splitlines() if file.exists() else []
    before = dict(line.split("=", 1) for line in lines if "=" in line)
    values = generate_secrets() | before
    if values != before:
        write_secrets(file, values)
    return values


def generate_secrets() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "MFA_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "TENOVI_API_KEYS": ",".join(secrets.token_urlsafe(24) for _ in range(VENDOR_KEY_COUNT)),
        "TENOVI_WEBHOOK_SECRETS": f"Bearer {secrets.token_urlsafe(32)}",
        "OPS_TOKEN": secrets.token_urlsafe(24),
        "SIMULATOR_CONTROL": secrets.token_urlsafe(24),
    }


def write_secrets(file: Path, values: dict[str, str]) -> None:
    """Written completely or not at all: half a file would be used as a whole one on the next start."""
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.writelines(f"{name}={value}\n" for name, value in values.items())
    unfinished.replace(file)
