"""`make run`: the same processes with your environment or `.env`; no simulator, no demo people."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from environ import Env

from config.launcher import paths
from config.launcher.console import say
from config.launcher.demo import port
from config.launcher.errors import Refused
from config.launcher.lockfile import claimed
from config.launcher.processes import Leash
from config.launcher.stack import Plan, named, refuse_taken, standing
from config.launcher.stop_signals import Asked, listening

TARGET = "run"
VENDOR = "https://api2.tenovi.com"
QUICK = {"STATIC_COMPRESS": "0"}  # unless the environment wants its 20 s
REQUIRED = {
    "SECRET_KEY": "50 random characters or more",
    "MFA_ENCRYPTION_KEYS": "32 random bytes in URL-safe base64; .env.example says how to make them",
    "ALLOWED_HOSTS": "the names that the site answers to",
    "SITE_URL": "the address that people and the vendor's webhooks use",
    "TENOVI_CLIENT_DOMAIN": "the segment after /clients/ in the vendor's addresses",
    "TENOVI_API_KEYS": "one key of the vendor or several",
    "TENOVI_WEBHOOK_SECRETS": "the header value that the vendor's webhooks carry",
}


def run(_words: list[str]) -> None:
    if (paths.ROOT / ".env").exists():
        Env.read_env(paths.ROOT / ".env")  # what the environment says already stays
    plan = Plan(
        state=paths.state(TARGET), env=QUICK | os.environ, host=os.environ.get("BIND_HOST", "127.0.0.1"), port=port()
    )
    refuse_incomplete(plan.env)
    with listening() as ear, claimed(plan.state, target=TARGET) as lock, Leash(keep=(lock,)) as leash:
        refuse_taken(plan.host, plan.port, target=TARGET)
        say("Starting")
        try:
            with standing(plan, leash=leash, ear=ear) as house:
                say(f"Vitals at Home listens on {house.base_url}/. Ctrl-C stops it. Logs: .run/logs")
                house.crew.watch()
        except Asked:
            say("\nStopped.")


def refuse_incomplete(env: Mapping[str, str]) -> None:
    missing = [f"{name} is missing: {what}." for name, what in REQUIRED.items() if not named(env, name)]
    if missing:
        raise Refused("\n".join([*missing, "Set them in the environment or in .env; .env.example lists every name."]))
    own = [name for name in ("DATABASE_URL", "CELERY_BROKER_URL") if not named(env, name)]
    if own and is_vendor(env.get("TENOVI_BASE_URL") or VENDOR):
        raise Refused(
            f"{' and '.join(own)} must name servers of yours: people's data never goes to embedded ones, "
            f"and TENOVI_BASE_URL is the vendor's own."
        )


def is_vendor(url: str) -> bool:
    host = (urlsplit(url).hostname or "").rstrip(".")
    return host == "tenovi.com" or host.endswith(".tenovi.com")
