"""Audit search by patient or user; posted, so that no name and no MRN is ever part of an address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from patients import csv_writer, posted_searches, search
from patients.admin_site.base import has_model_permission
from patients.audit import audit_log, queries
from patients.audit.queries import MAX_NAMED_PATIENTS, AuditCursor, AuditQuery
from patients.models import AuditEvent, Patient, User
from patients.models.audit import AuditAction
from patients.permissions import current_user

PAGE_SIZE = 100
MAX_FOUND_PATIENTS = 20
MAX_EXPORTED_ROWS = 50_000
AUDIT_TARGET = "audit"
SEEN_CHOICES = [(queries.OPENED, "Opened or changed, not only listed"), (queries.LISTED, "Only listed")]
DATE_INPUT_ATTRIBUTES = {"type": "date"}
CSV_COLUMNS = ("at_utc", "who", "role", "did", "patients", "record", "from", "page", "details")
TRUNCATED_MESSAGE = f"Cut after {MAX_EXPORTED_ROWS} rows: ask for fewer days."


class AuditSearchForm(forms.Form):
    text = forms.CharField(
        label="Patient", max_length=search.MAX_QUERY_LENGTH, required=False, help_text=search.SEARCHED_FOR,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    patient = forms.UUIDField(required=False, widget=forms.HiddenInput)
    actor = forms.ModelChoiceField(label="Person", queryset=User.objects.none(), required=False, empty_label="Anyone")
    action = forms.ChoiceField(
        label="Did", choices=[("", "Anything"), *SEEN_CHOICES, *AuditAction.choices], required=False
    )
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput(attrs=DATE_INPUT_ATTRIBUTES, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput(attrs=DATE_INPUT_ATTRIBUTES, format="%Y-%m-%d")
    )

    def __init__(self, data: Any = None, *, by: User) -> None:
        super().__init__(data)
        self.by = by
        people = User.objects.all() if by.is_superuser else User.objects.filter(clinics__in=by.clinics.all()).distinct()
        actor: Any = self.fields["actor"]
        actor.queryset = people

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if not self.errors and not (said["text"].strip() or said["patient"] or said["actor"]):
            self.add_error(None, "Say whom you ask about: a patient, a person, or both.")
        if said.get("since") and said.get("until") and said["since"] > said["until"]:
            self.add_error("until", "This day is before the first one.")
        return said

    def find_patients(self) -> list[Patient]:
        """Patients of own clinics: the chosen one, else those that match the text."""
        own, chosen = Patient.objects.visible_to(self.by).select_related("clinic"), self.cleaned_data["patient"]
        if chosen:
            return list(own.filter(pk=chosen))
        text = self.cleaned_data["text"]
        found = own.filter(search.patient_search_filter(text)) if text.strip() else own.none()
        return list(found.order_by("family_name", "given_name", "pk")[:MAX_FOUND_PATIENTS])

    @property
    def names_patient(self) -> bool:
        return bool(self.cleaned_data["patient"] or self.cleaned_data["text"].strip())

    def build_query(self, patient: Patient | None) -> AuditQuery:
        said = self.cleaned_data
        zone = timezone.get_current_timezone_name()
        return AuditQuery(patient, said["actor"], said["action"], said["since"], said["until"], zone)


@sensitive_post_parameters("text")
@require_http_methods(["GET", "HEAD", "POST"])
def audit_search_page(request: HttpRequest) -> HttpResponse:
    if not has_model_permission(request, "view", AuditEvent):
        raise PermissionDenied
    searched = request.POST.dict() if request.method == "POST" else posted_searches.find_search(request)
    form = AuditSearchForm(searched, by=current_user(request))
    if not (form.is_bound and form.is_valid()):
        return render_search_page(request, form)
    if request.method == "POST" and "export" not in request.POST:
        asked = {name: request.POST.get(name, "") for name in (*form.fields, "behind")}
        return posted_searches.redirect_to_results(request, asked)
    found = form.find_patients() if form.names_patient else []
    if form.names_patient and len(found) != 1:
        return show_patient_choice(request, form, found)
    question = form.build_query(found[0] if found else None)
    if request.method == "POST":
        return export_audit_csv(request, question)
    return show_audit_rows(request, form, question, behind=form.data["behind"])


def show_patient_choice(request: HttpRequest, form: AuditSearchForm, found: list[Patient]) -> HttpResponse:
    audit_log.record_event(
        AuditAction.SEARCH, by=current_user(request), patients=[patient.pk for patient in found], target=AUDIT_TARGET
    )
    if not found:
        form.add_error("text", "No patient of your clinics was found.")
    return render_search_page(request, form, found=found)


def show_audit_rows(request: HttpRequest, form: AuditSearchForm, query: AuditQuery, *, behind: str) -> HttpResponse:
    """One page of events; `behind` is the cursor of the page before."""
    user = current_user(request)
    page = queries.fetch_audit_page(query, by=user, cursor=AuditCursor.parse_cursor(behind), size=PAGE_SIZE)
    named = {query.patient.pk: query.patient} if query.patient else {}
    named |= page.visible_patients
    audit_log.record_event(
        AuditAction.ADMIN_LIST, by=user, patients=named, target=AUDIT_TARGET, **audited_criteria(query)
    )
    rows = []
    for event in page.rows:
        shown = [named[pk] for pk in event.patient_ids[:MAX_NAMED_PATIENTS] if pk in named]
        rows.append((event, (shown, len(event.patient_ids) - len(shown))))
    return render_search_page(request, form, question=query, page=page, rows=rows)


def audited_criteria(query: AuditQuery) -> dict[str, Any]:
    """Details for the audit of the search itself: opaque ids and names of kinds only."""
    patient, actor = query.patient, query.actor
    asked = {"patient": patient and str(patient.pk), "actor": actor and actor.pk, "did": query.action}
    return {name: value for name, value in asked.items() if value}


def export_audit_csv(request: HttpRequest, query: AuditQuery) -> HttpResponse:
    """The audit events as CSV; patients by their ids alone."""
    user = current_user(request)
    rows = list(query.rows[: MAX_EXPORTED_ROWS + 1])
    cells = [audit_csv_row(event) for event in rows[:MAX_EXPORTED_ROWS]]
    if len(rows) > MAX_EXPORTED_ROWS:
        cells.append([TRUNCATED_MESSAGE])
    of = [query.patient.pk] if query.patient else []
    audit_log.record_event(
        AuditAction.EXPORT, by=user, patients=of, target=AUDIT_TARGET, rows=len(rows), **audited_criteria(query)
    )
    return csv_writer.csv_response(csv_writer.write_csv(CSV_COLUMNS, cells), name="audit.csv")


def audit_csv_row(event: AuditEvent) -> list[str]:
    details = ", ".join(f"{name} {value}" for name, value in event.details.items())
    patients = " ".join(str(pk) for pk in event.patient_ids)
    at = event.at.isoformat(timespec="seconds")
    did = str(AuditAction(event.action).label)
    return [
        at, event.actor_email, event.actor_role, did, patients, event.target, event.address or "", event.route, details,
    ]  # fmt: skip


def render_search_page(request: HttpRequest, form: AuditSearchForm, **more: Any) -> HttpResponse:
    asked = {name: form.data.get(name, "") for name in ("actor", "action", "since", "until")}
    context = {
        **admin.site.each_context(request),
        "opts": AuditEvent._meta,
        "title": "Search the audit",
        "asked": asked,
    }
    return TemplateResponse(request, "admin/patients/auditevent/search.html", {**context, "form": form, **more})
