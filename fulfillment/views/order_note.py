"""Forms of a note or contact on an order, and on an exception."""

from __future__ import annotations

import uuid
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from fulfillment import order_notes
from fulfillment.models import Order
from fulfillment.worklist import item_notes
from fulfillment.worklist.models import WorklistItem
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


@requires_permission(Permission.WRITE_NOTES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_exception_note(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """An exception of the vendor's account names no patient and has no notes: 404."""
    user = current_user(request)
    item = get_object_or_404(WorklistItem.objects.visible_to(user), pk=item_id)
    if item.patient_id is None:
        raise Http404("This exception names no patient.")
    patient = get_patient_audited(item.patient_id, by=user)
    back = reverse("patients:page", args=[patient.pk])
    return note_form_page(request, patient, back=back, link=partial(item_notes.link_note, item))
