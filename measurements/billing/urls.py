from __future__ import annotations

from django.urls import path

from measurements.billing.pages import approval, approve, card, month_list

app_name = "billing"
urlpatterns = [
    path("patients/<uuid:patient_id>/billing/", card.billing_card, name="card"),
    path("billing/", month_list.month_list, name="month"),
    path("billing/file/", month_list.month_file, name="file"),
    path("billing/approve/", approve.approve, name="approve"),
    path("billing/approvals/<int:approval_id>/", approval.approval_page, name="approval"),
    path("billing/approvals/<int:approval_id>/step/", approval.record_step, name="step"),
    path("billing/approvals/<int:approval_id>/confirm/", approval.confirm, name="confirm"),
]
