from __future__ import annotations

from django.urls import path

from patients.time_sessions import views

app_name = "time"
urlpatterns = [
    path("patients/<uuid:patient_id>/timer/", views.show_timer, name="timer"),
    path("patients/<uuid:patient_id>/timer/start/", views.start_time, name="start"),
    path("patients/<uuid:patient_id>/timer/stop/", views.stop_time, name="stop"),
    path("patients/<uuid:patient_id>/timer/undo/", views.undo_switch, name="undo"),
    path("patients/<uuid:patient_id>/timer/call-continues/", views.confirm_call, name="answer"),
    path("patients/<uuid:patient_id>/timer/call-end/", views.state_end, name="state_end"),
    path("timer/heartbeat/", views.receive_heartbeat, name="heartbeat"),
    path("timer/automatic/", views.choose_automatic_start, name="automatic"),
]
