"""Routes of notes and contacts, next steps, care teams and absences."""

from __future__ import annotations

from django.urls import path

from patients.care import absence_views, note_views, team_views

app_name = "care"
urlpatterns = [
    path("patients/<uuid:patient_id>/notes/", note_views.note_list, name="notes"),
    path("patients/<uuid:patient_id>/notes/new/", note_views.new_note, name="new_note"),
    path("care/notes/<int:note_id>/", note_views.note_versions, name="note"),
    path("care/notes/<int:note_id>/correct/", note_views.correct_note, name="correct_note"),
    path("care/notes/<int:note_id>/done/", note_views.complete_next_step, name="complete_step"),
    path("care/next-steps/", note_views.next_steps, name="next_steps"),
    path("care/next-steps/live/", note_views.next_steps_live, name="next_steps_live"),
    path("care/team/", team_views.team_page, name="team"),
    path("care/team/assign/", team_views.assign_patients, name="assign"),
    path("care/team/reassign/", team_views.reassign_patients, name="reassign"),
    path("care/absences/", absence_views.absence_page, name="absences"),
    path("care/absences/<int:absence_id>/", absence_views.edit_absence, name="edit_absence"),
    path("care/absences/<int:absence_id>/withdraw/", absence_views.withdraw_absence, name="withdraw_absence"),
]
