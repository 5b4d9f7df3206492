"""Permissions-Policy of pages on which a barcode is scanned: the camera is switched off everywhere else."""

from __future__ import annotations

from django.conf import settings
from django_permissions_policy.decorators import permissions_policy_override

# View decorator. All other features stay as on every page; the pictures never leave the browser.
camera_allowed = permissions_policy_override({**settings.PERMISSIONS_POLICY, "camera": ["self"]})
