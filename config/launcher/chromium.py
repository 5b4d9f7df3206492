"""A Chromium for the browser tests: the system's, else Debian's package (as root), else Playwright's own download."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from config.launcher.console import say

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
ANSWER_SECONDS = 120
FETCH_SECONDS = 300


def found_or_fetched() -> str | None:
    """Path of a Chromium that answers, or None when there is no way to one."""
    return installed() or (from_debian() if os.geteuid() == 0 else None) or from_playwright()


def installed() -> str | None:
    candidates = (os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), MAC)
    return next((path for path in candidates if path and answers(path)), None)


def answers(path: str) -> bool:
    return succeeds([path, "--version"], seconds=ANSWER_SECONDS)


def from_debian() -> str | None:
    if not (Path("/etc/debian_version").exists() and shutil.which("apt-get")):
        return None
    say("Browser tests need a Chromium: installing Debian's package")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
        if not succeeds(["apt-get", *words], seconds=FETCH_SECONDS, environment=environment):
            return None
    return installed()


def from_playwright() -> str | None:
    say("Browser tests need a Chromium: Playwright downloads its own")
    if not succeeds([sys.executable, "-m", "playwright", "install", "chromium"], seconds=FETCH_SECONDS):
        return None
    from playwright.sync_api import sync_playwright  # a development requirement, and slow to load

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if answers(path) else None


def succeeds(command: list[str], *, seconds: float, environment: dict[str, str] | None = None) -> bool:
    try:
        done = subprocess.run(
            command, timeout=seconds, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
