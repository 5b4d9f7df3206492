"""`make demo`: the whole product on one machine, with a simulated vendor and invented people."""

import os
from pathlib import Path
from urllib.parse import quote

from config.launcher import demo_secrets, paths
from config.launcher.console import say
from config.launcher.database_guard import refuse_foreign_data
from config.launcher.errors import Refused
from config.launcher.lockfile import claimed
from config.launcher.processes import Leash
from config.launcher.stack import House, Plan, refuse_taken, standing
from config.launcher.stop_signals import Asked, Ear, listening
from config.launcher.supervisor import PYTHON, Crew

TARGET = "demo"
STAGE_SECONDS = 12  # from ordered to connected in about a minute
LIVE_SECONDS = 4  # between two readings by webhook
COMPRESSED = {"ORDER_SETTLE_SECONDS": "20", "TRACKING_WINDOW_SECONDS": "3", "UNKNOWN_DEVICE_LOOKUP_SECONDS": "10"}
RESET_ADVICE = "`make demo-reset` throws the demo's data away, then `make demo` starts afresh"
SHELL_NAMES = ("PATH", "HOME", "USER", "LANG", "TMPDIR", "DATABASE_URL", "CELERY_BROKER_URL")


def demo(_words: list[str]) -> None:
    with listening() as ear:
        try:
            stand(paths.state(TARGET), ear)
        except Asked:
            say("\nStopped. `make demo` goes on where it was, `make demo-reset` starts afresh.")


def stand(state: Path, ear: Ear) -> None:
    with claimed(state, target=TARGET) as lock, Leash(keep=(lock,)) as leash:
        plan = planned(state, host=os.environ.get("BIND_HOST", "127.0.0.1"), port=port())
        refuse_taken(plan.host, plan.port, target=TARGET)
        if "DATABASE_URL" in plan.env:
            refuse_foreign_data(plan.env["DATABASE_URL"])
        say("Starting: database, broker, tables, simulated vendor, people, web, workers")
        with standing(plan, leash=leash, ear=ear) as house:
            announce(house)
            try:
                house.crew.watch()
            finally:
                say("\nStopping; work in hand gets ten seconds")


def reset(_words: list[str]) -> None:
    state = paths.ROOT / f".{TARGET}"
    if not state.exists():
        return say("There is no demo data.")
    with claimed(paths.private(state), target=TARGET):
        paths.remove(state)
    return say("The demo has forgotten everything.")


def port() -> int:
    return number(os.environ.get("PORT") or "8000")


def number(words: str) -> int:
    if not words.isdigit() or not 0 < int(words) < 65_536:
        raise Refused(f"PORT must be a number from 1 to 65535, not {words!r}: PORT=8001 make demo.")
    return int(words)


def planned(state: Path, *, host: str, port: int) -> Plan:
    env = {name: os.environ[name] for name in SHELL_NAMES if name in os.environ}
    env |= demo_secrets.kept(state / "secrets.env") | COMPRESSED | addresses(state, host=host, port=port)
    flags = ("--demo", "--stage-seconds", str(STAGE_SECONDS), "--live-seconds", str(LIVE_SECONDS))
    return Plan(
        state=state,
        env=env,
        host=host,
        port=port,
        vendor=flags,
        before_web=prepare_people,
        other_version_advice=RESET_ADVICE,
    )


def addresses(state: Path, *, host: str, port: int) -> dict[str, str]:
    return {
        "DEMO": "1",
        "MFA_REQUIRED": "0",  # invented people have no telephones; every page says so
        "STATIC_COMPRESS": "0",  # 20 s less to wait, and the loopback is fast
        "INSECURE_HTTP": "1",  # plain http on the loopback
        "SITE_URL": f"http://{host}:{port}",
        "ALLOWED_HOSTS": ",".join({"127.0.0.1", "localhost", host}),
        "TENOVI_CLIENT_DOMAIN": "vitals-demo",
        "TRACKING_HOSTS": "carrier.example",  # the simulator's carrier
        "EMAIL_URL": f"filemail:///{quote(str(paths.private(state / 'mail')))}",
        "DEMO_ACCOUNTS_FILE": str(state / "accounts.txt"),
    }


def prepare_people(crew: Crew) -> None:
    """Clinics, staff, kits, webhooks and people, by the same functions as the pages. Idempotent."""
    crew.run("people", [PYTHON, "manage.py", "prepare_demo"])


def announce(house: House) -> None:
    accounts = (house.plan.state / "accounts.txt").read_text().rstrip()
    line = "-" * 78
    say(f"{line}\n  Vitals at Home: {house.base_url}/\n\n{accounts}\n\n  Ctrl-C stops it. Logs: .demo/logs\n{line}")
