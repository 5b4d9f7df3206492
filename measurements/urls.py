from __future__ import annotations

from django.urls import path

from measurements.patient_list import preview_views
from measurements.patient_list import views as list_views
from measurements.patient_page import day_views, print_views
from measurements.patient_page import views as page_views
from measurements.readings import unit_views
from measurements.readings import views as reading_views
from measurements.thresholds import views as threshold_views
from measurements.weights import views as weight_views

app_name = "patients"
urlpatterns = [
    path("", list_views.patient_list, name="list"),
    path("live/", list_views.list_live_update, name="list_live"),
    path("arrange/", list_views.save_list_settings, name="list_preferences"),
    path("units/", unit_views.choose_units, name="units"),
    path("<uuid:patient_id>/", page_views.patient_page, name="page"),
    path("<uuid:patient_id>/dates/", page_views.choose_date_range, name="date_range"),
    path("<uuid:patient_id>/day/", day_views.band_readings, name="day_readings"),
    path("<uuid:patient_id>/print/", print_views.print_page, name="print"),
    path("<uuid:patient_id>/printed/", print_views.record_browser_print, name="record_print"),
    path("<uuid:patient_id>/preview/", preview_views.patient_preview, name="preview"),
    path("<uuid:patient_id>/live/", page_views.patient_live_update, name="live"),
    path("<uuid:patient_id>/readings.csv", page_views.download_readings, name="readings_csv"),
    path("<uuid:patient_id>/goals/", threshold_views.patient_thresholds, name="thresholds"),
    path("<uuid:patient_id>/goals/save/", threshold_views.save_patient_thresholds, name="save_thresholds"),
    path("<uuid:patient_id>/dry-weight/", weight_views.save_dry_weight, name="save_dry_weight"),
    path("<uuid:patient_id>/readings/<int:reading_id>/", reading_views.reading_detail, name="reading"),
    path(
        "<uuid:patient_id>/readings/<int:reading_id>/note/",
        reading_views.new_reading_note,
        name="new_reading_note",
    ),
    path("<uuid:patient_id>/readings/<int:reading_id>/exclude/", reading_views.exclude_reading, name="exclude"),
    path("<uuid:patient_id>/readings/<int:reading_id>/undo/", reading_views.undo_exclusion, name="undo_exclusion"),
]
