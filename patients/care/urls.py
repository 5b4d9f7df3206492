"""Routes of notes and contacts, next steps, care teams and absences."""

from __future__ import annotations

from django.urls import path

from patients.care import note_views

app_name = "care"
urlpatterns = [
    path("patients/<uuid:patient_id>/notes/", note_views.note_list, name="notes"),
    path("patients/<uuid:patient_id>/notes/new/", note_views.new_note, name="new_note"),
    path("care/notes/<int:note_id>/", note_views.note_versions, name="note"),
    path("care/notes/<int:note_id>/correct/", note_views.correct_note, name="correct_note"),
    path("care/notes/<int:note_id>/done/", note_views.complete_next_step, name="complete_step"),
    path("care/next-steps/", note_views.next_steps, name="next_steps"),
]
