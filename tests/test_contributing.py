"""The recipe of a nested app, followed in a copy of the project; then violations in it that the guards must detect."""

import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import databases
from tests.source_code import ROOT

pytestmark = pytest.mark.xdist_group("project copy")

APP = "patients/follow_ups"
EMPTY_FILES = (f"{APP}/__init__.py", f"{APP}/migrations/__init__.py", f"tests/{APP}/__init__.py")
STEP = re.compile(
    r"(?:New file `(?P<new>[\w./]+)`:"
    r"|In `(?P<edited>[\w./]+)`, (?P<place>below|above|at the end)(?: `(?P<anchor>[^`\n]+)`)?:)"
    r"[^\n]*\n\n```\w+\n(?P<code>.*?)```\n",
    re.DOTALL,
)
ROUTE_TEST = "test_route_for_permitted_role_succeeds_and_writes_audit_of_patient_view"
LABEL_TEST = "test_admin_change_page_uses_readable_labels_names_patient_and_writes_audit"
RECIPE_TESTS = (
    f"tests/{APP}",
    "tests/test_import_direction.py",
    "tests/test_language.py::test_app_code_uses_no_banned_language",
    "tests/test_code_sizes.py",
    "tests/test_docs.py::test_architecture_names_every_folder_of_the_code",
    "tests/test_route_permissions.py::test_every_route_declares_access_policy",
    "tests/patients/admin/test_base.py::test_admin_registers_every_project_model",
    "tests/patients/admin/test_base.py::test_administrator_has_view_permission_for_every_registered_model",
    "tests/test_admin_change_pages.py::test_audit_display_names_every_audited_route",
    f"tests/test_admin_change_pages.py::{LABEL_TEST}[follow_ups.FollowUp]",
    f"tests/test_route_permissions.py::{ROUTE_TEST}[patients/<uuid:patient_id>/follow-ups/-clinician here]",
)
# What `tests/test_fragment_queries.py` does with every page, with those of the nested app alone.
FRAGMENT_TEST = f"tests/{APP}/test_fragments.py"
FRAGMENT_TEST_CODE = """import pytest

from tests import test_fragment_queries
from tests.routes import list_routes

pytestmark = pytest.mark.django_db
sample_clinics, queries_by_fragment = test_fragment_queries.sample_clinics, test_fragment_queries.queries_by_fragment


def test_fragments_of_follow_up_pages_make_no_query(sample_clinics, queries_by_fragment):
    routes = [route for route in list_routes() if "follow-ups" in route.pattern]
    test_fragment_queries.open_pages(sample_clinics, routes)

    assert test_fragment_queries.fragments_with_queries(queries_by_fragment) == {}
    assert routes
"""

LONG_FUNCTION = "\ndef longest_function() -> int:\n    total = 0\n" + "    total += 1\n" * 60 + "    return total\n"
UNDECLARED_VIEW = """

def undeclared(request: HttpRequest) -> HttpResponse:
    from patients.models import Patient

    return HttpResponse(str(Patient.objects.count()))
"""
UNREGISTERED_MODEL = "\n\nclass Unregistered(models.Model):\n    seen_at = models.DateTimeField()\n"
UNLABELLED_FIELD = "seen_at = models.DateTimeField(null=True)\n    "
BAD_TEMPLATE_LINE = '  {% include "follow_ups/_open.html" %}{{ undefined_name }}\n'
QUERYING_FRAGMENT = "{% for follow_up in follow_ups.all %}{{ follow_up.pk }}{% endfor %}"
# File; text that it gets at its end, or text and the line before which to put it; the guards that must fail for it.
VIOLATIONS = [
    (
        f"{APP}/reports.py",
        "from measurements import units\n\n__all__ = ('units',)\n",
        {"test_imports_of_every_module_point_left"},
    ),
    (
        "patients/preferences.py",
        "\nfrom patients.follow_ups import reports  # noqa: E402, F401\n",
        {"test_imports_between_rooms_form_no_circle", "test_imports_between_modules_form_no_circle"},
    ),
    (
        f"{APP}/reports.py",
        '\nWORK = "devices.tasks.sync_catalogue"\n',
        {"test_strings_of_every_module_name_nothing_to_the_right"},
    ),
    (f"{APP}/reports.py", "\n# The door of the page.\n", {"test_app_code_uses_no_banned_language"}),
    (f"{APP}/reports.py", LONG_FUNCTION, {"test_function_sizes_stay_within_limits"}),
    (
        f"{APP}/views.py",
        UNDECLARED_VIEW,
        {
            "test_imports_inside_functions_do_not_exist",
            "test_patient_queries_outside_patients_use_queryset_methods_only",
        },
    ),
    (
        f"{APP}/urls.py",
        'urlpatterns += [path("undeclared/", views.undeclared, name="undeclared")]\n',
        {"test_every_route_declares_access_policy", "test_audit_display_names_every_audited_route"},
    ),
    (f"{APP}/models.py", UNREGISTERED_MODEL, {"test_admin_registers_every_project_model"}),
    (f"{APP}/models.py", (UNLABELLED_FIELD, "reason = models"), {LABEL_TEST}),
    (
        "templates/follow_ups/follow_up_page.html",
        (BAD_TEMPLATE_LINE, "  <ul>"),
        {ROUTE_TEST, "test_follow_up_page_lists_open_follow_ups"},
    ),
    (
        "templates/follow_ups/_open.html",
        QUERYING_FRAGMENT,
        {"test_fragments_of_follow_up_pages_make_no_query"},
    ),
]


