"""Who changes alert rules: a patient's clinicians; a clinic's administrators, and clinicians whom they name."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from patients.models import Clinic, Role, User
from patients.permissions import Permission, has_permission


def may_change_clinic_rules(user: User, clinic: Clinic) -> bool:
    if not has_permission(user, Permission.CHANGE_CLINIC_RULES) or not user.clinics.filter(pk=clinic.pk).exists():
        return False
    return user.role == Role.ADMINISTRATOR or clinic.rule_editors.filter(pk=user.pk).exists()


def require_rule_editor(user: User, clinic: Clinic) -> None:
    if not may_change_clinic_rules(user, clinic):
        raise PermissionDenied("A clinic's administrators change its alert rules, and clinicians whom they name.")
