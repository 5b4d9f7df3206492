"""The product's own source, parsed: its apps, modules, imports and the names that strings hold."""

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
EDGE_PACKAGE = "config"
DOTTED_NAME = re.compile(r"([a-z_]\w*)(?:\.\w+)+")


def is_inside_project(path):
    """Inside this checkout, and not in a hidden folder of it such as `.venv`."""
    path = Path(path)
    return path.is_relative_to(ROOT) and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)


@functools.cache
def product_apps():
    """Dotted package by app label, nested apps included."""
    return {config.label: config.name for config in apps.get_app_configs() if is_inside_project(config.path)}


def top_level_packages():
    return sorted({name.split(".")[0] for name in product_apps().values()} | {EDGE_PACKAGE})


@dataclass(frozen=True)
class Module:
    name: str
    path: Path

    @functools.cached_property
    def text(self):
        return self.path.read_text(encoding="utf-8")

    @functools.cached_property
    def tree(self):
        return ast.parse(self.text)

    @property
    def app(self):
        """The top-level package."""
        return self.name.split(".")[0]

    @property
    def room(self):
        """The folder, nested app or flat module inside its top-level package: `patients.audit`."""
        return room_of(self.name)

    @property
    def package(self):
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


def room_of(name):
    return ".".join(name.split(".")[:2])


@functools.cache
def product_modules():
    """Every module of the product but its migrations, by dotted name."""
    files = (path for package in top_level_packages() for path in sorted((ROOT / package).rglob("*.py")))
    named = (Module(dotted_name(path), path) for path in files if "migrations" not in path.parts)
    return {module.name: module for module in named}


def dotted_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(module, node=None):
    """Dotted names of our own modules that this one imports, wherever in it (or under `node` only)."""
    found = set()
    for statement in ast.walk(node or module.tree):
        if isinstance(statement, ast.Import):
            found.update(alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            found.update(names_imported_from(module, statement))
    return {name for name in found if name.split(".")[0] in (*top_level_packages(), "tests")}


def type_only_imports(module):
    """Dotted names that are imported under `if TYPE_CHECKING`, for annotations alone."""
    blocks = [
        node for node in module.tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    return {name for block in blocks for name in imported_modules(module, block)}


def names_imported_from(module, statement):
    base = statement.module or ""
    if statement.level:
        package = module.package.split(".")
        base = ".".join([*package[: len(package) - statement.level + 1], *filter(None, [base])])
    for alias in statement.names:
        inner = f"{base}.{alias.name}"
        yield inner if inner in product_modules() else base


def string_constants(module):
    """Strings of the code: docstrings are prose and left out."""
    docstrings = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


@functools.cache
def table_pattern():
    """Finds the database tables of the product's apps in SQL."""
    tables = sorted(model._meta.db_table for model in apps.get_models() if model._meta.app_label in product_apps())
    return re.compile(rf"\b({'|'.join(tables)})\b")


@functools.cache
def package_by_table():
    return {model._meta.db_table: product_apps().get(model._meta.app_label) for model in apps.get_models()}


def packages_named_in_string(text):
    """Packages of the modules, tasks, models ("app.Model", "app.permission_model") and tables that a string names."""
    if match := DOTTED_NAME.fullmatch(text):
        first = match[1]
        if first in product_apps():
            yield text if product_apps()[first] == first else f"{product_apps()[first]}.{text.partition('.')[2]}"
        elif first in top_level_packages():
            yield text
    yield from (package_by_table()[table] for table in table_pattern().findall(text))
