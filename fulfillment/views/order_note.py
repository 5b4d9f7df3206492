"""Form of a note or contact on an order."""

from __future__ import annotations

import uuid
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from fulfillment import order_notes
from fulfillment.models import Order
from patients.care.note_views import note_form_page
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.WRITE_NOTES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_order_note(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    order = get_object_or_404(Order.objects.visible_to(user), pk=order_id)
    patient = get_patient_audited(order.patient_id, by=user)
    back = reverse("orders:page", args=[order.pk])
    return note_form_page(request, patient, back=back, link=partial(order_notes.link_note, order))
