"""What the papers name is there: commands, targets, files, lists of the admin, names of the environment."""

import itertools
import re

import pytest
from django.contrib.admin.sites import site
from django.core.management import get_commands
from django.utils.module_loading import import_string

from tests.launcher.test_env_example import example, explained
from tests.source import PACKAGES, ROOT, modules

PAPERS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
# The table of README is for who sets up a clinic, these for who tunes machines, and for tests. `.env.example` has all.
TUNING = {
    *("LEASE_SECONDS", "SWEEP_SECONDS", "BODY_SECONDS", "FORWARDED_ALLOW_IPS", "PORT", "BIND_HOST", "BIND"),
    *("WEB_CONCURRENCY", "WEB_THREADS", "WEB_LOG_LEVEL", "STATIC_ROOT", "STATIC_COMPRESS"),
    *("INSECURE_HTTP", "DEMO", "STATIC_MANIFEST", "ALLOW_CARELESS_DATABASE"),
}
# Django's, the tests' own, and how any of them may be given.
OTHERS = {"ATOMIC_REQUESTS", "FUZZ_SEED", "WRITE_DOCS", "NAME_FILE"}


def found(pattern):
    """(paper, what it names)."""
    texts = ((paper, paper.read_text(encoding="utf-8")) for paper in PAPERS)
    return sorted({(paper.name, name) for paper, text in texts for name in re.findall(pattern, text)})


def test_the_table_of_the_environment_names_what_a_clinic_sets_and_nothing_else():
    table = (ROOT / "README.md").read_text().partition("| name | meaning |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([A-Z_]+)`", table))

    assert named == set(explained()) - TUNING
    assert set(explained()) >= TUNING


def test_figures_of_that_table_are_the_defaults():
    row = re.compile(r"^\| (`[A-Z_`, ]+`) \| ([\d.]+(?:(?:,| and) [\d.]+)*)\b", re.MULTILINE)
    told = []
    for names, figures in row.findall((ROOT / "README.md").read_text()):
        told += zip(re.findall(r"[A-Z_]+", names), re.split(r", | and ", figures), strict=True)

    assert len(told) >= 5
    assert told == [(name, example()[name]) for name, _ in told]


def test_no_paper_names_an_environment_that_nobody_reads():
    named = {name for _, name in found(r"`([A-Z][A-Z_]{3,})`")} - OTHERS

    assert {name.removesuffix("_FILE") for name in named} <= set(explained())


def test_each_command_that_a_paper_names_is_there():
    named = {name for _, name in found(r"manage\.py ([a-z_]+)")}

    assert {"register_webhooks", "sync", "rotate_mfa_keys"} <= named
    assert named <= set(get_commands())


def test_each_target_of_make_is_there():
    targets = re.search(r"^TARGETS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()

    assert {name for _, name in found(r"`make ([a-z-]+)")} <= {*targets, "TARGET"}


@pytest.mark.parametrize(("paper", "link"), found(r"\]\(([^)#]+?)(?:#[^)]*)?\)"))
def test_each_link_leads_somewhere(paper, link):
    folder = ROOT if (ROOT / paper).exists() else ROOT / "docs"

    assert link.startswith("https://") or (folder / link).exists()


def test_each_list_of_the_admin_that_operators_are_sent_to_is_called_so():
    named = {name for paper, name in found(r"[Aa]dmin(?:, | under )\*([A-Z][a-z ]+)\*") if paper == "operations.md"}
    titles = {str(model._meta.verbose_name_plural).capitalize() for model in site._registry}

    assert len(named) > 2
    assert named <= titles


@pytest.mark.parametrize(("paper", "name"), found(rf"`((?:{'|'.join(PACKAGES)})\.[a-z_.]+)`"))
def test_each_module_or_function_that_a_paper_names_is_there(paper, name):
    inside = itertools.accumulate(name.split("."), "{}.{}".format)

    assert name in modules() or any(each in modules() for each in inside)
    if name not in modules():
        import_string(name)


@pytest.mark.parametrize(("paper", "path"), found(r"`((?:tests|docs|config)/[\w/.]+)`"))
def test_each_file_that_a_paper_names_is_there(paper, path):
    assert (ROOT / path).exists()
