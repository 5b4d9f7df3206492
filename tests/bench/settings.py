"""config.settings with the URLs of the baseline views, under the same server."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
