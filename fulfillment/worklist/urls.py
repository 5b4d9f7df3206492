"""Routes of `/exceptions/`."""

from __future__ import annotations

from django.urls import path

from fulfillment.worklist.views import exception_detail, exception_list

app_name = "exceptions"
urlpatterns = [
    path("", exception_list.exception_list, name="list"),
    path("live/", exception_list.exception_list_live, name="list_live"),
    path("shortcuts/", exception_list.switch_shortcuts, name="shortcuts"),
    path("<uuid:item_id>/", exception_detail.exception_page, name="page"),
    path("<uuid:item_id>/take/", exception_detail.take_exception, name="take"),
    path("<uuid:item_id>/assign/", exception_detail.assign_exception, name="assign"),
    path("<uuid:item_id>/snooze/", exception_detail.snooze_exception, name="snooze"),
    path("<uuid:item_id>/wake/", exception_detail.wake_exception, name="wake"),
    path("<uuid:item_id>/dismiss/", exception_detail.dismiss_exception, name="dismiss"),
    path("<uuid:item_id>/restore/", exception_detail.restore_exception, name="restore"),
]
