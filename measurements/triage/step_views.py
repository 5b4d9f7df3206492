"""What people do with an alert episode, from its page and from the triage list; each is one form that is posted."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from measurements.alerts import assessment, steps
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.models import AlertEpisode, AlertStep
from measurements.alerts.steps import StepConflict, can_take_step
from measurements.models import Metric
from measurements.triage.episode_text import describe_episode
from measurements.triage.episode_views import STEP_WORDS, build_form, get_episode_audited, render_episode
from measurements.triage.forms import StepForm
from measurements.units import units_for
from patients.permissions import Permission, current_user, requires_permission

LIST_PARAMETERS = ("section", "after", "before")
DONE_WORDS = {
    EventKind.ACKNOWLEDGE: "Acknowledged.",
    EventKind.SNOOZE: "Snoozed.",
    EventKind.ASSIGN: "Assigned.",
    EventKind.ESCALATE: "Escalated.",
    EventKind.RESOLVE: "Resolved.",
    EventKind.REOPEN: "It is open again.",
}


def list_url(query: str) -> str:
    """The triage list as the user left it: only what may be in its address."""
    known = [(name, value) for name, value in parse_qsl(query) if name in LIST_PARAMETERS]
    return reverse("triage:list") + (f"?{urlencode(known)}" if known else "")


def post_step(request: HttpRequest, episode_id: int, kind: EventKind) -> HttpResponse:
    """Sent back to the list if it came from there, else to the episode's page; refused, the page with the form."""
    user, episode = current_user(request), get_episode_audited(request, episode_id)
    with timezone.override(episode.patient.clinic.zone):
        form = build_form(kind, episode, user, request.POST)
        try:
            if form.is_valid():
                steps.take_step(episode=episode, kind=kind, by=user, **form.step_fields())
                messages.success(request, f"{episode.patient.name}: {DONE_WORDS[kind]}")
                return redirect(next_url(request, episode))
        except ValidationError as error:
            form.add_error(None, error)
        except StepConflict as conflict:
            return refuse_step(request, form, conflict)
    if "list" in request.POST and kind is EventKind.ACKNOWLEDGE:
        messages.error(request, f"{episode.patient.name}: {' '.join(form_errors(form))}")
        return redirect(list_url(request.POST["list"]))
    return show_refused_form(request, form)


def form_errors(form: StepForm) -> list[str]:
    return [str(message) for found in form.errors.values() for message in found]


def refuse_step(request: HttpRequest, form: StepForm, conflict: StepConflict) -> HttpResponse:
    """What others did, or what has arrived, is shown, and what was typed is still in the form."""
    episode, patient = form.episode, form.episode.patient
    assessment.assess_patient(patient.pk)
    episode.refresh_from_db()
    episode.patient = patient
    if not conflict.steps:
        why = describe_episode(episode, patient, Metric.objects.in_bulk(), units_for(form.user), now=timezone.now()).why
        arrived = f"New readings have arrived since you opened this: {why}."
    if "list" in request.POST and form.kind is EventKind.ACKNOWLEDGE:
        done = "; ".join(f"{step.by_name}: {STEP_WORDS[EventKind(step.kind)].lower()}" for step in conflict.steps)
        faster = f"another person was faster, nothing was done ({done})."
        messages.warning(request, f"{patient.name}: {faster if done else f'nothing was done. {arrived}'}")
        return redirect(list_url(request.POST["list"]))
    form.follow_episode()
    if not conflict.steps:
        form.add_error(None, f"{arrived} Nothing is saved yet, and what you typed is still here.")
    return show_refused_form(request, form, conflict.steps)


def show_refused_form(request: HttpRequest, form: StepForm, others: Sequence[AlertStep] = ()) -> HttpResponse:
    if "list" in request.POST:
        return render_step_form(request, form, others=others)
    return render_episode(request, form.episode, refused=form, conflict=others)


def render_step_form(request: HttpRequest, form: StepForm, others: Sequence[AlertStep] = ()) -> HttpResponse:
    """One form on a page of its own, which the list opens as a panel."""
    episode, user = form.episode, current_user(request)
    metrics, patient = Metric.objects.in_bulk(), episode.patient
    text = describe_episode(episode, patient, metrics, units_for(user), now=timezone.now())
    list_query = request.POST.get("list", request.GET.get("list", ""))
    context = {"form": form, "text": text, "patient": patient, "zone": patient.clinic.zone}
    context |= {"list_query": list_query, "others": [(step, STEP_WORDS[EventKind(step.kind)]) for step in others]}
    with timezone.override(patient.clinic.zone):
        return render(request, "alerts/step_form.html", context)


def next_url(request: HttpRequest, episode: AlertEpisode) -> str:
    if "list" in request.POST:
        return list_url(request.POST["list"])
    return reverse("triage:episode", args=[episode.pk])


@requires_permission(Permission.HANDLE_MISSING_READINGS)
@require_POST
def acknowledge_episode(request: HttpRequest, episode_id: int) -> HttpResponse:
    return post_step(request, episode_id, EventKind.ACKNOWLEDGE)


@requires_permission(Permission.HANDLE_MISSING_READINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def snooze_episode(request: HttpRequest, episode_id: int) -> HttpResponse:
    """Its form alone for a GET, from the list."""
    if request.method == "POST":
        return post_step(request, episode_id, EventKind.SNOOZE)
    user, episode = current_user(request), get_episode_audited(request, episode_id)
    if not can_take_step(episode, user):
        return redirect("triage:episode", episode.pk)  # which says who may
    return render_step_form(request, build_form(EventKind.SNOOZE, episode, user))


@requires_permission(Permission.HANDLE_MISSING_READINGS)
@require_POST
def assign_episode(request: HttpRequest, episode_id: int) -> HttpResponse:
    return post_step(request, episode_id, EventKind.ASSIGN)


@requires_permission(Permission.HANDLE_MISSING_READINGS)
@require_POST
def escalate_episode(request: HttpRequest, episode_id: int) -> HttpResponse:
    return post_step(request, episode_id, EventKind.ESCALATE)


@requires_permission(Permission.HANDLE_MISSING_READINGS)
@require_POST
def resolve_episode(request: HttpRequest, episode_id: int) -> HttpResponse:
    return post_step(request, episode_id, EventKind.RESOLVE)


@requires_permission(Permission.HANDLE_MISSING_READINGS)
@require_POST
def reopen_episode(request: HttpRequest, episode_id: int) -> HttpResponse:
    return post_step(request, episode_id, EventKind.REOPEN)
