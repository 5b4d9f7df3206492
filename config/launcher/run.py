"""`make run`: the product with your environment or `.env`; no simulator, no demo patients."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from environ import Env

from config.launcher import paths
from config.launcher.console import print_line
from config.launcher.demo import configured_port
from config.launcher.errors import LauncherError
from config.launcher.lockfile import hold_state_lock
from config.launcher.processes import OrphanReaper
from config.launcher.stack import StackConfig, is_configured, refuse_taken_port, running_stack
from config.launcher.stop_signals import StopRequested, listen_for_stop_signals

TARGET = "run"
VENDOR_BASE_URL = "https://api2.tenovi.com"
RUN_DEFAULTS = {"STATIC_COMPRESS": "0"}  # unless the environment wants its 20 s
REQUIRED_SETTINGS = {
    "SECRET_KEY": "50 random characters or more",
    "MFA_ENCRYPTION_KEYS": "32 random bytes in URL-safe base64; .env.example says how to make them",
    "ALLOWED_HOSTS": "the host names of the site",
    "SITE_URL": "the address that people and the vendor's webhooks use",
    "TENOVI_CLIENT_DOMAIN": "the segment after /clients/ in the vendor's addresses",
    "TENOVI_API_KEYS": "one key of the vendor or several",
    "TENOVI_WEBHOOK_SECRETS": "the header value that the vendor's webhooks carry",
}


def run_product_target(_words: list[str]) -> None:
    if (paths.ROOT / ".env").exists():
        Env.read_env(paths.ROOT / ".env")  # variables of the environment take precedence
    plan = StackConfig(
        state=paths.state_folder_of(TARGET),
        env=RUN_DEFAULTS | os.environ,
        host=os.environ.get("BIND_HOST", "127.0.0.1"),
        port=configured_port(),
    )
    refuse_incomplete_settings(plan.env)
    with (
        listen_for_stop_signals() as stop_listener,
        hold_state_lock(plan.state, target=TARGET) as lock,
        OrphanReaper(inherited_descriptors=(lock,)) as reaper,
    ):
        refuse_taken_port(plan.host, plan.port, target=TARGET)
        print_line("Starting")
        try:
            with running_stack(plan, reaper=reaper, stop_listener=stop_listener) as stack:
                print_line(f"Vitals at Home listens on {stack.base_url}/. Ctrl-C stops it. Logs: .run/logs")
                stack.supervisor.watch()
        except StopRequested:
            print_line("\nStopped.")


def refuse_incomplete_settings(env: Mapping[str, str]) -> None:
    missing = [
        f"{name} is missing: {what}." for name, what in REQUIRED_SETTINGS.items() if not is_configured(env, name)
    ]
    if missing:
        raise LauncherError(
            "\n".join([*missing, "Set them in the environment or in .env; .env.example lists every name."])
        )
    missing_servers = [name for name in ("DATABASE_URL", "CELERY_BROKER_URL") if not is_configured(env, name)]
    vendor_host = (urlsplit(env.get("TENOVI_BASE_URL") or VENDOR_BASE_URL).hostname or "").rstrip(".")
    if missing_servers and (vendor_host == "tenovi.com" or vendor_host.endswith(".tenovi.com")):
        raise LauncherError(
            f"{' and '.join(missing_servers)} must name servers of yours: patient data never goes to embedded ones, "
            f"and TENOVI_BASE_URL is the vendor's own."
        )
