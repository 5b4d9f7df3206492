from __future__ import annotations

from django.contrib import admin
from django.urls import path, re_path
from django.views.generic import RedirectView

from measurements.webhooks import MeasurementWebhook
from patients.access import public

urlpatterns = [
    path("", public(RedirectView.as_view(url="/patients/")), name="home"),
    path("admin/", admin.site.urls),
    # With and without the last slash: a redirect would lose the vendor's POST.
    re_path(r"^hooks/tenovi/measurements/?$", MeasurementWebhook.as_view(), name="hook_measurements"),
]
