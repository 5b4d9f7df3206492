from __future__ import annotations

from django.urls import path

from fulfillment.views import decision, ending, line, listing, ordering, page

app_name = "orders"
urlpatterns = [
    path("", listing.order_list, name="list"),
    path("live/", listing.order_list_live, name="list_live"),
    path("new/", ordering.new_order, name="new"),
    path("end/<uuid:patient_id>/", ending.end_for_patient, name="end_for_patient"),
    path("end/<uuid:patient_id>/<uuid:hwi_id>/", ending.end_for_device, name="end_for_device"),
    path("calls/<uuid:call_id>/", decision.call_page, name="call"),
    path("calls/<uuid:call_id>/live/", decision.call_live, name="call_live"),
    path("calls/<uuid:call_id>/decide/", decision.decide, name="decide"),
    path("lines/<uuid:line_id>/cancel/", line.cancel, name="cancel"),
    path("lines/<uuid:line_id>/close/", line.close, name="close"),
    path("lines/<uuid:line_id>/correct/", line.correct, name="correct"),
    path("<uuid:order_id>/", page.order_page, name="page"),
    path("<uuid:order_id>/live/", page.order_live, name="live"),
]
