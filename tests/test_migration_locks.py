"""Migrations lock no large table for long: readings and webhooks arrive while they run, and pages are open."""

import importlib
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import connection
from django.db.migrations.operations import AddConstraint, AddIndex, CreateModel

from tests.source_code import product_apps

LARGE = {"auditevent", "measurement", "readingday", "delivery", "syncrow", "noteversion"}


def migrations_of(label):
    """Operations of each migration of an app, by name and in order."""
    names = sorted(file.stem for file in Path(apps.get_app_config(label).path, "migrations").glob("0*.py"))
    package = f"{product_apps()[label]}.migrations"
    return {name: importlib.import_module(f"{package}.{name}").Migration.operations for name in names}


def locking_operations(operations):
    """Those that read a whole large table while it is locked."""
    new = {operation.name.lower() for operation in operations if isinstance(operation, CreateModel)}
    return [
        operation.describe()
        for operation in operations
        if isinstance(operation, AddConstraint | AddIndex)
        and not isinstance(operation, AddConstraintNotValid | AddIndexConcurrently)
        and operation.model_name_lower in LARGE - new
    ]


@pytest.mark.parametrize("label", sorted(product_apps()))
def test_migrations_of_an_app_lock_no_large_table_for_long(label):
    migrations = migrations_of(label).items()
    assert {name: found for name, operations in migrations if (found := locking_operations(operations))} == {}


@pytest.mark.django_db
def test_migrations_validate_each_constraint_in_the_end():
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated")
        assert cursor.fetchall() == []
