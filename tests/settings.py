"""config.settings in the tests' environment, for pytest-django and mypy, which load settings before any test."""

from tests import environment

environment.apply_environment()

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, TEMPLATES  # noqa: E402
from tests.timeouts import WAIT_TIMEOUT_SECONDS  # noqa: E402
from tests.undefined_variables import FailOnUndefinedVariable  # noqa: E402

TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = FailOnUndefinedVariable("%s")

# A server whose processor others keep busy takes longer to let a page's thread in, which then shows a 503.
DATABASES["default"]["OPTIONS"]["connect_timeout"] = WAIT_TIMEOUT_SECONDS

# A good hash is slow on purpose; tests need a fast one.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
