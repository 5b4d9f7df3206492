from __future__ import annotations

from django.urls import path

from measurements.adherence import views

app_name = "adherence"
urlpatterns = [
    path("<uuid:patient_id>/adherence/", views.adherence_page, name="page"),
    path("<uuid:patient_id>/adherence/<int:device_id>/", views.dose_times, name="dose_times"),
]
