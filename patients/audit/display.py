"""Display texts of the audit: pages, records and details, which audit events store by stable names."""

from __future__ import annotations

from typing import Any

from patients.app_config import project_app_configs
from patients.models import Role

ADMIN_VIEW_LABELS = {
    "changelist": "list of {}",
    "change": "{}",
    "add": "new {}",
    "history": "history of {}",
    "delete": "{}",
}


def page_label(route: str) -> str:
    """ "enrollment:new" to "new patient"; a route without a label stays as it is."""
    for config in project_app_configs():
        if route in config.page_labels:
            return config.page_labels[route]
    model, view = parse_admin_route(route)
    if model is None or view not in ADMIN_VIEW_LABELS:
        return route
    name = model._meta.verbose_name_plural if view == "changelist" else model._meta.verbose_name
    return "administration, " + ADMIN_VIEW_LABELS[view].format(name)


def target_label(target: str) -> str:
    """ "user:12" to "person 12"; "user", a list of them, to "people"."""
    kind, _, pk = target.partition(":")
    for config in project_app_configs():
        if kind in config.target_labels:
            return f"{config.target_labels[kind]} {pk}".strip()
    model = next((model for model in project_models() if model._meta.model_name == kind), None)
    if model is None:
        return f"{kind} {pk}".strip()
    return f"{model._meta.verbose_name} {pk}" if pk else str(model._meta.verbose_name_plural)


def role_label(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role


def format_details(details: dict[str, Any]) -> str:
    """Names of fields, counts, opaque ids and days, which is all that details hold."""
    return "; ".join(f"{name.replace('_', ' ')}: {format_detail_value(value)}" for name, value in details.items())


def format_detail_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(format_detail_value(entry) for entry in value) or "none"
    return format_details(value) if isinstance(value, dict) else str(value)


def parse_admin_route(route: str) -> tuple[Any, str]:
    """ "admin:patients_user_change" to the model and "change"; no model for any other route."""
    names = route.removeprefix("admin:").rsplit("_", 2)  # an app label may contain underscores
    if not route.startswith("admin:") or len(names) != 3:
        return None, ""
    app, name, view = names
    found = (model for model in project_models() if (model._meta.app_label, model._meta.model_name) == (app, name))
    return next(found, None), view


def project_models() -> list[Any]:
    return [model for config in project_app_configs() for model in config.get_models()]
