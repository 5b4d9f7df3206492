from __future__ import annotations

from django.urls import path

from patients.enrollment import views

app_name = "enrollment"
urlpatterns = [
    path("new/", views.new, name="new"),
    path("<uuid:patient_id>/edit/", views.edit, name="edit"),
    path("<uuid:patient_id>/discharge/", views.discharge, name="discharge"),
    path("<uuid:patient_id>/readmit/", views.readmit, name="readmit"),
]
