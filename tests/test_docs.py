"""What the documents name exists: commands, targets, files, folders, admin lists, environment variables."""

import itertools
import re

import pytest
from django.contrib.admin.sites import site
from django.core.management import get_commands
from django.utils.module_loading import import_string

from tests.config.test_env_example import example_names, example_values
from tests.source_code import ROOT, product_modules, top_level_packages

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
# README's table is for setting up a clinic; these tune machines or serve tests. `.env.example` has all.
TUNING_VARIABLES = {
    *("LEASE_SECONDS", "SWEEP_SECONDS", "BODY_SECONDS", "FORWARDED_ALLOW_IPS", "PORT", "BIND_HOST", "BIND"),
    *("WEB_CONCURRENCY", "WEB_THREADS", "WEB_LOG_LEVEL", "STATIC_ROOT", "STATIC_COMPRESS"),
    *("INSECURE_HTTP", "DEMO", "STATIC_MANIFEST", "ALLOW_CARELESS_DATABASE"),
}
# Django's and the tests' own, and the form that any of them may be given in.
OTHER_VARIABLES = {"ATOMIC_REQUESTS", "FUZZ_SEED", "WRITE_DOCS", "NAME_FILE"}
CONTRIBUTING = "CONTRIBUTING.md"  # names constants of the code, and files that its reader is to create


def find_in_documents(pattern):
    """(path of the document, what it names)."""
    texts = ((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in DOCUMENTS)
    return sorted({(path, name) for path, text in texts for name in re.findall(pattern, text)})


def test_readme_environment_table_lists_exactly_the_clinic_settings():
    table = (ROOT / "README.md").read_text().partition("| name | meaning |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([A-Z_]+)`", table))

    assert named == set(example_names()) - TUNING_VARIABLES
    assert set(example_names()) >= TUNING_VARIABLES


def test_readme_environment_table_shows_defaults():
    row = re.compile(r"^\| (`[A-Z_`, ]+`) \| ([\d.]+(?:(?:,| and) [\d.]+)*)\b", re.MULTILINE)
    shown = []
    for names, figures in row.findall((ROOT / "README.md").read_text()):
        shown += zip(re.findall(r"[A-Z_]+", names), re.split(r", | and ", figures), strict=True)

    assert len(shown) >= 5
    assert shown == [(name, example_values()[name]) for name, _ in shown]


def test_docs_mention_only_known_environment_variables():
    found = find_in_documents(r"`([A-Z][A-Z_]{3,})`")
    named = {name for path, name in found if path != CONTRIBUTING} - OTHER_VARIABLES

    assert {name.removesuffix("_FILE") for name in named} <= set(example_names())


def test_docs_mention_only_existing_management_commands():
    named = {name for _, name in find_in_documents(r"manage\.py ([a-z_]+)")}

    assert {"register_webhooks", "sync", "rotate_mfa_keys"} <= named
    assert named <= set(get_commands())


def test_docs_mention_only_existing_make_targets():
    targets = re.search(r"^TARGETS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()

    assert {name for _, name in find_in_documents(r"`make ([a-z-]+)")} <= {*targets, "TARGET"}


@pytest.mark.parametrize(("paper", "link"), find_in_documents(r"\]\(([^)#]+?)(?:#[^)]*)?\)"))
def test_docs_links_have_existing_targets(paper, link):
    assert link.startswith("https://") or ((ROOT / paper).parent / link).exists()


def test_docs_mention_only_existing_admin_lists():
    named = {
        name
        for paper, name in find_in_documents(r"[Aa]dmin(?:, | under )\*([A-Z][a-z ]+)\*")
        if paper == "docs/operations.md"
    }
    titles = {str(model._meta.verbose_name_plural).capitalize() for model in site._registry}

    assert len(named) > 2
    assert named <= titles


@pytest.mark.parametrize(("paper", "name"), find_in_documents(rf"`((?:{'|'.join(top_level_packages())})\.[a-z_.]+)`"))
def test_docs_mention_only_existing_modules_and_functions(paper, name):
    inside = itertools.accumulate(name.split("."), "{}.{}".format)

    assert name in product_modules() or any(each in product_modules() for each in inside)
    if name not in product_modules():
        import_string(name)


@pytest.mark.parametrize(("paper", "path"), find_in_documents(r"`((?:tests|docs|config)/[\w/.]+)`"))
def test_docs_mention_only_existing_files(paper, path):
    assert (ROOT / path).exists() or (paper == CONTRIBUTING and "/follow_ups/" in path)


def test_architecture_names_every_folder_of_the_code():
    """Folders of models, template tags and commands are the same in every app."""
    named = {name for _, name in find_in_documents(r"`([a-z_/]+)/`")}
    folders = {module.path.parent.relative_to(ROOT).as_posix() for module in product_modules().values()}
    usual = re.compile(r"/(models|templatetags|management|formats)(/|$)|^devices/simulator/")

    assert {folder for folder in folders if not usual.search(folder)} - named == set()
