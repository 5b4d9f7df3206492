"""`make demo`: the whole product on one machine, with a simulated vendor and invented patients."""

import os
from pathlib import Path
from urllib.parse import quote

from config.launcher import demo_secrets, paths
from config.launcher.console import print_line
from config.launcher.database_guard import refuse_foreign_database
from config.launcher.errors import LauncherError
from config.launcher.lockfile import hold_state_lock
from config.launcher.processes import OrphanReaper
from config.launcher.stack import StackConfig, refuse_taken_port, running_stack
from config.launcher.stop_signals import StopRequested, StopSignalListener, listen_for_stop_signals
from config.launcher.supervisor import PYTHON, Supervisor

TARGET = "demo"
ORDER_STAGE_SECONDS = 12  # from ordered to connected in about a minute
LIVE_READING_SECONDS = 4  # between two readings by webhook
COMPRESSED_SETTINGS = {
    "ORDER_SETTLE_SECONDS": "20",
    "TRACKING_WINDOW_SECONDS": "3",
    "UNKNOWN_DEVICE_LOOKUP_SECONDS": "10",
}
# The cases of orders make a hundred calls: no other process calls meanwhile, and unclear ones are searched at once.
PREPARING_SETTINGS = {"TENOVI_CALL_GAP_SECONDS": "0.01", "ORDER_SETTLE_SECONDS": "0"}
PREPARING_COMMANDS = (
    ("people", "prepare_demo"),
    ("alerts", "prepare_demo_alerts"),
    ("billing", "prepare_demo_billing"),
)
STOPPED_MESSAGE = "Stopped. `make demo` continues with the same data, `make demo-reset` deletes it."
RESET_ADVICE = "`make demo-reset` deletes the demo's data, then `make demo` creates it anew"
INHERITED_VARIABLES = ("PATH", "HOME", "USER", "LANG", "TMPDIR", "DATABASE_URL", "CELERY_BROKER_URL")


def run_demo_target(_words: list[str]) -> None:
    with listen_for_stop_signals() as stop_listener:
        try:
            run_demo_stack(paths.state_folder_of(TARGET), stop_listener)
        except StopRequested:
            print_line(f"\n{STOPPED_MESSAGE}")


def run_demo_stack(state: Path, stop_listener: StopSignalListener) -> None:
    with hold_state_lock(state, target=TARGET) as lock, OrphanReaper(inherited_descriptors=(lock,)) as reaper:
        plan = build_demo_config(state, host=os.environ.get("BIND_HOST", "127.0.0.1"), port=configured_port())
        refuse_taken_port(plan.host, plan.port, target=TARGET)
        if "DATABASE_URL" in plan.env:
            refuse_foreign_database(plan.env["DATABASE_URL"])
        print_line("Starting: database, broker, tables, simulated vendor, people, web, workers")
        with running_stack(plan, reaper=reaper, stop_listener=stop_listener) as stack:
            accounts, line = (state / "accounts.txt").read_text().rstrip(), "-" * 78
            print_line(f"{line}\n  Vitals at Home: {stack.base_url}/\n\n{accounts}\n")
            print_line(f"  Ctrl-C stops it. Logs: .demo/logs\n{line}")
            try:
                stack.supervisor.watch()
            finally:
                print_line("\nStopping; unfinished work gets ten seconds")


def reset_demo_target(_words: list[str]) -> None:
    state = paths.ROOT / f".{TARGET}"
    if not state.exists():
        return print_line("There is no demo data.")
    with hold_state_lock(paths.create_private_folder(state), target=TARGET):
        paths.remove_state(state)
    return print_line("The demo's data is deleted.")


def configured_port() -> int:
    return parse_port(os.environ.get("PORT") or "8000")


def parse_port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise LauncherError(f"PORT must be a number from 1 to 65535, not {text!r}: PORT=8001 make demo.")
    return int(text)


def build_demo_config(state: Path, *, host: str, port: int) -> StackConfig:
    env = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    env |= demo_secrets.load_or_create_secrets(state / "secrets.env") | COMPRESSED_SETTINGS
    env |= {
        "DEMO": "1",
        "MFA_REQUIRED": "0",  # the invented staff have no telephones; every page shows a notice
        "STATIC_COMPRESS": "0",  # saves 20 s at the start, and the loopback is fast
        "INSECURE_HTTP": "1",  # plain http on the loopback
        "SITE_URL": f"http://{host}:{port}",
        "ALLOWED_HOSTS": ",".join({"127.0.0.1", "localhost", host}),
        "TENOVI_CLIENT_DOMAIN": "vitals-demo",
        "TRACKING_HOSTS": "carrier.example",  # the simulator's carrier
        "EMAIL_URL": f"filemail:///{quote(str(paths.create_private_folder(state / 'mail')))}",
        "DEMO_ACCOUNTS_FILE": str(state / "accounts.txt"),
    }
    # The vendor's gap is that of the preparation, which would wait a second after every refusal.
    seconds = {
        "stage": ORDER_STAGE_SECONDS,
        "live": LIVE_READING_SECONDS,
        "gap": PREPARING_SETTINGS["TENOVI_CALL_GAP_SECONDS"],
    }
    flags = ("--demo", *(word for name, value in seconds.items() for word in (f"--{name}-seconds", str(value))))
    return StackConfig(
        state=state,
        env=env,
        host=host,
        port=port,
        simulator_flags=flags,
        prepare_before_web=prepare_demo_data,
        other_version_advice=RESET_ADVICE,
    )


def prepare_demo_data(supervisor: Supervisor) -> None:
    """Clinics, staff, kits, webhooks, patients, alerts and billing, by the same functions as the pages. Idempotent."""
    for name, command in PREPARING_COMMANDS:
        supervisor.run(name, [PYTHON, "manage.py", command], **PREPARING_SETTINGS)
