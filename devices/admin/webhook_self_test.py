"""Admin page of the webhook self-test: compare, repair, test messages, arrivals, and loss over time."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from devices.models import Delivery, WebhookSelfTest
from devices.models.webhook_self_test import SelfTestKind
from devices.outbox import waiting_reasons
from devices.webhooks import self_test
from patients.admin_site.base import ReadOnlyAdmin, has_model_permission
from patients.models import User
from patients.permissions import current_user

REFRESH_SECONDS = 5
MAX_STEPS = 10
PAGE_STEPS = [(value, label) for value, label in SelfTestKind.choices if value not in SelfTestKind.of_device()]


@admin.register(WebhookSelfTest)
class WebhookSelfTestAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "device__patient__clinic", "device.patient_id"
    list_display = ("created_at", "kind", "requested_by", "result")
    fields = ("kind", "requested_by", "created_at", "finished_at", "result", "test_device_id", "arrived_at")
    readonly_fields = ("result", "test_device_id")
    list_select_related = ("requested_by", "device")

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        """Those about all hooks too, which belong to no clinic."""
        return rows.filter(Q(device__isnull=True) | Q(device__patient__clinic__in=list(user.clinics.all())))

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.self_test_page))
        return [path("page/", page, name="devices_webhook_self_test"), *super().get_urls()]

    @admin.display(description="result")
    def result(self, step: WebhookSelfTest) -> str:
        return step.result

    def self_test_page(self, request: HttpRequest) -> HttpResponse:
        """Refreshed while a result or an arrival is awaited."""
        if request.method == "POST":
            if not has_model_permission(request, "start", WebhookSelfTest):
                raise PermissionDenied
            if (step := request.POST.get("step", "")) not in dict(PAGE_STEPS):
                raise BadRequest("No such step.")
            self_test.request_step(SelfTestKind(step), by=current_user(request))
            return redirect("admin:devices_webhook_self_test")
        if not has_model_permission(request, "view", WebhookSelfTest):
            raise PermissionDenied
        steps = list(WebhookSelfTest.objects.filter(device=None).select_related("requested_by")[:MAX_STEPS])
        shipping = Delivery.objects.filter(kind=Delivery.Kind.FULFILLMENT, source=Delivery.Source.WEBHOOK)
        loss = self_test.loss_by_day(timezone.now())
        context = {
            **self.admin_site.each_context(request),
            "title": "Webhook self-test",
            "opts": self.opts,
            "comparison": self_test.last_finished_comparison(),
            "steps": steps,
            "choices": PAGE_STEPS,
            "is_awaited": any(step.is_awaited for step in steps),
            "last_special_order": self_test.last_special_order_arrival(),
            "last_fulfillment": shipping.order_by("-pk").values_list("received_at", flat=True).first(),
            "loss": loss,
            "most_missed": max((day["missed"] for day in loss), default=0),
            "lane_stop": waiting_reasons.background_lane_stop(),
            "zone": timezone.get_current_timezone_name(),
        }
        response = TemplateResponse(request, "admin/devices/webhook_self_test.html", context)
        if context["is_awaited"]:
            response["Refresh"] = str(REFRESH_SECONDS)
        return response
