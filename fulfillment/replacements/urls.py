"""Routes of `/replacements/`."""

from __future__ import annotations

from django.urls import path

from fulfillment.replacements import views

app_name = "replacements"
urlpatterns = [
    path("new/<uuid:patient_id>/<uuid:hwi_id>/", views.new_replacement, name="new"),
    path("<uuid:replacement_id>/cancel/", views.cancel_replacement, name="cancel"),
]
