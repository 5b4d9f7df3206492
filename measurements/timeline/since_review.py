"""What is new of a patient since the user's last review, or since anybody's if the user has made none."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Case, Q, Value, When

from measurements.alerts.models import AlertEpisode, PatientReview
from measurements.models import Measurement
from patients.care.models import NoteVersion
from patients.models import Patient, User
from patients.wording import count_noun

OLDEST_NEW_READING = dt.timedelta(days=31)  # taken before the review; what arrives later still is history


@dataclass(frozen=True)
class NewSinceReview:
    """Numbers of readings that arrived, alerts that came into sight, and notes of others that were written."""

    review: PatientReview
    is_own: bool
    readings: int
    episodes: int
    notes: int

    @property
    def words(self) -> str:
        """4 readings, 1 alert, 2 notes; nothing."""
        counts = {"reading": self.readings, "alert": self.episodes, "note": self.notes}
        return ", ".join(count_noun(count, noun) for noun, count in counts.items() if count) or "nothing"


def find_last_review(patient: Patient, user: User) -> PatientReview | None:
    """The user's own, else the newest of another; none that was taken back."""
    valid = PatientReview.objects.filter(patient=patient, undone_at=None).select_related("by")
    own_first = Case(When(by=user, then=Value(0)), default=Value(1))
    return valid.order_by(own_first, "-at", "-pk").first()


def fetch_new_since_review(patient: Patient, user: User) -> NewSinceReview | None:
    """None for a patient whom no one has reviewed. Four queries."""
    review = find_last_review(patient, user)
    if review is None:
        return None
    since = review.through
    is_news = Q(received_at__gt=since)
    if review.newest_reading_id is not None:
        is_news |= Q(pk__gt=review.newest_reading_id)
    readings = Measurement.objects.included().filter(
        is_news,
        patient=patient,
        metric__vital=True,
        taken_at__gt=since - OLDEST_NEW_READING,
    )
    notes = NoteVersion.objects.newest().filter(note__patient=patient, written_at__gt=since)
    return NewSinceReview(
        review=review,
        is_own=review.by_id == user.pk,
        readings=readings.count(),
        episodes=AlertEpisode.objects.filter(patient=patient, first_known_at__gt=since).count(),
        notes=notes.exclude(written_by=user).count(),
    )
