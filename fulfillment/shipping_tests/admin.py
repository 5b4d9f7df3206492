"""Admin page of the shipping test: begin, follow its messages, end."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_http_methods

from fulfillment.shipping_tests import shipping_tests
from fulfillment.shipping_tests.forms import BeginTestForm
from fulfillment.shipping_tests.models import ShippingTest
from patients.admin_site.base import ReadOnlyAdmin, has_model_permission
from patients.permissions import current_user

REFRESH_SECONDS = 5


@admin.register(ShippingTest)
class ShippingTestAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "call", "requested_by", "deletion")
    fields = ("created_at", "requested_by", "call", "deletion")
    list_select_related = ("call", "requested_by", "deletion")

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.test_page))
        return [path("page/", page, name="shipping_tests_page"), *super().get_urls()]

    def test_page(self, request: HttpRequest) -> HttpResponse:
        """Refreshed while a test is under way."""
        form = BeginTestForm(request.POST if "begin" in request.POST else None)
        if request.method == "POST":
            if not has_model_permission(request, "start", ShippingTest):
                raise PermissionDenied
            if "begin" not in request.POST or form.is_valid():
                self.change_test(request, form)
                return redirect("admin:shipping_tests_page")
        if not has_model_permission(request, "view", ShippingTest):
            raise PermissionDenied
        test = newest_test()
        received = shipping_tests.received_messages(test) if test else []
        context = {
            **self.admin_site.each_context(request),
            "title": "Shipping test",
            "opts": self.opts,
            "form": form,
            "test": test,
            "steps": shipping_tests.describe_steps(test, received) if test else [],
            "received": received,
            "is_open": test is not None and not test.is_over,
        }
        response = TemplateResponse(request, "admin/shipping_tests/page.html", context)
        if context["is_open"] and request.method != "POST":
            response["Refresh"] = str(REFRESH_SECONDS)
        return response

    def change_test(self, request: HttpRequest, form: BeginTestForm) -> None:
        user, test = current_user(request), newest_test()
        try:
            if "begin" in request.POST:
                shipping_tests.begin_test(form.cleaned_data["device_type"], by=user)
                messages.info(request, "The device is being created at the vendor.")
            elif test is not None:
                messages.info(request, shipping_tests.end_test(test, by=user))
        except shipping_tests.ShippingTestError as reason:
            messages.error(request, str(reason))


def newest_test() -> ShippingTest | None:
    return ShippingTest.objects.select_related("call__device", "deletion", "requested_by").first()
