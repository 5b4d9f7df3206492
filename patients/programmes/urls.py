"""Routes of a patient's programmes and of the list of missing facts."""

from __future__ import annotations

from django.urls import path

from patients.programmes import missing_views, views

app_name = "programmes"
urlpatterns = [
    path("programmes/missing/", missing_views.missing_list, name="missing"),
    path("patients/<uuid:patient_id>/programmes/", views.programme_page, name="page"),
    path("patients/<uuid:patient_id>/programmes/<slug:fact>/", views.record_fact, name="record"),
    path("patients/<uuid:patient_id>/programmes/<slug:fact>/<int:fact_id>/end/", views.end_fact, name="end"),
    path(
        "patients/<uuid:patient_id>/programmes/<slug:fact>/<int:fact_id>/withdraw/",
        views.withdraw_fact,
        name="withdraw",
    ),
]
