"""The audit, asked by whom it is about: typed and posted, so that no name and no MRN ever stands in an address."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from patients import csv_writer, search
from patients.admin_site.base import may
from patients.audit import audit_log, queries
from patients.audit.queries import MOST_NAMED, Place, Question
from patients.models import AuditEvent, Patient, User
from patients.models.audit import AuditAction
from patients.permissions import person

PAGE_SIZE = 100
MOST_FOUND = 20
MOST_EXPORTED = 50_000
TARGET = "audit"
DATE = {"type": "date"}
COLUMNS = ("at_utc", "who", "role", "did", "patients", "record", "from", "page", "details")
CUT = f"Cut after {MOST_EXPORTED} rows: ask for fewer days."


class SearchForm(forms.Form):
    text = forms.CharField(
        label="Patient", max_length=search.LONGEST, required=False, help_text="Name, MRN, birth date or id",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    patient = forms.UUIDField(required=False, widget=forms.HiddenInput)
    actor = forms.ModelChoiceField(label="Person", queryset=User.objects.none(), required=False, empty_label="Anybody")
    action = forms.ChoiceField(label="Did", choices=[("", "Anything"), *AuditAction.choices], required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))

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

    def patients(self) -> list[Patient]:
        """Of own clinics: the one that was chosen, else those whom the text may mean."""
        own, chosen = Patient.objects.visible_to(self.by).select_related("clinic"), self.cleaned_data["patient"]
        if chosen:
            return list(own.filter(pk=chosen))
        text = self.cleaned_data["text"]
        found = own.filter(_by_id(text) or search.matching(text)) if text.strip() else own.none()
        return list(found.order_by("family_name", "given_name", "pk")[:MOST_FOUND])

    @property
    def asks_for_a_patient(self) -> bool:
        return bool(self.cleaned_data["patient"] or self.cleaned_data["text"].strip())

    def question(self, patient: Patient | None) -> Question:
        said = self.cleaned_data
        zone = timezone.get_current_timezone_name()
        return Question(patient, said["actor"], said["action"], said["since"], said["until"], zone)


def _by_id(text: str) -> Q | None:
    try:
        return Q(pk=uuid.UUID(text.strip()))
    except ValueError:
        return None


@sensitive_post_parameters("text")
@require_http_methods(["GET", "HEAD", "POST"])
def audit_search(request: HttpRequest) -> HttpResponse:
    if not may(request, "view", AuditEvent):
        raise PermissionDenied
    form = SearchForm(request.POST if request.method == "POST" else None, by=person(request))
    if not (form.is_bound and form.is_valid()):
        return _shown(request, form)
    found = form.patients() if form.asks_for_a_patient else []
    if form.asks_for_a_patient and len(found) != 1:
        return _choice(request, form, found)
    question = form.question(found[0] if found else None)
    return _export(request, question) if "export" in request.POST else _answer(request, form, question)


def _choice(request: HttpRequest, form: SearchForm, found: list[Patient]) -> HttpResponse:
    audit_log.record(AuditAction.SEARCH, by=person(request), patients=[patient.pk for patient in found], target=TARGET)
    if not found:
        form.add_error("text", "Nobody of your clinics was found.")
    return _shown(request, form, found=found)


def _answer(request: HttpRequest, form: SearchForm, question: Question) -> HttpResponse:
    user = person(request)
    page = queries.page_of(question, by=user, behind=Place.read(request.POST.get("behind", "")), size=PAGE_SIZE)
    named = {question.patient.pk: question.patient} if question.patient else {}
    named |= page.named
    audit_log.record(AuditAction.ADMIN_VIEW, by=user, patients=named, target=TARGET, **_asked(question))
    rows = [(event, _names(event, named)) for event in page.rows]
    return _shown(request, form, question=question, page=page, rows=rows)


def _asked(question: Question) -> dict[str, Any]:
    """For the audit of the search itself: opaque ids and names of kinds only."""
    patient, actor = question.patient, question.actor
    asked = {"patient": patient and str(patient.pk), "actor": actor and actor.pk, "did": question.action}
    return {name: value for name, value in asked.items() if value}


def _names(event: AuditEvent, named: dict[uuid.UUID, Patient]) -> tuple[list[Patient], int]:
    """Patients of own clinics by name, and how many more the row is about."""
    shown = [named[pk] for pk in event.patient_ids[:MOST_NAMED] if pk in named]
    return shown, len(event.patient_ids) - len(shown)


def _export(request: HttpRequest, question: Question) -> HttpResponse:
    """Patients by their ids alone."""
    user = person(request)
    rows = list(question.rows[: MOST_EXPORTED + 1])
    cells = [_cells(event) for event in rows[:MOST_EXPORTED]]
    if len(rows) > MOST_EXPORTED:
        cells.append([CUT])
    of = [question.patient.pk] if question.patient else []
    audit_log.record(AuditAction.EXPORT, by=user, patients=of, target=TARGET, rows=len(rows), **_asked(question))
    return csv_writer.to_download(csv_writer.written(COLUMNS, cells), name="audit.csv")


def _cells(event: AuditEvent) -> list[str]:
    details = ", ".join(f"{name} {value}" for name, value in event.details.items())
    patients = " ".join(str(pk) for pk in event.patient_ids)
    at = event.at.isoformat(timespec="seconds")
    did = str(AuditAction(event.action).label)
    return [
        at, event.actor_email, event.actor_role, did, patients, event.target, event.address or "", event.route, details,
    ]  # fmt: skip


def _shown(request: HttpRequest, form: SearchForm, **more: Any) -> HttpResponse:
    asked = {name: form.data.get(name, "") for name in ("actor", "action", "since", "until")}
    context = {
        **admin.site.each_context(request),
        "opts": AuditEvent._meta,
        "title": "Search the audit",
        "asked": asked,
    }
    return TemplateResponse(request, "admin/patients/auditevent/search.html", {**context, "form": form, **more})
