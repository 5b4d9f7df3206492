import signal
import stat
import sys
import threading
import time

import pytest

from config.launcher.errors import ProcessDied
from config.launcher.processes import POLL_INTERVAL_SECONDS, EmbeddedServer, Process
from config.launcher.stop_signals import StopRequested, StopSignalListener
from config.launcher.supervisor import Supervisor
from tests.timeouts import WAIT_TIMEOUT_SECONDS

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
def stop_signals():
    return StopSignalListener()


@pytest.fixture
def supervisor(state_folder, orphan_reaper, stop_signals):
    supervisor = Supervisor(state=state_folder, env={}, reaper=orphan_reaper, stop_listener=stop_signals)
    yield supervisor
    supervisor.stop()


def start_and_wait(supervisor, name, program, *words):
    process = supervisor.start(name, [sys.executable, "-c", program, *words])
    supervisor.wait_until(lambda: process.log.read_text().endswith("\n"), what=name, seconds=WAIT_TIMEOUT_SECONDS)
    return process


def test_supervisor_stops_with_last_log_lines_of_dead_process(supervisor):
    supervisor.start("short", [sys.executable, "-c", "print('so this is the reason'); raise SystemExit(3)"])

    with pytest.raises(ProcessDied, match=r"(?s)short ended \(exit code 3\).*short \| so this is the reason"):
        supervisor.watch()


def test_supervisor_restarts_a_process_that_ended(supervisor, stop_signals, tmp_path):
    starts = tmp_path / "starts"
    program = f"import time; print('up', flush=True); open({str(starts)!r}, 'a').write('x'); time.sleep(600)"
    process = start_and_wait(supervisor, "killed", program)
    process.send(signal.SIGKILL)
    thread = threading.Thread(target=watch_until_stopped, args=(supervisor,))
    thread.start()
    while starts.read_text().count("x") < 2:
        time.sleep(POLL_INTERVAL_SECONDS)
    stop_signals.stop_requested = True
    thread.join()

    assert process.is_running()


def test_supervisor_restarts_an_embedded_server_by_its_own_start(supervisor, orphan_reaper, state_folder, monkeypatch):
    server, started = EmbeddedServer(), []
    command = [sys.executable, "-c", "raise SystemExit(1)"]
    server.process = Process("server", command, reaper=orphan_reaper, log=state_folder / "server.log", env={})
    monkeypatch.setattr(server, "start", lambda: started.append(server))
    supervisor.watch_server(server)

    supervisor.restart(server.process)

    assert started == [server]


def watch_until_stopped(supervisor):
    with pytest.raises(StopRequested):
        supervisor.watch()


def test_supervisor_run_reports_reason_of_failed_step(supervisor):
    with pytest.raises(ProcessDied, match=r"(?s)step failed with exit code 1.*no such thing"):
        supervisor.run("step", [sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_supervisor_run_returns_output_of_step(supervisor):
    assert supervisor.run("step", [sys.executable, "-c", "print('done')"]) == "done\n"


def test_supervisor_creates_files_readable_by_owner_only(supervisor, tmp_path):
    supervisor.run("step", [sys.executable, "-c", f"open({str(tmp_path / 'file')!r}, 'w')"])

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_supervisor_stops_processes_in_reverse_order(supervisor, tmp_path):
    order = tmp_path / "order"
    for name in ("first", "second", "third"):
        start_and_wait(supervisor, name, POLITE, order, name)

    for process in reversed(supervisor.processes):
        process.stop()

    assert order.read_text().split() == ["third", "second", "first"]


def test_supervisor_kills_unresponsive_process_with_its_children(supervisor, monkeypatch, is_running, wait_for):
    monkeypatch.setattr("config.launcher.supervisor.STOP_GRACE_SECONDS", 0.3)
    stubborn = start_and_wait(supervisor, "stubborn", STUBBORN)
    pids = [stubborn.pid, int(stubborn.log.read_text())]

    supervisor.stop()

    wait_for(lambda: not any(map(is_running, pids)))


def test_supervisor_stops_all_processes_within_one_grace_period(supervisor, monkeypatch):
    monkeypatch.setattr("config.launcher.supervisor.STOP_GRACE_SECONDS", 0.3)
    ends, finish = [], Process.wait_or_kill
    monkeypatch.setattr(
        Process, "wait_or_kill", lambda self, *, deadline: [ends.append(deadline), finish(self, deadline=deadline)]
    )
    for number in range(3):
        start_and_wait(supervisor, f"stubborn-{number}", STUBBORN)

    supervisor.stop()

    assert len(ends) == 3
    assert len(set(ends)) == 1


def test_supervisor_wait_is_interrupted_by_stop_signal(supervisor, stop_signals):
    stop_signals.stop_requested = True

    with pytest.raises(StopRequested):
        supervisor.wait_until(lambda: False, what="nothing", seconds=60)
