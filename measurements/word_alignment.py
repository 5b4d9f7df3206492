"""Alignment step of the vendor's words in stored readings with how a payload is read today."""

from __future__ import annotations

import uuid
from typing import Any

import pgtrigger

from measurements import check_reasons
from measurements.ingest import vendor_words
from measurements.models import Measurement, Metric
from patients.audit.row_alignment import AlignedSlice, AlignmentStep, RowKey, aligned_patients, next_patients

# Of those that say anything but their index; and of metrics that were not known by this spelling.
READINGS_WITH_WORDS_SQL = """
SELECT * FROM measurements_measurement
WHERE patient_id = ANY(%(patients)s)
    AND (filter_params - 'measurement_index' <> '{}'::jsonb OR metric_id = ANY(%(spellings)s))
ORDER BY id FOR NO KEY UPDATE
"""


def respell_readings(after: RowKey | None) -> AlignedSlice:
    """A reading that is stored under the known metric as well stays under the spelling that was not known."""
    patients, metrics = next_patients(after), Metric.objects.in_bulk()
    spellings = {code for code in metrics if vendor_words.normalise_metric(code) != code}
    rows = list(Measurement.objects.raw(READINGS_WITH_WORDS_SQL, {"patients": patients, "spellings": list(spellings)}))
    changed: list[uuid.UUID] = []
    with pgtrigger.ignore("measurements.Measurement:clinical_facts_never_overwritten"):
        for reading in rows:
            values = respelt_values(reading, metrics)
            if values and not is_stored_as(reading, values):
                Measurement.objects.filter(pk=reading.pk).update(**values)
                changed.append(reading.patient_id)
    return aligned_patients(patients, changed=changed)


def respelt_values(reading: Measurement, metrics: dict[str, Metric]) -> dict[str, Any]:
    """The fields that parsing its payload would fill otherwise today."""
    metric = metrics[vendor_words.normalise_metric(reading.metric_id)]
    params = vendor_words.normalise_filter_params(reading.filter_params)
    beyond_meter = vendor_words.find_beyond_meter(metric.pk, params.get("alert"))
    value_1 = reading.value_1
    if beyond_meter and value_1 is not None:
        params, value_1 = vendor_words.add_as_sent(params, "value_1", str(value_1)), None
    values = {
        "metric_id": metric.pk,
        "filter_params": params,
        "value_1": value_1,
        "beyond_meter": beyond_meter or reading.beyond_meter,
        "control": params.get("measurement_location") == vendor_words.CONTROL_SOLUTION,
        "implausible": reading.implausible
        if metric.pk == reading.metric_id
        else bool(check_reasons.implausible_values(metric, (value_1, reading.value_2))),
    }
    return {name: value for name, value in values.items() if getattr(reading, name) != value}


def is_stored_as(reading: Measurement, values: dict[str, Any]) -> bool:
    identity = {name: getattr(reading, name) for name in ("device_id", "identity_at", "index", "value_1", "metric_id")}
    wanted = identity | {name: value for name, value in values.items() if name in identity}
    return Measurement.objects.filter(**wanted).exclude(pk=reading.pk).exists()


STEPS = (
    AlignmentStep(
        "measurements.vendor_words",
        "Metrics, meals, places and alerts are spelt as in the vendor's documents; beyond the meter is no value.",
        respell_readings,
    ),
)
