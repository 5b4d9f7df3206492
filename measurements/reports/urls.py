from __future__ import annotations

from django.urls import path

from measurements.reports import views

app_name = "reports"
urlpatterns = [
    path("<uuid:patient_id>/record-text/", views.record_text, name="record_text"),
    path("<uuid:patient_id>/report/", views.report_page, name="report"),
    path("<uuid:patient_id>/report.pdf", views.report_pdf, name="pdf"),
]
