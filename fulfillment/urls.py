"""Routes of `/orders/`."""

from __future__ import annotations

from django.urls import path

from fulfillment.batches import views as batches
from fulfillment.client_actions.views import client_action, device_client_action
from fulfillment.views import (
    address_check,
    call_resolution,
    end_of_monitoring,
    order_create,
    order_detail,
    order_file,
    order_line,
    order_list,
    order_note,
    parcel,
)

app_name = "orders"
urlpatterns = [
    path("", order_list.order_list, name="list"),
    path("live/", order_list.order_list_live, name="list_live"),
    path("file/", order_file.order_file, name="file"),
    path("new/", order_create.new_order, name="new"),
    path("batches/new/", batches.new_batch, name="batch_new"),
    path("batches/<uuid:batch_id>/", batches.batch_page, name="batch"),
    path("batches/<uuid:batch_id>/live/", batches.batch_live, name="batch_live"),
    path("batches/<uuid:batch_id>/stop/", batches.stop_batch, name="batch_stop"),
    path("addresses/<uuid:patient_id>/", address_check.check_address, name="check_address"),
    path("addresses/<uuid:patient_id>/live/", address_check.address_live, name="address_live"),
    path("end/<uuid:patient_id>/", end_of_monitoring.end_patient_monitoring, name="end_for_patient"),
    path("end/<uuid:patient_id>/live/", end_of_monitoring.end_for_patient_live, name="end_for_patient_live"),
    path("end/<uuid:patient_id>/<uuid:hwi_id>/", end_of_monitoring.end_device_monitoring, name="end_for_device"),
    path(
        "end/<uuid:patient_id>/<uuid:hwi_id>/live/",
        end_of_monitoring.end_for_device_live,
        name="end_for_device_live",
    ),
    path("calls/<uuid:call_id>/", call_resolution.call_resolution_page, name="call"),
    path("calls/<uuid:call_id>/live/", call_resolution.call_resolution_live, name="call_live"),
    path("calls/<uuid:call_id>/decide/", call_resolution.resolve_call, name="resolve_call"),
    path("lines/<uuid:line_id>/cancel/", order_line.cancel_line, name="cancel"),
    path("lines/<uuid:line_id>/close/", order_line.close_line, name="close"),
    path("lines/<uuid:line_id>/action/", client_action, name="client_action"),
    path("devices/<uuid:hwi_id>/action/", device_client_action, name="device_client_action"),
    path("lines/<uuid:line_id>/correct/", order_line.correct_line, name="correct"),
    path("exceptions/<uuid:item_id>/notes/new/", order_note.new_exception_note, name="new_exception_note"),
    path("<uuid:order_id>/", order_detail.order_page, name="page"),
    path("<uuid:order_id>/parcel/", parcel.note_parcel, name="parcel"),
    path("<uuid:order_id>/live/", order_detail.order_live, name="live"),
    path("<uuid:order_id>/notes/new/", order_note.new_order_note, name="new_note"),
]
