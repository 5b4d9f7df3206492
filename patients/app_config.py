"""Base AppConfig: what an app declares for the permission table and the display texts of the admin and the audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from django.apps import AppConfig, apps

VIEW_ONLY = frozenset({"view"})
VIEW_AND_EDIT = frozenset({"view", "add", "change"})


class ProjectAppConfig(AppConfig):
    """Each app declares its own; the readers in patients merge what all installed apps declare.

    `admin_permissions`: what an administrator may do in the admin, verbs by lower-case model name.
    `page_labels`: names of pages by route name, for the audit.
    `target_labels`: names of audit targets that are no model, by kind.
    `field_labels`: labels in the admin by field name, where the field's own name says too little.
    """

    admin_permissions: ClassVar[Mapping[str, frozenset[str]]] = {}
    page_labels: ClassVar[Mapping[str, str]] = {}
    target_labels: ClassVar[Mapping[str, str]] = {}
    field_labels: ClassVar[Mapping[str, str]] = {}


def project_app_configs() -> Iterator[ProjectAppConfig]:
    return (config for config in apps.get_app_configs() if isinstance(config, ProjectAppConfig))
