from __future__ import annotations

from django.urls import path

from measurements.activity import views

app_name = "activity"
urlpatterns = [path("<uuid:patient_id>/watch/", views.watch_page, name="page")]
