"""Chromium for the browser tests: the installed one, else Debian's package (as root), else Playwright's download."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from config.launcher.console import print_line

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME_PATH = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
VERSION_TIMEOUT_SECONDS = 120
INSTALL_TIMEOUT_SECONDS = 300


def find_or_install_chromium() -> str | None:
    """Path of a Chromium that starts, or None."""
    return find_installed_chromium() or install_debian_chromium() or install_playwright_chromium()


def find_installed_chromium() -> str | None:
    candidates = (os.environ.get("CHROMIUM"), *map(shutil.which, CHROMIUM_NAMES), MAC_CHROME_PATH)
    return next((path for path in candidates if path and is_working_chromium(path)), None)


def is_working_chromium(path: str) -> bool:
    return command_succeeds([path, "--version"], seconds=VERSION_TIMEOUT_SECONDS)


def install_debian_chromium() -> str | None:
    if not (os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get")):
        return None
    print_line("Browser tests need a Chromium: installing Debian's package")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
        if not command_succeeds(["apt-get", *words], seconds=INSTALL_TIMEOUT_SECONDS, environment=environment):
            return None
    return find_installed_chromium()


def install_playwright_chromium() -> str | None:
    print_line("Browser tests need a Chromium: Playwright downloads its own")
    if not command_succeeds(
        [sys.executable, "-m", "playwright", "install", "chromium"], seconds=INSTALL_TIMEOUT_SECONDS
    ):
        return None
    from playwright.sync_api import sync_playwright  # a development requirement, and slow to load

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if is_working_chromium(path) else None


def command_succeeds(command: list[str], *, seconds: float, environment: dict[str, str] | None = None) -> bool:
    try:
        done = subprocess.run(
            command, timeout=seconds, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
