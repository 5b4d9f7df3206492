from __future__ import annotations

from django.urls import path

from measurements.timeline import note_views, views

app_name = "timeline"
urlpatterns = [
    path("<uuid:patient_id>/timeline/", views.timeline_page, name="page"),
    path("<uuid:patient_id>/timeline/print/", views.timeline_print, name="print"),
    path("<uuid:patient_id>/timeline/day/", views.show_day, name="show_day"),
    path("<uuid:patient_id>/alerts/<int:episode_id>/note/", note_views.new_episode_note, name="new_episode_note"),
]
