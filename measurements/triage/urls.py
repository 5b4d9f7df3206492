"""Routes of `/triage/`."""

from __future__ import annotations

from django.urls import path

from measurements.triage import episode_views, hand_over, list_views, review_views, shared_filters, step_views

app_name = "triage"
urlpatterns = [
    path("", list_views.triage_list, name="list"),
    path("hand-over/", hand_over.hand_over_page, name="hand_over"),
    path("live/", list_views.triage_list_live, name="list_live"),
    path("filters/", list_views.save_filters, name="filters"),
    path("filters/share/", shared_filters.share_filters, name="share"),
    path("filters/<int:filter_id>/", shared_filters.use_shared_filters, name="use_shared"),
    path("filters/<int:filter_id>/remove/", shared_filters.remove_shared_filters, name="remove_shared"),
    path("shortcuts/", list_views.switch_shortcuts, name="shortcuts"),
    path("episodes/<int:episode_id>/", episode_views.episode_page, name="episode"),
    path("episodes/<int:episode_id>/acknowledge/", step_views.acknowledge_episode, name="acknowledge"),
    path("episodes/<int:episode_id>/snooze/", step_views.snooze_episode, name="snooze"),
    path("episodes/<int:episode_id>/assign/", step_views.assign_episode, name="assign"),
    path("episodes/<int:episode_id>/escalate/", step_views.escalate_episode, name="escalate"),
    path("episodes/<int:episode_id>/resolve/", step_views.resolve_episode, name="resolve"),
    path("episodes/<int:episode_id>/reopen/", step_views.reopen_episode, name="reopen"),
    path("patients/<uuid:patient_id>/review/", review_views.review_patient, name="review"),
    path("patients/<uuid:patient_id>/note/", review_views.new_note, name="note"),
    path("reviews/<int:review_id>/undo/", review_views.undo_review, name="undo_review"),
]
