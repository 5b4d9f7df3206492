from __future__ import annotations

from django.urls import path

from patients.imports import views

app_name = "imports"
urlpatterns = [
    path("", views.import_list, name="list"),
    path("sample/", views.import_sample, name="sample"),
    path("<uuid:import_id>/", views.import_page, name="page"),
    path("<uuid:import_id>/live/", views.import_page_live, name="page_live"),
    path("<uuid:import_id>/columns/", views.import_columns, name="columns"),
    path("<uuid:import_id>/start/", views.start_import, name="start"),
    path("<uuid:import_id>/resume/", views.resume_import, name="resume"),
    path("<uuid:import_id>/another-person/", views.mark_another_person, name="another_person"),
    path("<uuid:import_id>/discard/", views.discard_import, name="discard"),
    path("<uuid:import_id>/undo/", views.undo_import, name="undo"),
    path("<uuid:import_id>/result/", views.import_result, name="result"),
    path("<uuid:import_id>/file/", views.import_file, name="file"),
]
