"""What the audit keeps by names that never change, said as people say it: pages, records, details."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from patients.models import Role

PAGE_LABELS = {
    "home": "the first page",
    "account_accept_invitation": "accepting an invitation",
    "account_change_password": "change of the password",
    "account_login": "sign-in",
    "account_logout": "sign-out",
    "account_reauthenticate": "confirming by the password",
    "account_reset_password": "forgotten password",
    "account_reset_password_from_key": "link of a forgotten password",
    "mfa_activate_totp": "setting up an app",
    "mfa_add_webauthn": "adding a passkey",
    "mfa_authenticate": "second step of signing in",
    "mfa_deactivate_totp": "removing the app",
    "mfa_download_recovery_codes": "recovery codes as a file",
    "mfa_edit_webauthn": "renaming a passkey",
    "mfa_generate_recovery_codes": "new recovery codes",
    "mfa_index": "second step of one's own account",
    "mfa_reauthenticate": "confirming by the second step",
    "mfa_reauthenticate_webauthn": "confirming by a passkey",
    "mfa_remove_webauthn": "removing a passkey",
    "mfa_view_recovery_codes": "recovery codes",
    "patients:list": "list of patients",
    "patients:list_live": "list of patients, kept up to date",
    "patients:list_preferences": "filters of the list of patients",
    "enrollment:new": "new patient",
    "patients:page": "patient",
    "patients:live": "patient, kept up to date",
    "patients:date_range": "patient, free dates",
    "patients:day_readings": "patient, readings behind a band",
    "enrollment:edit": "patient, edit",
    "enrollment:discharge": "patient, discharge",
    "enrollment:readmit": "patient, back under care",
    "patients:print": "patient, print view",
    "patients:record_print": "patient, printed from the browser",
    "patients:preview": "preview in the list of patients",
    "patients:readings_csv": "patient, readings as a file",
    "patients:thresholds": "patient, goals",
    "patients:save_thresholds": "patient, goals saved",
    "patients:reading": "reading",
    "patients:exclude": "reading, excluded",
    "patients:undo_exclusion": "reading, counted again",
    "patients:units": "units",
    "orders:list": "list of orders",
    "orders:list_live": "list of orders, kept up to date",
    "orders:new": "new order",
    "orders:page": "order",
    "orders:live": "order, kept up to date",
    "orders:end_for_patient": "end of monitoring",
    "orders:end_for_device": "end of monitoring with one device",
    "orders:call": "call that somebody must decide",
    "orders:call_live": "call that somebody must decide, kept up to date",
    "orders:resolve_call": "call that somebody must decide, decided",
    "orders:cancel": "ordered device, cancelled",
    "orders:close": "ordered device, closed",
    "orders:correct": "ordered device, corrected",
    "devices:list": "list of devices",
    "devices:list_live": "list of devices, kept up to date",
    "devices:page": "device",
    "devices:live": "device, kept up to date",
    "devices:refresh": "device, asked about at the vendor",
    "devices:gateway": "gateway",
    "devices:gateway_live": "gateway, kept up to date",
    "devices:gateway_refresh": "gateway, asked about at the vendor",
    "admin:index": "administration",
    "admin:app_list": "administration, part of the first page",
    "admin:patients_auditevent_search": "administration, search of the audit",
    "admin:devices_syncrun_start": "administration, comparison started",
    "admin:devices_unknown_device_list": "administration, unknown devices",
    "admin:devices_unknown_device": "administration, an unknown device",
    "admin:measurements_clinic_thresholds": "administration, goals of a clinic",
}
ADMIN_VIEW_LABELS = {
    "changelist": "list of {}",
    "change": "{}",
    "add": "new {}",
    "history": "history of {}",
    "delete": "{}",
}
# Records that the audit names otherwise than their model.
TARGET_KIND_LABELS = {"line": "ordered device", "reading": "reading", "sync": "comparison", "audit": "audit"}


def page_label(route: str) -> str:
    """ "patients:preview" to "preview in the list of patients"; a route that nobody has named stays as it is."""
    if route in PAGE_LABELS:
        return PAGE_LABELS[route]
    model, view = parse_admin_route(route)
    if model is None or view not in ADMIN_VIEW_LABELS:
        return route
    name = model._meta.verbose_name_plural if view == "changelist" else model._meta.verbose_name
    return "administration, " + ADMIN_VIEW_LABELS[view].format(name)


def target_label(target: str) -> str:
    """ "syncrow:40" to "compared patient 40"; "syncrow", a list of them, to "compared patients"."""
    kind, _, pk = target.partition(":")
    model = next((model for model in project_models() if model._meta.model_name == kind), None)
    if model is None:
        return f"{TARGET_KIND_LABELS.get(kind, kind)} {pk}".strip()
    return f"{model._meta.verbose_name} {pk}" if pk else str(model._meta.verbose_name_plural)


def role_label(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role


def format_details(details: dict[str, Any]) -> str:
    """Names of fields, counts and opaque ids, which is all that details hold."""
    return "; ".join(f"{name.replace('_', ' ')}: {format_detail_value(value)}" for name, value in details.items())


def format_detail_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(format_detail_value(entry) for entry in value) or "none"
    return format_details(value) if isinstance(value, dict) else str(value)


def parse_admin_route(route: str) -> tuple[Any, str]:
    names = route.removeprefix("admin:").rsplit("_", 2)  # an app label may contain underscores
    if not route.startswith("admin:") or len(names) != 3:
        return None, ""
    app, model, view = names
    return next(
        (one for one in project_models() if (one._meta.app_label, one._meta.model_name) == (app, model)), None
    ), view


def project_models() -> list[Any]:
    """Of this project's apps, nested ones included."""
    own = ("patients", "devices", "measurements", "fulfillment")
    return [model for config in apps.get_app_configs() if config.name.startswith(own) for model in config.get_models()]
