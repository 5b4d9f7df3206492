from __future__ import annotations

from django.urls import path

from measurements.alerts.messages import views

app_name = "alert_messages"
urlpatterns = [path("", views.message_choices, name="choices")]
