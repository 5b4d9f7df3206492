from __future__ import annotations

from django.urls import path

from measurements.billing.time_pages import views

app_name = "time_pages"
urlpatterns = [
    path("<uuid:patient_id>/time/", views.month_page, name="month"),
    path("<uuid:patient_id>/time/new/", views.new_entry, name="new"),
    path("<uuid:patient_id>/time/approve/", views.approve_month, name="approve"),
    path("<uuid:patient_id>/time/<int:session_id>/correct/", views.correct_session, name="correct"),
    path("<uuid:patient_id>/time/<int:session_id>/withdraw/", views.withdraw_session, name="withdraw"),
]
