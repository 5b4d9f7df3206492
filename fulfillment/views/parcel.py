"""Page on which carrier and tracking number of the clinic's own parcel are noted."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from fulfillment.forms.shipments import ParcelNoteForm
from fulfillment.models import Order
from fulfillment.ordering import parcels
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def note_parcel(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    order = get_object_or_404(Order.objects.visible_to(user), pk=order_id)
    order.patient = get_patient_audited(order.patient_id, by=user)
    if not order.shipped_by_clinic:
        messages.info(request, "Tenovi ships this order and reports the parcel itself.")
        return redirect("orders:page", order.pk)
    form = ParcelNoteForm(request.POST or None, order=order)
    if request.method == "POST" and form.is_valid():
        try:
            parcels.record_parcel(order=order, by=user, **form.cleaned_data)
        except parcels.ParcelChangedError as reason:
            form.add_error(None, str(reason))
        else:
            return redirect("orders:page", order.pk)
    return render(request, "fulfillment/order_parcel.html", {"order": order, "patient": order.patient, "form": form})
