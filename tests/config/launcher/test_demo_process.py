"""`make demo` as a process: start, sign-in, Ctrl-C, and a second start with the same data."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from config.launcher import paths
from config.launcher.demo import STOPPED_MESSAGE
from config.launcher.paths import ROOT
from config.launcher.stack import find_free_port
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS, WAIT_TIMEOUT_SECONDS

# In one worker with the other tests of processes, one after the other.
pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

PRODUCT = ("config", "devices", "fulfillment", "measurements", "patients", "static", "templates", "manage.py")


@pytest.fixture
def clone(tmp_path):
    """A copy of the product's files in a folder of its own; its packages are installed already."""
    place = tmp_path / "a clone"
    place.mkdir()
    for name in PRODUCT:
        take = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        take(ROOT / name, place / name)
    yield place
    for state in (place / ".demo", place / ".servers"):
        paths.remove_state(state)


class DemoProcess:
    def __init__(self, clone):
        self.clone, self.port, self.out = clone, find_free_port(), clone / "printed"

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Seconds until it has printed its address, which answers."""
        began = time.monotonic()
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.launcher", "demo"],
                cwd=self.clone,
                env=env | {"PORT": str(self.port)},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own, as in a terminal
            )
        while f"Vitals at Home: {self.address}/" not in self.out.read_text():
            assert self.process.poll() is None, self.out.read_text()
            assert time.monotonic() - began < LONG_WAIT_TIMEOUT_SECONDS, self.out.read_text()
            time.sleep(0.1)
        assert httpx2.get(f"{self.address}/accounts/login/", timeout=WAIT_TIMEOUT_SECONDS).status_code == 200
        return time.monotonic() - began

    def ctrl_c(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(LONG_WAIT_TIMEOUT_SECONDS)

    def left(self):
        """Processes that still run in the clone's folder or name it on their command line."""
        words = (str(self.clone), str(paths.socket_folder(self.clone / ".demo")))
        return [
            line for line in map(describe_process, Path("/proc").glob("[0-9]*")) if any(word in line for word in words)
        ]


def describe_process(process):
    try:
        return f"{(process / 'cmdline').read_bytes().decode(errors='replace')} in {(process / 'cwd').readlink()}"
    except OSError:  # it has just ended
        return ""


@pytest.fixture
def demo_process(clone):
    demo = DemoProcess(clone)
    yield demo
    if demo.process.poll() is None:
        demo.process.kill()  # the reaper stops the rest


@pytest.fixture
def browser(demo_process):
    with httpx2.Client(base_url=demo_process.address, follow_redirects=True, timeout=WAIT_TIMEOUT_SECONDS) as browser:
        yield browser


def submit_form(browser, page, *, to=None, **fields):
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(page).text)[1]
    return browser.post(to or page, data=fields | {"csrfmiddlewaretoken": token})


def patient_names(page):
    return re.findall(r'class="patient-name"[^>]*>([^<]+)', page.text)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads processes from /proc")
def test_demo_starts_stops_cleanly_and_restarts_with_its_data(demo_process, browser, report_note):
    first = demo_process.start()
    passphrase = re.search(r"password for all: (\S+)", (demo_process.clone / ".demo" / "accounts.txt").read_text())[1]
    arrived = submit_form(browser, "/accounts/login/", login="nadia@demo.example", password=passphrase)
    assert len(patient_names(arrived)) >= 15
    sorted_by_weight = submit_form(browser, "/patients/", to="/patients/arrange/", sort="weight")
    assert 'aria-sort="descending"' in sorted_by_weight.text

    assert demo_process.ctrl_c() == 0
    assert STOPPED_MESSAGE in demo_process.out.read_text()
    assert demo_process.left() == []

    second = demo_process.start()
    again = browser.get("/patients/")  # still signed in
    assert 'aria-sort="descending"' in again.text
    assert sorted(patient_names(again)) == sorted(patient_names(sorted_by_weight))
    assert demo_process.ctrl_c() == 0
    assert demo_process.left() == []
    report_note(f"address printed after {first:.0f} s, and after {second:.0f} s the second time")
