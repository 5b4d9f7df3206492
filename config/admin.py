from django.contrib.admin.apps import AdminConfig


class VitalsAdminConfig(AdminConfig):
    """django.contrib.admin with our own site: sign-in, sign-out and passwords are allauth's."""

    default_site = "patients.admin_site.site.VitalsAdminSite"
