from __future__ import annotations

from django.urls import path

from patients.enrollment import views

app_name = "enrollment"
urlpatterns = [
    path("new/", views.new_patient, name="new"),
    path("new/address/", views.address_hint, name="address_hint"),
    path("<uuid:patient_id>/edit/", views.edit_patient, name="edit"),
    path("<uuid:patient_id>/discharge/", views.discharge_patient, name="discharge"),
    path("<uuid:patient_id>/readmit/", views.readmit_patient, name="readmit"),
]
