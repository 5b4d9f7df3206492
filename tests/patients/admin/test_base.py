"""What holds for every record in the admin, the next one included."""

import ast

import pytest
from django.apps import apps
from django.contrib.admin.sites import site

from patients.admin_site.base import ReadOnlyAdmin
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from tests.source_code import product_apps, product_modules

OPAQUE = {
    "id",
    "pk",
    "hwi_id",
    "reference",
    "hardware_uuid",
    "hardware_id",
    "request_id",
    "target",
    "email",
    "sensor_id",
    "bucket",
}


@pytest.mark.parametrize("entry", list(site._registry.values()), ids=str)
def test_model_admin_is_scoped_without_delete_and_searches_opaque_ids_only(entry, rf, ada):
    request = rf.get("/")
    request.user = ada
    assert isinstance(entry, ReadOnlyAdmin | OptimisticLockAdmin), "a second editor would overwrite the first"
    assert "delete_selected" not in entry.get_actions(request)
    assert not entry.has_delete_permission(request)
    if entry.clinic_path:
        assert {path.lstrip("=^@").split("__")[-1] for path in entry.search_fields} <= OPAQUE


# Stored for lists and pages, and derived from readings and approvals, which the admin has.
DERIVED = {
    *("measurements.LatestReading", "measurements.PatientSummary", "measurements.ReadingDay", "billing.EvidenceFile"),
}


def test_admin_registers_every_project_model():
    shown = set(site._registry) | {inline.model for entry in site._registry.values() for inline in entry.inlines}
    ours = {model for model in apps.get_models() if model._meta.app_label in product_apps()}

    assert {model._meta.label for model in ours - shown} == DERIVED


def test_administrator_has_view_permission_for_every_registered_model(ada):
    unseen = [
        model._meta.label
        for model in site._registry
        if not ada.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    ]

    assert unseen == [], "patients/accounts/auth_backends.py names no verbs for these"


def test_model_admin_classes_store_no_request_state():
    """One ModelAdmin serves all threads: what one request left there, another person's page would show."""
    stored = [
        f"{module.name}:{node.lineno}"
        for module in product_modules().values()
        if any(part.startswith("admin") for part in module.name.split("."))
        for admin in ast.walk(module.tree)
        if isinstance(admin, ast.ClassDef) and admin.name.endswith("Admin")
        for node in ast.walk(admin)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    ]

    assert stored == []
