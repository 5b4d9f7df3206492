from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from config.demo_mails import demo_mails
from devices.monitoring import views
from fulfillment.webhooks import FulfillmentWebhook, SpecialOrderWebhook
from measurements.webhooks import MeasurementWebhook
from patients.accounts.views import redirect_home

urlpatterns = [
    path("", redirect_home, name="home"),
    path("healthz/", views.health_check, name="health"),
    path("healthz/deep", views.deep_health_check, name="health_deep"),
    path("metrics", views.prometheus_metrics, name="metrics"),
    path("accounts/", include("patients.accounts.urls")),
    path("admin/", admin.site.urls),
    # With and without the last slash: a redirect would lose the vendor's POST.
    re_path(r"^hooks/tenovi/measurements/?$", MeasurementWebhook.as_view(), name="webhook_measurements"),
    re_path(r"^hooks/tenovi/fulfillment/?$", FulfillmentWebhook.as_view(), name="webhook_fulfillment"),
    re_path(r"^hooks/tenovi/orders/?$", SpecialOrderWebhook.as_view(), name="webhook_special_orders"),
    path("orders/", include("fulfillment.urls")),
    path("exceptions/", include("fulfillment.worklist.urls")),
    path("replacements/", include("fulfillment.replacements.urls")),
    path("special-orders/", include("fulfillment.special_orders.urls")),
    path("patients/", include("patients.enrollment.urls")),
    path("imports/", include("patients.imports.urls")),
    path("", include("patients.care.urls")),
    path("", include("patients.time_sessions.urls")),
    path("", include("patients.programmes.urls")),
    path("", include("measurements.alerts.rule_pages.urls")),
    path("patients/", include("measurements.urls")),
    path("patients/", include("measurements.reports.urls")),
    path("patients/", include("measurements.comparison.urls")),
    path("patients/", include("measurements.timeline.urls")),
    path("patients/", include("measurements.activity.urls")),
    path("accounts/alert-messages/", include("measurements.alerts.messages.urls")),
    path("triage/", include("measurements.triage.urls")),
    path("", include("measurements.clinic_report.urls")),
    path("", include("measurements.billing.urls")),
    path("", include("measurements.billing_audit.urls")),
    path("patients/", include("measurements.adherence.urls")),
    path("patients/", include("measurements.billing.time_pages.urls")),
    path("devices/", include("devices.urls")),
]
if settings.DEMO:
    urlpatterns.append(path("demo/mails/", demo_mails, name="demo_mails"))

handler500 = "config.error_views.server_error_page"
