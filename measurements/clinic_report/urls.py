from __future__ import annotations

from django.urls import path

from measurements.clinic_report import views

app_name = "clinic_report"
urlpatterns = [
    path("clinic-report/", views.report_page, name="page"),
    path("clinic-report.csv", views.report_csv, name="csv"),
    path("clinic-report.xlsx", views.report_xlsx, name="xlsx"),
]
