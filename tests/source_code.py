"""The product's own source, parsed, for tests about its shape."""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("patients", "devices", "measurements", "fulfillment")
PACKAGES = ("config", *APPS)


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
        return self.name.split(".")[0]

    @property
    def package(self):
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


@functools.cache
def product_modules():
    """Every module of the product but its migrations, by dotted name."""
    files = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
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
    return {name for name in found if name.split(".")[0] in (*PACKAGES, "tests")}


def names_imported_from(module, statement):
    base = statement.module or ""
    if statement.level:
        package = module.package.split(".")
        base = ".".join([*package[: len(package) - statement.level + 1], *filter(None, [base])])
    for alias in statement.names:
        inner = f"{base}.{alias.name}"
        yield inner if inner in product_modules() else base
