from __future__ import annotations

from django.urls import path

from devices.views import catalogue, device, device_list, gateway

app_name = "devices"
urlpatterns = [
    path("", device_list.device_list, name="list"),
    path("live/", device_list.device_list_live, name="list_live"),
    path("kits.csv", device_list.kit_export, name="kits"),
    path("catalogue/", catalogue.catalogue, name="catalogue"),
    path("catalogue/sync/", catalogue.sync_catalogue, name="catalogue_sync"),
    path("gateways/<uuid:gateway_id>/", gateway.gateway_page, name="gateway"),
    path("gateways/<uuid:gateway_id>/live/", gateway.gateway_live, name="gateway_live"),
    path("gateways/<uuid:gateway_id>/look/", gateway.refresh_gateway, name="gateway_refresh"),
    path("<uuid:hwi_id>/", device.device_page, name="page"),
    path("<uuid:hwi_id>/live/", device.device_live, name="live"),
    path("<uuid:hwi_id>/detach/", device.detach_device, name="detach"),
    path("<uuid:hwi_id>/step-goal/", device.set_step_goal, name="step_goal"),
    path("<uuid:hwi_id>/look/", device.refresh_device, name="refresh"),
]
