"""Reference data: the vendor's metrics and the shipped default thresholds, each with its source and date."""

import datetime as dt

from django.db import migrations

VENDOR = "Tenovi HWI API, metrics, 2026"
AHA = ("2025 AHA/ACC high blood pressure guideline: goal below 130/80", dt.date(2025, 8, 14))
ADA = ("ADA Standards of Care 2026, finger-stick glucose", dt.date(2025, 12, 8))
HEART_FAILURE = (
    "Heart failure self-care, common practice: call at 3 lb over the usual weight; prescribed per patient",
    dt.date(2026, 11, 1),
)
COMMON = ("Common remote-monitoring default; prescribed per patient", dt.date(2026, 11, 1))

# code, label, unit, decimals, label_1, label_2, lowest_1, highest_1, lowest_2, highest_2, second, single
VITALS = [
    ("blood_pressure", "Blood pressure", "mmHg", 0, "Systolic", "Diastolic", 40, 300, 20, 200, True, True),
    ("pulse", "Pulse", "bpm", 0, "Pulse", "", 20, 250, None, None, False, True),
    ("irregular_heartbeat", "Irregular heartbeat", "", 0, "Detected", "", None, None, None, None, False, False),
    ("weight", "Weight", "lb", 1, "Weight", "", 2, 1000, None, None, False, True),
    ("glucose", "Glucose", "mg/dL", 0, "Glucose", "", 10, 700, None, None, False, True),
    ("spO2", "SpO₂", "%", 0, "SpO₂", "", 50, 100, None, None, False, True),
    ("temperature", "Temperature", "°F", 1, "Temperature", "", 80, 115, None, None, False, True),
    ("perfusion_index", "Perfusion index", "%", 1, "Perfusion index", "", None, None, None, None, False, True),
    ("peak_expiratory_flow", "Peak flow", "L/min", 0, "Peak flow", "", None, None, None, None, False, True),
    ("forced_expiratory_volume", "FEV1", "L", 2, "FEV1", "", None, None, None, None, False, True),
]
OTHERS = [
    ("steps", "Steps", "steps"),
    ("sleep", "Sleep", "h"),
    ("heart_rate_statistics", "Heart rate, hourly", "bpm"),
    ("battery_percentage", "Battery", "%"),
    ("pillbox_opened", "Pillbox opened", ""),
    ("pillbox_refill_initiated", "Pillbox refill begun", ""),
    ("pillbox_refilled", "Pillbox refilled", ""),
    ("patchcap_open_close_event", "Bottle cap opened or closed", ""),
    ("no_measurement_event", "No measurement", ""),
    ("low_battery_event", "Low battery", ""),
    ("patchcap_time_updated_event", "Bottle cap clock set", ""),
    ("patchcap_bluetooth_event", "Bottle cap connection", ""),
]
TWO_VALUES = {"pillbox_opened", "pillbox_refilled", "heart_rate_statistics"}

# metric, component, context, very_low, low, high, very_high, source
THRESHOLDS = [
    ("blood_pressure", 1, "", None, None, 130, 180, AHA),
    ("blood_pressure", 2, "", None, None, 80, 120, AHA),
    ("pulse", 1, "", None, 50, 110, None, COMMON),
    ("glucose", 1, "", 54, 70, 180, 250, ADA),
    ("glucose", 1, "pre-prandial", 54, 80, 130, 250, ADA),
    ("glucose", 1, "fasting", 54, 80, 130, 250, ADA),
    ("glucose", 1, "post-prandial", 54, 70, 180, 250, ADA),
    ("spO2", 1, "", 88, 92, None, None, COMMON),
    ("temperature", 1, "", None, None, 100.4, None, COMMON),
    ("weight", 1, "gain", None, None, 3, None, HEART_FAILURE),  # over the median of the seven days before
]

# A delivery is written three times within seconds and then never again. Readings are only ever added, and charts read
# nothing but an index: that needs a fresh visibility map.
AUTOVACUUM = {
    "devices_delivery": {"autovacuum_vacuum_scale_factor": 0.02},
    "measurements_measurement": {
        "autovacuum_vacuum_insert_scale_factor": 0.02,
        "autovacuum_analyze_scale_factor": 0.02,
    },
}


def add_metrics_and_thresholds(apps, schema_editor):
    Metric = apps.get_model("measurements", "Metric")
    Threshold = apps.get_model("measurements", "Threshold")
    for position, row in enumerate(VITALS):
        code, label, unit, decimals, label_1, label_2, low_1, high_1, low_2, high_2, second, single = row
        Metric.objects.create(
            code=code, label=label, unit=unit, decimals=decimals, label_1=label_1, label_2=label_2, lowest_1=low_1,
            highest_1=high_1, lowest_2=low_2, highest_2=high_2, has_second_value=second, single=single, known=True,
            vital=True, physiologic=True, position=position, source=VENDOR,
        )  # fmt: skip
    for position, (code, label, unit) in enumerate(OTHERS, start=50):
        Metric.objects.create(
            code=code, label=label, unit=unit, known=True, has_second_value=code in TWO_VALUES, position=position,
            source=VENDOR,
        )  # fmt: skip
    for metric, component, context, very_low, low, high, very_high, (source, date) in THRESHOLDS:
        Threshold.objects.create(
            metric_id=metric, component=component, context=context, very_low=very_low, low=low, high=high,
            very_high=very_high, source=source, source_date=date,
        )  # fmt: skip


def set_autovacuum(apps, schema_editor):
    for table, parameters in AUTOVACUUM.items():
        given = ", ".join(f"{name} = {value}" for name, value in parameters.items())
        schema_editor.execute(f"ALTER TABLE {table} SET ({given})")


class Migration(migrations.Migration):
    dependencies = [("measurements", "0001_initial")]
    operations = [
        migrations.RunPython(add_metrics_and_thresholds, migrations.RunPython.noop),
        migrations.RunPython(set_autovacuum, migrations.RunPython.noop),
    ]
