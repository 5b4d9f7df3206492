from __future__ import annotations

from django.urls import path

from devices.views import device, device_list, gateway

app_name = "devices"
urlpatterns = [
    path("", device_list.devices, name="list"),
    path("live/", device_list.devices_live, name="list_live"),
    path("gateways/<uuid:gateway_id>/", gateway.gateway_page, name="gateway"),
    path("gateways/<uuid:gateway_id>/live/", gateway.gateway_live, name="gateway_live"),
    path("gateways/<uuid:gateway_id>/look/", gateway.look, name="gateway_look"),
    path("<uuid:hwi_id>/", device.device_page, name="page"),
    path("<uuid:hwi_id>/live/", device.device_live, name="live"),
    path("<uuid:hwi_id>/look/", device.look, name="look"),
]
