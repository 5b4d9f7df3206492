from __future__ import annotations

from django.urls import path

from measurements.billing_audit import views

app_name = "billing_audit"
urlpatterns = [path("billing/audit/", views.audit_page, name="page")]
