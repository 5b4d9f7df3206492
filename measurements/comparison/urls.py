from __future__ import annotations

from django.urls import path

from measurements.comparison import views

app_name = "comparison"
urlpatterns = [
    path("<uuid:patient_id>/comparison/", views.comparison_page, name="page"),
    path("<uuid:patient_id>/comparison/choose/", views.choose_ranges, name="choose"),
    path("<uuid:patient_id>/comparison/goal/<int:change_id>/", views.compare_at_goal_change, name="goal_change"),
    path("<uuid:patient_id>/comparison/note/<int:note_id>/", views.compare_at_note, name="note"),
]