class ProjectCopy:
    """A copy of the checkout with a database of its own on the server of this run."""

    def __init__(self, folder, database_url):
        self.folder = folder
        hidden = ("CSRF", "PYTEST_", "VITALS_TEST_STATE")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        self.environment |= {"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        self.environment[databases.MIGRATED_BEFORE_VARIABLE] = databases.migrated_database_name()

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *words):
        return subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def failed_tests(self, nodes):
        """Names of the tests that failed, without parameters."""
        done = self.run("-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--tb=line", *nodes)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return set(re.findall(r"^(?:FAILED|ERROR) \S+?::(\w+)", done.stdout, re.MULTILINE))


def apply_recipe(copy):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = text[text.index("## A nested app") : text.index("## A page")]
    for name in EMPTY_FILES:
        assert f"`{name}`" in recipe
        copy.write(name, "")
    steps = list(STEP.finditer(recipe))
    assert len(steps) == recipe.count("```") // 2 - 1  # the last block holds the commands
    for step in steps:
        if step["new"]:
            copy.write(step["new"], step["code"])
        else:
            copy.write(step["edited"], edited_text(copy.read(step["edited"]), step))
    for command in re.findall(r"^python (manage\.py .*)$", recipe, re.MULTILINE):
        done = copy.run(*command.split())
        assert done.returncode == 0, done.stdout + done.stderr


def edited_text(text, step):
    line = f"{step['anchor']}\n"
    if step["place"] == "at the end":
        return text + step["code"]
    if step["place"] == "above":
        return insert_before(text, step["code"], line)
    assert text.count(line) == 1, line
    return text.replace(line, line + step["code"])


def insert_before(text, added, line):
    assert text.count(line) == 1, line
    return text.replace(line, added + line)


@pytest.fixture(scope="module")
def project_copy(tmp_path_factory, django_db_setup):
    folder = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(ROOT, folder, ignore=lambda path, names: [name for name in names if is_left_out(path, name)])
    name = f"copy_{uuid.uuid4().hex[:8]}"
    address = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        copy = ProjectCopy(folder, address._replace(path=f"/{name}").geturl())
        apply_recipe(copy)
        yield copy
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def is_left_out(parent, name):
    """Virtual environments, caches of tools and other hidden folders; hidden files such as `.env.example` are copied.

    Bytecode is copied with the times of its sources, so that a thousand files need not be compiled anew; unfinished
    files of other processes, which vanish, are not.
    """
    if Path(parent).name == "__pycache__":
        return not name.endswith(".pyc")
    return name.startswith(".") and (Path(parent) / name).is_dir()


def test_contributing_recipe_of_nested_app_passes_its_test_and_all_guards(project_copy):
    assert project_copy.failed_tests(RECIPE_TESTS) == set()


def test_guards_detect_violations_in_nested_app(project_copy):
    project_copy.write(FRAGMENT_TEST, FRAGMENT_TEST_CODE)
    for name, change, _ in VIOLATIONS:
        text = project_copy.read(name) if (project_copy.folder / name).exists() else ""
        project_copy.write(name, text + change if isinstance(change, str) else insert_before(text, *change))
    assert project_copy.run("manage.py", "makemigrations", "follow_ups").returncode == 0

    assert project_copy.failed_tests(RECIPE_TESTS) == set().union(*(guards for _, _, guards in VIOLATIONS))
