from __future__ import annotations

from django.urls import path

from measurements.billing.pages import approval, approve, card, evidence, month_list

app_name = "billing"
urlpatterns = [
    path("patients/<uuid:patient_id>/billing/", card.billing_card, name="card"),
    path("billing/", month_list.month_list, name="month"),
    path("billing/file/", month_list.month_file, name="file"),
    path("billing/file.xlsx", month_list.month_xlsx, name="xlsx"),
    path("billing/evidence.pdf", evidence.month_pdf, name="month_evidence_pdf"),
    path("billing/evidence.json", evidence.month_json, name="month_evidence_json"),
    path("billing/lines/<int:billing_line_id>/draft.pdf", evidence.draft_pdf, name="draft_pdf"),
    path("billing/lines/<int:billing_line_id>/draft.json", evidence.draft_json, name="draft_json"),
    path("billing/approve/", approve.approve, name="approve"),
    path("billing/approvals/<int:approval_id>/", approval.approval_page, name="approval"),
    path("billing/approvals/<int:approval_id>/evidence.pdf", evidence.evidence_pdf, name="evidence_pdf"),
    path("billing/approvals/<int:approval_id>/evidence.json", evidence.evidence_json, name="evidence_json"),
    path("billing/approvals/<int:approval_id>/step/", approval.record_step, name="step"),
    path("billing/approvals/<int:approval_id>/confirm/", approval.confirm, name="confirm"),
]
