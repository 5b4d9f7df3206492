"""Alerts assigned to a person who can't answer any more: unassigned, and the responsible clinician is notified."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from measurements.alerts.assessment import assess_entries, lock_entry
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.messages.notifications import new_notification
from measurements.alerts.messages.planning import PERMISSION_BY_QUEUE
from measurements.alerts.models import AlertEpisode, AlertStep
from measurements.alerts.models.notification import NotificationCause
from measurements.alerts.steps import record_step
from patients.permissions import PERMISSIONS_BY_ROLE
from patients.queueing.wakeup import wake_worker

BATCH_SIZE = 200


def release_lost_assignments() -> int:
    """Of closed accounts, other roles and other clinics; the number of alerts.

    One whose assessment has failed since still names the person, although the step is stored: it is left alone.
    """
    steps = AlertStep.objects.filter(episode=OuterRef("pk"), kind__in=[EventKind.ASSIGN, EventKind.UNASSIGN])
    assigned = AlertEpisode.objects.open().filter(assigned_to__isnull=False)
    assigned = assigned.annotate(newest_step=Subquery(steps.order_by("-pk").values("kind")[:1]))
    lost = assigned.exclude(pk__in=assigned.filter(can_answer_condition()).values("pk"))
    is_new = Q(newest_step__isnull=True) | ~Q(newest_step=EventKind.UNASSIGN.value)
    found = list(lost.filter(is_new)[:BATCH_SIZE])
    for episode in found:
        release_assignment(episode)
    if found:
        wake_worker("alert_messages")
    return len(found)


def can_answer_condition() -> Q:
    """As `planning.may_answer`, of the person to whom an episode is assigned."""
    of_queue = Q()
    for queue, permission in PERMISSION_BY_QUEUE.items():
        roles = [role for role, own in PERMISSIONS_BY_ROLE.items() if permission in own]
        of_queue |= Q(queue=queue.value, assigned_to__role__in=roles)
    return of_queue & Q(assigned_to__is_active=True, assigned_to__clinics=F("patient__clinic"))


@transaction.atomic
def release_assignment(episode: AlertEpisode) -> None:
    entry = lock_entry(episode.patient_id)
    current = AlertEpisode.objects.select_related("patient__clinic", "assigned_to").get(pk=episode.pk)
    if current.assigned_to is None or current.assigned_to_id != episode.assigned_to_id:
        return
    now = timezone.now()
    text = f"The account of {current.assigned_to.name} is closed, or has another role or clinic."
    record_step(
        AlertStep(episode=current, patient=current.patient, kind=EventKind.UNASSIGN, by=None, at=now, text=text)
    )
    assess_entries([entry])
    new_notification(current, NotificationCause.UNASSIGNED, now, changed_at=now).save(force_insert=True)
