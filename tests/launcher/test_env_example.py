"""`.env.example` is where an operator looks a name up, so it holds all of them and no other."""

import itertools
import re

from config.launcher.folders import ROOT

SETTING = re.compile(r"""\benv\.\w+\(\s*"([A-Z_]+)\"""")
ENVIRON = re.compile(r"""\bos\.environ(?:\.get\(|\[)"([A-Z_]+)\"""")
OTHERS = {"PORT", "BIND_HOST"}  # read by the launcher


def test_every_name_that_the_product_reads_is_explained():
    read = {
        name for file in ("settings.py", "celery.py") for name in SETTING.findall((ROOT / "config" / file).read_text())
    }
    read |= set(ENVIRON.findall((ROOT / "config" / "gunicorn.py").read_text())) | OTHERS

    assert set(explained()) == read


def test_every_name_has_a_comment_above_it_or_above_its_group():
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert not [line for above, line in itertools.pairwise(lines) if "=" in line and not above]


def explained():
    return re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
