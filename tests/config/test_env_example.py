"""`.env.example` is where an operator looks a name up, so it holds all of them and no other."""

import ast
import itertools
import re

from config.launcher.paths import ROOT
from config.settings import VENDOR_BASE_URL

SETTING = re.compile(r"""\benv\.\w+\(\s*"([A-Z_]+)\"""")
ENVIRON = re.compile(r"""\bos\.environ(?:\.get\(|\[)"([A-Z_]+)\"""")
OTHERS = {"PORT", "BIND_HOST"}  # read by the launcher


def test_env_example_lists_exactly_the_variables_the_product_reads():
    read = {
        name for file in ("settings.py", "celery.py") for name in SETTING.findall((ROOT / "config" / file).read_text())
    }
    read |= set(ENVIRON.findall((ROOT / "config" / "gunicorn.py").read_text())) | OTHERS

    assert set(example_names()) == read


def test_env_example_has_comment_for_every_variable_or_group():
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert not [line for above, line in itertools.pairwise(lines) if "=" in line and not above]


def test_env_example_values_are_the_defaults():
    shown, defaults = (
        example_values(),
        dict(itertools.chain.from_iterable(map(env_defaults_in, ("settings.py", "celery.py")))),
    )
    # What differs is an example of a deployment's own value, such as its address.
    clinics_own = {"ALLOWED_HOSTS", "SITE_URL", "CELERY_BROKER_URL", "DEFAULT_FROM_EMAIL", "STATIC_ROOT"}

    assert len(defaults) > 25
    assert {name: shown[name] for name in defaults.keys() - clinics_own} == {
        name: format_default(value) for name, value in defaults.items() if name not in clinics_own
    }


def env_defaults_in(file):
    """(name, default) of each `env.kind(name, default=...)`."""
    tree = ast.parse((ROOT / "config" / file).read_text())
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("env."):
            yield from ((call.args[0].value, each.value) for each in call.keywords if each.arg == "default")


def format_default(default):
    if isinstance(default, ast.Name):
        return {"VENDOR_BASE_URL": VENDOR_BASE_URL}[default.id]
    value = ast.literal_eval(default)
    if isinstance(value, list):
        return ",".join(value)
    return value if isinstance(value, str) else f"{value:g}"


def example_values():
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))


def example_names():
    return re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
