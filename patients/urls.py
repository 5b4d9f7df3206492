from __future__ import annotations

from django.urls import path

from patients.views import days, enrollment, goals, lists, page, peek, printing, reading_units, readings

app_name = "patients"
urlpatterns = [
    path("", lists.patients, name="list"),
    path("live/", lists.live, name="list_live"),
    path("arrange/", lists.arrange, name="arrange"),
    path("units/", reading_units.choose, name="units"),
    path("new/", enrollment.new, name="new"),
    path("<uuid:patient_id>/edit/", enrollment.edit, name="edit"),
    path("<uuid:patient_id>/discharge/", enrollment.discharge, name="discharge"),
    path("<uuid:patient_id>/readmit/", enrollment.readmit, name="readmit"),
    path("<uuid:patient_id>/", page.page, name="page"),
    path("<uuid:patient_id>/dates/", page.dates, name="dates"),
    path("<uuid:patient_id>/day/", days.day, name="day"),
    path("<uuid:patient_id>/print/", printing.page, name="print"),
    path("<uuid:patient_id>/printed/", printing.printed, name="printed"),
    path("<uuid:patient_id>/peek/", peek.peek, name="peek"),
    path("<uuid:patient_id>/live/", page.live, name="live"),
    path("<uuid:patient_id>/readings.csv", page.download, name="csv"),
    path("<uuid:patient_id>/goals/", goals.goals, name="goals"),
    path("<uuid:patient_id>/goals/save/", goals.save, name="save_goals"),
    path("<uuid:patient_id>/readings/<int:reading_id>/", readings.reading, name="reading"),
    path("<uuid:patient_id>/readings/<int:reading_id>/exclude/", readings.exclude, name="exclude"),
    path("<uuid:patient_id>/readings/<int:reading_id>/undo/", readings.undo, name="undo_exclusion"),
]
