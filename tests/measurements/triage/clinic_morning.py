"""A morning of a clinic for the triage list: one patient in each section."""

import datetime as dt

from django.utils import timezone

from measurements.alerts.engine.episodes import Section
from measurements.alerts.engine.outcome.patient_sections import SECTIONS
from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.facts_files.answers import describe_rule
from tests import factories


def rule_row(code):
    return describe_rule(SHIPPED_RULES[code])


def add_entry(patient, section, *, order_at=None, unacknowledged=True, checks=None):
    return factories.TriageEntryFactory(
        patient=patient,
        section=section,
        rank=SECTIONS.index(Section(section)),
        is_unacknowledged=unacknowledged,
        order_at=order_at or timezone.now() - dt.timedelta(hours=1),
        checks=checks or {},
        assessed_at=timezone.now(),
        due_at=None,
    )


def add_patient(clinic, name, section, *, checks=None, unacknowledged=True, order_at=None, **patient):
    found = factories.PatientFactory(clinic=clinic, family_name=name, given_name="", **patient)
    add_entry(found, section, checks=checks, unacknowledged=unacknowledged, order_at=order_at)
    return found


def severe_pressure(patient, **columns):
    """A critical limit, of one reading that is not confirmed yet."""
    first = columns.pop("first", timezone.now() - dt.timedelta(minutes=20))
    return factories.AlertEpisodeFactory(
        **{
            "patient": patient,
            "rule": "bp_severe",
            "rule_row": rule_row("bp_severe"),
            "kind": "limit",
            "severity": "critical",
            "state": "unconfirmed",
            "reason": "repeat_asked",
            "opened_at": None,
            "first": first,
            "last": first,
            "detected_at": first,
            "first_known_at": first,
            "value_1": 192.0,
            "value_2": 124.0,
            "peak_1": 192.0,
            "peak_2": 124.0,
            "count": 1,
            "n": 1,
            "days": 1,
        }
        | columns
    )


def build_morning(elm, nadia):
    """A patient in each section, by section."""
    now = timezone.now()
    found = {}
    found["critical"] = add_patient(elm, "Critical", "critical", phone="+16035550142")
    severe_pressure(found["critical"])
    found["warning"] = add_patient(elm, "Warning", "warning")
    factories.AlertEpisodeFactory(
        patient=found["warning"], assigned_to=nadia, value_1=162, value_2=94, n=12, rule_row=rule_row("bp_average")
    )
    factories.AlertEpisodeFactory(
        patient=found["warning"], rule="silence", metric="weight", kind="silence", queue="compliance", days=3,
        section="no_readings",
    )  # fmt: skip
    found["over_not_seen"] = add_patient(elm, "Over", "over_not_seen")
    severe_pressure(
        found["over_not_seen"], state="closed", section="over_not_seen", reason="", opened_at=now, closed_at=now,
        closed_by="readings",
    )  # fmt: skip
    found["arrived_late"] = add_patient(elm, "Late", "arrived_late")
    severe_pressure(found["arrived_late"], section="arrived_late", state="open", reason="", opened_at=now, is_late=True)
    doubtful = factories.MeasurementFactory(
        device__patient__clinic=elm, device__patient__family_name="Check", device__patient__given_name="", code="weight"
    )
    found["check"] = doubtful.patient
    add_entry(doubtful.patient, "check", checks={"this_reading": [doubtful.pk]})
    found["no_readings"] = add_patient(elm, "Silent", "no_readings")
    factories.AlertEpisodeFactory(
        patient=found["no_readings"], rule="silence", metric="weight", kind="silence", queue="compliance", days=4,
        section="no_readings", value_1=None, value_2=None,
    )  # fmt: skip
    found["equipment"] = add_patient(elm, "Equipment", "on_target", unacknowledged=False)
    factories.WorklistItemFactory(
        device=factories.DeviceFactory(patient=found["equipment"], name="Tenovi Scale"), kind="silent_device"
    )
    found["information"] = add_patient(elm, "Information", "information")
    factories.AlertEpisodeFactory(patient=found["information"], rule="spo2_trend", metric="spO2", kind="change",
                        severity="information", value_1=91.0, value_2=None, baseline=92.4)  # fmt: skip
    found["snoozed"] = add_patient(elm, "Snoozed", "snoozed", unacknowledged=False)
    factories.AlertEpisodeFactory(
        patient=found["snoozed"], state="snoozed", section="", snoozed_until=now + dt.timedelta(days=1)
    )
    found["reviewed"] = add_patient(elm, "Reviewed", "reviewed", unacknowledged=False)
    factories.PatientReviewFactory(patient=found["reviewed"], by=nadia)
    found["on_target"] = add_patient(elm, "Target", "on_target", unacknowledged=False)
    return found
