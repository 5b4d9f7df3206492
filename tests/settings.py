"""config.settings in the tests' environment, for whatever loads settings before a test could: pytest-django, mypy."""

from tests import environment

environment.apply()

from config.settings import *  # noqa: E402, F403
