from __future__ import annotations

from django.urls import path

from measurements.patient_list import preview_views
from measurements.patient_list import views as list_views
from measurements.patient_page import day_views, print_views
from measurements.patient_page import views as page_views
from measurements.readings import unit_views
from measurements.readings import views as reading_views
from measurements.thresholds import views as threshold_views

app_name = "patients"
urlpatterns = [
    path("", list_views.patients, name="list"),
    path("live/", list_views.live, name="list_live"),
    path("arrange/", list_views.arrange, name="arrange"),
    path("units/", unit_views.choose, name="units"),
    path("<uuid:patient_id>/", page_views.page, name="page"),
    path("<uuid:patient_id>/dates/", page_views.dates, name="dates"),
    path("<uuid:patient_id>/day/", day_views.day, name="day"),
    path("<uuid:patient_id>/print/", print_views.page, name="print"),
    path("<uuid:patient_id>/printed/", print_views.printed, name="printed"),
    path("<uuid:patient_id>/peek/", preview_views.peek, name="peek"),
    path("<uuid:patient_id>/live/", page_views.live, name="live"),
    path("<uuid:patient_id>/readings.csv", page_views.download, name="csv"),
    path("<uuid:patient_id>/goals/", threshold_views.goals, name="goals"),
    path("<uuid:patient_id>/goals/save/", threshold_views.save, name="save_goals"),
    path("<uuid:patient_id>/readings/<int:reading_id>/", reading_views.reading, name="reading"),
    path("<uuid:patient_id>/readings/<int:reading_id>/exclude/", reading_views.exclude, name="exclude"),
    path("<uuid:patient_id>/readings/<int:reading_id>/undo/", reading_views.undo, name="undo_exclusion"),
]
