"""config.settings with three more addresses: what the receiver is compared with, under the same server."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
