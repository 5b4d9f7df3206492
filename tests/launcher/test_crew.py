import stat
import sys

import pytest

from config.launcher.errors import Died
from config.launcher.processes import Process
from config.launcher.stop_signals import Asked, Ear
from config.launcher.supervisor import Crew
from tests.patience import PATIENCE_SECONDS

POLITE = """
import signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2] + " ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(600)
"""
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    print(child, flush=True)
time.sleep(600)
"""


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def crew(state, leash, ear):
    crew = Crew(state=state, env={}, leash=leash, ear=ear)
    yield crew
    crew.stop()


def start(crew, name, program, *words):
    process = crew.start(name, [sys.executable, "-c", program, *words])
    crew.wait_until(lambda: process.log.read_text().endswith("\n"), what=name, seconds=PATIENCE_SECONDS)
    return process


def test_one_that_dies_takes_all_down_with_its_last_lines_shown(crew):
    crew.start("short", [sys.executable, "-c", "print('so this is the reason'); raise SystemExit(3)"])

    with pytest.raises(Died, match=r"(?s)short ended \(exit code 3\).*short \| so this is the reason"):
        crew.watch()


def test_a_step_that_fails_says_why(crew):
    with pytest.raises(Died, match=r"(?s)step failed with exit code 1.*no such thing"):
        crew.run("step", [sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_what_a_step_printed_is_returned(crew):
    assert crew.run("step", [sys.executable, "-c", "print('done')"]) == "done\n"


def test_what_a_process_writes_is_closed_to_others(crew, tmp_path):
    crew.run("step", [sys.executable, "-c", f"open({str(tmp_path / 'file')!r}, 'w')"])

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_the_last_one_started_is_the_first_one_asked_to_stop(crew, tmp_path):
    order = tmp_path / "order"
    for name in ("first", "second", "third"):
        start(crew, name, POLITE, order, name)

    for process in reversed(crew.processes):
        process.stop()

    assert order.read_text().split() == ["third", "second", "first"]


def test_one_that_will_not_stop_is_killed_with_its_children(crew, monkeypatch, running, eventually):
    monkeypatch.setattr("config.launcher.supervisor.GRACE_SECONDS", 0.3)
    stubborn = start(crew, "stubborn", STUBBORN)
    pids = [stubborn.pid, int(stubborn.log.read_text())]

    crew.stop()

    eventually(lambda: not any(map(running, pids)))


def test_all_share_one_grace(crew, monkeypatch):
    monkeypatch.setattr("config.launcher.supervisor.GRACE_SECONDS", 0.3)
    ends, finish = [], Process.finish
    monkeypatch.setattr(
        Process, "finish", lambda self, *, deadline: [ends.append(deadline), finish(self, deadline=deadline)]
    )
    for number in range(3):
        start(crew, f"stubborn-{number}", STUBBORN)

    crew.stop()

    assert len(ends) == 3
    assert len(set(ends)) == 1


def test_who_asks_to_stop_is_heard_while_waiting(crew, ear):
    ear.asked = True

    with pytest.raises(Asked):
        crew.wait_until(lambda: False, what="nothing", seconds=60)
