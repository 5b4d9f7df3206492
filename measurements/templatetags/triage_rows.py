"""Template tags of one row of the triage list and of one alert in a line, composed of cached fragments."""

from __future__ import annotations

from functools import cache

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from measurements.fragment_cache import render_cached, render_cached_with_slots
from measurements.readings.latest_judged import EvaluatedLatestReading
from measurements.triage.episode_text import EpisodeText
from measurements.triage.rows import CheckedReading, EquipmentException, TriageRow
from patients.lists.row_links import row_url
from patients.templatetags.contact_display import phone_link
from patients.templatetags.time_display import age_element, local_time

register = template.Library()
SNOOZE_PATTERN = "M j, g:i A"
PAGE_OF_EPISODE = "triage:episode"


@register.simple_tag
def triage_row(
    row: TriageRow, list_query: str, several_clinics: bool, may_review: bool, may_see_orders: bool
) -> SafeString:
    """`list_query`: the list's address, to which its forms lead back; `several_clinics` adds the clinic's name."""
    patient, lead, spark = row.patient, row.lead, row.sparkline
    about = " · ".join(filter(None, [patient.age_label, ", ".join(patient.condition_labels)]))
    assigned = lead.episode.assigned_to if lead else None
    reasons = [
        *([episode_line(lead)] if lead else []),
        *(format_html('<p><span class="state state--bad">{}</span></p>', each) for each in row.notices),
        *(render_check(each) for each in row.checks),
        *(render_exception(each, may_see_orders) for each in row.equipment),
        *(episode_line(each) for each in row.others),
    ]
    slots = {
        "key": str(patient.pk),
        "page_url": row.page_url,
        "preview_url": row.preview_url,
        "name": patient.list_name,
        "about": f"{about} · {patient.clinic.name}" if several_clinics else about,
        "phone": phone_link(patient.phone),
        "why": SafeString("".join(reasons)),
        "values": SafeString("".join(map(render_value, row.values))),
        "line": spark.path if spark else "",
        "goal": spark.goal_path if spark else "",
        "shade": row.shade,
        "caption": spark.description if spark else "",
        "label": spark.label if spark else "",
        "days": render_cached("measurements/_days_measured.html", days=row.measured_days),
        "reviewer": row.review.by.name if row.review else "",
        "reviewed": age_element(row.review.at, "ago") if row.review else "",
        "assigned": assigned.name if assigned else "",
        "acts": render_acts(row, list_query, may_review),
    }
    return render_cached_with_slots(
        "alerts/_triage_row.html",
        slots,
        drawn=spark is not None,
        is_reviewed=row.review is not None,
        is_assigned=assigned is not None,
        unused_device=row.section == "equipment" and not row.equipment,
        measured=bool(row.values),
    )


@register.simple_tag
def episode_line(text: EpisodeText) -> SafeString:
    episode = text.episode
    slots = {
        "url": episode_url(PAGE_OF_EPISODE, episode.pk),
        "title": text.title,
        "why": text.why,
        "age": age_element(episode.first_known_at, "ago"),
        "until": local_time(episode.snoozed_until, SNOOZE_PATTERN, text.patient.clinic.zone),
    }
    return render_cached_with_slots(
        "alerts/_episode_line.html",
        slots,
        tone=text.tone,
        severity=text.severity_label,
        state=text.state_label,
        is_snoozed=episode.snoozed_until is not None,
        is_acknowledged=episode.is_acknowledged,
        oximeter_words=text.oximeter_words,
    )


def episode_url(route: str, key: int) -> str:
    return route_pattern(route).replace("/0/", f"/{key}/")


@cache
def route_pattern(route: str) -> str:
    """`reverse` for each row took a tenth of the list's time."""
    return reverse(route, args=[0])


def render_value(value: EvaluatedLatestReading) -> SafeString:
    status = value.threshold_status
    slots = {"text": value.text, "age": age_element(value.taken_at), "words": value.words, "doubtful": value.doubtful}
    return render_cached_with_slots(
        "alerts/_last_value.html",
        slots,
        label=value.metric.label,
        status=status,
        needs_check=value.needs_check,
        estimated=value.estimated,
        clock_ahead=value.clock_ahead,
        doubted=bool(value.doubtful),
    )


def render_check(check: CheckedReading) -> SafeString:
    slots = {"url": check.url, "words": check.words, "text": f"{check.text} {check.unit_name}".strip()}
    slots["age"] = age_element(check.taken_at, "ago")
    return render_cached_with_slots("alerts/_checked_reading.html", slots, tone=check.tone)


def render_exception(each: EquipmentException, is_link: bool) -> SafeString:
    item = each.item
    slots = {
        "url": row_url("exceptions:page", item.pk),
        "device": item.name[:60],
        "age": age_element(item.since),
        "owner": item.owner.name if item.owner else "nobody",
    }
    return render_cached_with_slots(
        "alerts/_equipment_exception.html", slots, tone=each.text.tone, label=each.kind.label, is_link=is_link
    )


def render_acts(row: TriageRow, list_query: str, may_review: bool) -> SafeString:
    """Buttons send the form "acts" of the page, each to its own address; links open a form."""
    patient, lead = row.patient, row.lead
    episode = lead.episode if lead else None
    key = episode.pk if episode else 0
    back, note_url = urlencode({"list": list_query}), row_url("triage:note", patient.pk)
    slots = {
        "key": str(patient.pk),
        "name": patient.list_name,
        "page_url": row.page_url,
        "episode": str(key),
        "version": episode.shown_version if episode else "",
        "acknowledge_url": episode_url("triage:acknowledge", key),
        "snooze_url": f"{episode_url('triage:snooze', key)}?{back}",
        "patient_version": str(patient.live_version),
        "review_url": row_url("triage:review", patient.pk),
        "undo_url": episode_url("triage:undo_review", row.review.pk) if row.review else "",
        "review": str(row.review.pk) if row.review else "",
        "note_url": f"{note_url}?{back}",
        "call_url": f"{note_url}?kind=call&{back}",
    }
    return render_cached_with_slots(
        "alerts/_triage_acts.html",
        slots,
        may_acknowledge=bool(row.can_act and lead and lead.is_waiting),
        may_snooze=bool(row.can_act and episode and episode.is_open),
        may_undo=may_review and row.is_reviewed_today,
        may_review=may_review,
    )
