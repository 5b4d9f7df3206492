"""Optimistic locking of admin forms: a save on an outdated version is refused and shows what was changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.serializers import serialize
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from patients.admin_site.base import ScopedAdmin
from patients.models import AuditEvent


class OptimisticLockAdmin(ScopedAdmin):
    """The form carries a digest of the opened state. If it differs on save, nothing is saved and the page says why.

    The form then carries the newer digest and what was typed, so that saving again overwrites knowingly.
    """

    change_form_template = "admin/optimistic_lock_form.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (OptimisticLockForm, form), {"admin": self}) if change else form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if obj := context.get("original"):
            context["edit_version"] = self.edit_version(obj, context["adminform"].form.fields)
        return super().render_change_form(request, context, *args, **kwargs)

    def edit_version(self, obj: Model, names: Iterable[str]) -> str:
        """Digest of these fields and of the inline rows, as stored now."""
        stored = [serialize("json", [type(obj)._default_manager.get(pk=obj.pk)], fields=list(names))]
        stored += [serialize("json", rows) for _, rows in self.inline_rows(obj)]
        return hashlib.sha256("\n".join(stored).encode()).hexdigest()

    def inline_rows(self, obj: Model) -> list[tuple[str, Any]]:
        """(name, rows) of each inline."""
        found = []
        for inline in self.inlines:
            key = next(field for field in inline.model._meta.fields if field.related_model is self.model)
            rows = inline.model._default_manager.filter(**{key.name: obj.pk}).order_by("pk")
            found.append((str(inline.model._meta.verbose_name_plural), rows))
        return found


class OptimisticLockForm(forms.ModelForm):
    """Mixed into the change form of an existing record."""

    admin: OptimisticLockAdmin

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        # Locked: of two concurrent saves, one waits here and then reads what the other has saved.
        current = type(self.instance)._default_manager.select_for_update().get(pk=self.instance.pk)
        if self.data.get("edit_version") != self.admin.edit_version(current, self.fields):
            raise ValidationError(self.conflict_message(current))
        return cleaned

    def conflict_message(self, current: Model) -> str:
        now = [f"{self.fields[name].label}: {field_value_label(current, name)}" for name in self.changed_data]
        now += [f"{name}: {', '.join(map(str, rows)) or 'none'}" for name, rows in self.admin.inline_rows(current)]
        parts = [f"{last_editor_label(current)} after you had opened it.", "Nothing of yours is saved yet."]
        parts += [f"There now: {'; '.join(now)}."] if now else []
        return " ".join([*parts, "Save again to replace it with what is typed below."])


def last_editor_label(current: Model) -> str:
    target = f"{current._meta.model_name}:{current.pk}"
    last = AuditEvent.objects.filter(action=AuditEvent.Action.ADMIN_CHANGE, target=target).order_by("-at").first()
    if last is None:
        return "Another person has changed this"
    return f"{last.actor_email} has changed this on {date_format(timezone.localtime(last.at), 'M j, g:i A')},"


def field_value_label(obj: Any, name: str) -> str:
    if callable(display := getattr(obj, f"get_{name}_display", None)):
        return str(display())
    value = getattr(obj, name)
    if hasattr(value, "all"):
        return ", ".join(str(each) for each in value.all())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}.get(value, str(value))
