"""gunicorn's settings, in the demo as in production: `gunicorn --config config/gunicorn.py config.wsgi:application`."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

bind = os.environ.get("BIND", "127.0.0.1:8000")
worker_class = "config.gunicorn_worker.OverlappingReloadWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))

# Heartbeat of a worker, not of a request: gthread's threads may take longer without being killed.
timeout = 60
graceful_timeout = 8
keepalive = 5

# The proxy that may say "this was https" and, with TRUSTED_PROXY_COUNT, where the request came from.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")

# Long addresses and headers are refused before Python sees them; bodies are limited by the views.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# Addresses may hold a token (invitation, password reset), so requests are never logged; errors are.
accesslog = None
errorlog = "-"
loglevel = os.environ.get("WEB_LOG_LEVEL", "warning")

control_socket_disable = True  # it would lie in the home folder and collide with a second clone's
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  a heartbeat file, never data

# The same JSON lines as everywhere else; a request's address, which an error of the server would quote, is left out.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.json_logging.JsonLogFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": [], "level": "WARNING"},
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": loglevel.upper(), "propagate": False},
        "gunicorn.access": {"handlers": [], "propagate": False},
    },
}

# Shared folder of the web processes' Prometheus counters. A reload reads this file again and reuses the folder.
METRICS_FOLDER_VARIABLE, METRICS_FOLDER_PREFIX = "PROMETHEUS_MULTIPROC_DIR", "vitals-counts-"
if METRICS_FOLDER_VARIABLE not in os.environ:
    os.environ[METRICS_FOLDER_VARIABLE] = tempfile.mkdtemp(prefix=METRICS_FOLDER_PREFIX)


def on_reload(server: Any) -> None:
    from config.gunicorn_worker import record_reload

    record_reload(server.worker_age)


def post_worker_init(worker: Any) -> None:
    from config.gc_tuning import freeze_and_tune_gc
    from config.gunicorn_worker import record_started

    freeze_and_tune_gc()  # of the product, which the worker has loaded by now and the master never does
    record_started(worker.age)


def on_exit(server: Any) -> None:  # noqa: ARG001  gunicorn's signature
    if Path(os.environ[METRICS_FOLDER_VARIABLE]).name.startswith(METRICS_FOLDER_PREFIX):
        shutil.rmtree(os.environ[METRICS_FOLDER_VARIABLE], ignore_errors=True)
