"""Data of the component page (docs/components.html): invented people in memory, at a fixed time."""

import datetime as dt
import re
import uuid
from types import SimpleNamespace as Thing

import time_machine
from django import forms
from django.template import engines
from django.test import RequestFactory
from django.urls import reverse
from msgspec import structs

from devices.models import Device, DeviceType, Gateway, VendorCall
from fulfillment.equipment import EquipmentItem
from fulfillment.models import LineStatus, Order, OrderEvent, OrderLine
from fulfillment.views import order_detail as order_page
from measurements.measured_days import MeasuredDays
from measurements.models import Metric
from measurements.patient_list.columns import COLUMNS
from measurements.patient_list.filters import PatientListSettings
from measurements.patient_list.rows import VITAL_COLUMN_LABELS, PatientRow, VitalCell
from measurements.patient_list.sparklines import Sparkline
from measurements.readings.latest_judged import EvaluatedLatestReading
from measurements.thresholds.evaluation import ThresholdStatus
from measurements.thresholds.judgement import Judgement, judge_values
from measurements.thresholds.metric_scopes import MetricScope
from measurements.thresholds.range_status import RangeCount
from measurements.units import VENDOR_UNITS
from measurements.weeks.week_figures import WeekFigures
from measurements.weeks.weekly_average import WeeklyAverage, WeekText
from patients.lists.filters import build_filter_row
from patients.models import Clinic, Patient, Practitioner, Role, User
from tests.source_code import ROOT

SOURCE = ROOT / "tests" / "components" / "page.html"
NOW = dt.datetime(2026, 11, 21, 12, 2, tzinfo=dt.UTC)
# The page is self-contained: its links have no target, and ages in it do not change.
STRIPPED_PATTERNS = [
    (re.compile(r'(href|action)="(/|\?)[^"]*"'), r'\1="#"'),
    (re.compile(r' data-(age|clock|preview|live-part|reading-url|slash)(="[^"]*")?'), ""),
    (re.compile(r'<input type="hidden" name="csrfmiddlewaretoken"[^>]*>'), ""),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
    (re.compile(r"\n{2,}"), "\n"),
]


def render_component_page():
    """The contents of docs/components.html."""
    with time_machine.travel(NOW, tick=False):
        request = RequestFactory().get("/")
        request.user = CORA
        text = engines["django"].from_string(SOURCE.read_text()).render(page_context(), request)
    for pattern, by in STRIPPED_PATTERNS:
        text = pattern.sub(by, text)
    return text.strip() + "\n"


def hours_ago(hours):
    return NOW - dt.timedelta(hours=hours)


CLINIC = Clinic(name="Elm Street Cardiology", time_zone="America/New_York")
CORA = User(name="Cora Lind", role=Role.COORDINATOR, email="cora@example.org")
BLOOD_PRESSURE = Metric(
    code="blood_pressure",
    label="Blood pressure",
    label_1="systolic",
    label_2="diastolic",
    unit="mmHg",
    has_second_value=True,
)
WEIGHT = Metric(code="weight", label="Weight", unit="lb", decimals=1)


def build_patient(n, given, family, **fields):
    return Patient(
        pk=uuid.UUID(int=n),
        given_name=given,
        family_name=family,
        clinic=CLINIC,
        time_zone="America/New_York",
        **fields,
    )


ROSA = build_patient(
    1, "Rosa", "Quill", birth_date=dt.date(1965, 3, 3), sex="female", mrn="448-210", conditions=["hypertension"],
    practitioner=Practitioner(name="Dr Imani Cole"), city="Dover", state="NH",
)  # fmt: skip
WALTER = build_patient(2, "Walter", "Briggs", birth_date=dt.date(1943, 1, 9), sex="male", conditions=["copd"])


def latest_reading(metric, hours, *values, threshold_status=ThresholdStatus.NOT_EVALUATED, **about):
    unit = VENDOR_UNITS.unit_for(metric)
    judgement = structs.replace(
        judge_values(values, [None] * len(values), unit),
        status=threshold_status,
        words=threshold_status.words("goal"),
    )
    return EvaluatedLatestReading(metric, unit, hours_ago(hours), judgement, **about)


HIGH_READING = latest_reading(BLOOD_PRESSURE, 5, 172.0, 101.0, threshold_status=ThresholdStatus.HIGH)
WEIGHT_READING = latest_reading(WEIGHT, 5, 171.0)
MARKED_READINGS = [
    latest_reading(BLOOD_PRESSURE, 5, 124.0, 76.0, threshold_status=ThresholdStatus.IN_RANGE),
    HIGH_READING,
    latest_reading(BLOOD_PRESSURE, 5, 192.0, 124.0, threshold_status=ThresholdStatus.VERY_HIGH),
    latest_reading(WEIGHT, 5, 151.0, threshold_status=ThresholdStatus.LOW),
    latest_reading(WEIGHT, 5, 143.0, threshold_status=ThresholdStatus.VERY_LOW),
    latest_reading(WEIGHT, 5, 951.0, needs_check=True),
    latest_reading(WEIGHT, 5, 150.5, estimated=True),
]


def build_equipment(name, state, **fields):
    device = Device(hwi_id=uuid.UUID(int=9), name=name, state=state, **fields)
    return EquipmentItem(name, state, device.get_state_display(), device, None)


EQUIPMENT = [
    build_equipment(
        "Tenovi BPM - L", "connected", first_reading_at=hours_ago(900), last_reading_at=hours_ago(5), battery_percent=62
    ),
    build_equipment("Tenovi Pulse Ox", "shipped", vendor_created=hours_ago(120), shipped_on=hours_ago(48)),
]


def patient_list_rows():
    path = "M2.0 14.0h0L14.0 12.0L26.0 15.0M44.0 9.0h0L56.0 7.0L68.0 10.0L80.0 5.0L94.0 3.0"
    unit = VENDOR_UNITS.unit_for(BLOOD_PRESSURE)
    spark = Sparkline(BLOOD_PRESSURE, unit, path, "M2 14.3H94", (130.0,), 148.0, 172.0)
    yield PatientRow(
        ROSA,
        *patient_urls(ROSA),
        reading_cells(HIGH_READING, WEIGHT_READING, None, None),
        hours_ago(5),
        MeasuredDays(25, 30),
        EQUIPMENT,
        spark,
        WeekFigures(irregular_count=2),
    )
    yield PatientRow(
        WALTER, *patient_urls(WALTER), reading_cells(None, None, None, None), None, MeasuredDays(0, 21), [], None
    )


def patient_urls(patient):
    return [reverse(f"patients:{name}", args=[patient.pk]) for name in ("page", "preview")]


def reading_cells(*readings):
    gains = [None, Judgement((3.4,), ("+3.4",), ThresholdStatus.HIGH, "above goal"), None, None]
    average = WeeklyAverage("", "", (157.0, 93.0), 12, ThresholdStatus.HIGH)
    judged = Judgement(average.values, ("157", "93"), average.status, "above goal")
    week = WeekText(((average, judged),), "1 far above", ThresholdStatus.VERY_HIGH)
    labelled = zip(VITAL_COLUMN_LABELS.values(), readings, gains, [week, None, None, None], strict=True)
    return [VitalCell(label, *(found if found[0] else (None,))) for label, *found in labelled]


def chart_panel():
    lines = [Thing(label="systolic", threshold=None), Thing(label="diastolic", threshold=None)]
    summary = Thing(
        n=50, average=(160.0, 94.0), before_noon=(163.0, 96.0), from_noon=(157.0, 92.0)
    )  # fmt: skip
    return Thing(
        metric=BLOOD_PRESSURE, scope=MetricScope(BLOOD_PRESSURE), unit=VENDOR_UNITS.unit_for(BLOOD_PRESSURE),
        summary=summary, weight=None, empty=False, meals=[],
        series=lines, plot_data=Thing(buckets=[], bucket_days=1), estimated=2, late=1, needs_check=1, left_out=1,
        clock_words="the device's clock is ahead", irregular_count=3,
        range_counts=[RangeCount("46 of 50 above goal (2 far above)", "bad", is_below=False)],
    )  # fmt: skip


def chart_panels():
    return Thing(panels=[chart_panel()], measured_days=MeasuredDays(25, 30))


def order_line_cards():
    order = Order(pk=uuid.UUID(int=5), patient=ROSA, placed_by=CORA, placed_at=hours_ago(96))
    yield order_line_card(order, 6, "shipped", state="confirmed")
    yield order_line_card(order, 7, "rejected", state="rejected", reason="No such ZIP code.")


def order_line_card(order, n, status, **call):
    kind = DeviceType(name="Tenovi Scale")
    call = VendorCall(
        pk=uuid.UUID(int=n),
        patient=ROSA,
        reference=f"V7K2M9QX{n:02}",
        requested_by=CORA,
        created_at=hours_ago(96),
        **call,
    )
    line = OrderLine(pk=uuid.UUID(int=n), order=order, patient=ROSA, device_type=kind, call=call, status=status)
    if status == "shipped":
        call.device = Device(hwi_id=uuid.UUID(int=8), name=kind.name, state=status, shipped_on=hours_ago(22))
    statuses = [("requested", "call", 95), ("ready", "refresh", 40), ("shipped", "refresh", 22)]
    events = [OrderEvent(line=line, status=word, source=source, at=hours_ago(age)) for word, source, age in statuses]
    line._state.fields_cache["corrected_by"] = None  # loaded, and there is none
    return order_page.build_line_card(order, line, None, events)


class SampleForm(forms.Form):
    first_name = forms.CharField(initial="Rosa")
    zip_code = forms.CharField(label="ZIP code", help_text="12345 or 12345-6789.")
    sex = forms.ChoiceField(choices=[("", "Not recorded"), ("female", "Female"), ("male", "Male")], required=False)
    sms_consent = forms.BooleanField(label="Has agreed to be texted about deliveries", required=False)
    city = forms.CharField(required=False)


def invalid_form():
    form = SampleForm({"first_name": "Rosa", "zip_code": "123", "city": "Dover"}, label_suffix="")
    form.add_error("zip_code", "Write the ZIP code as 12345 or 12345-6789.")
    return form


def threshold_row(label, words, unit, scope):
    source = {"source": "2025 AHA/ACC high blood pressure guideline", "source_date": dt.date(2025, 8, 14)}
    return Thing(label=label, range_text=words, unit=unit, threshold=Thing(scope=scope, **source))


def page_context():
    form = invalid_form()
    return {
        "patient": ROSA,
        "local_now": NOW,
        "on_paper": False,
        "units": VENDOR_UNITS,
        "states": [(status.value, status.label) for status in LineStatus],
        "marked": MARKED_READINGS,
        "filter_rows": [
            build_filter_row(
                "devices",
                "Devices",
                {"": "All", "attention": "Needs attention", "under_way": "On its way"},
                selected="",
                counts={"": 28, "attention": 1, "under_way": 3},
            ),
            build_filter_row("silence", "Readings", {"2": "None for 2 days"}, selected="", counts={"2": 5}),
        ],
        "form": form,
        "refused": SampleForm({"said-city": "Dovre"}, prefix="said", label_suffix="")["city"],
        "said": ["No such city in this state."],
        "rows": list(patient_list_rows()),
        "page": Thing(has_other_pages=True, before="", after="x", first_row_number=1, last_row_number=2, total=40),
        "settings": PatientListSettings(),
        "sort": PatientListSettings().sort_order,
        "columns": COLUMNS,
        "several_clinics": False,
        "search_text": "",
        "charts": chart_panels(),
        "chart_data": {},
        "range_label": "30 days",
        "cards": list(order_line_cards()),
        "tracking": Thing(text="https://carrier.example/1", href="https://carrier.example/1"),
        "latest": [HIGH_READING, WEIGHT_READING],
        "other_readings": [],
        "weight": None,
        "goal_rows": [
            threshold_row("Blood pressure", "< 130/80", "mmHg", "patient"),
            threshold_row("SpO₂", "≥ 92", "%", "default"),
        ],
        "holdings": EQUIPMENT,
        "ended_devices": [],
        "lane_stop": None,
        "outdated": [],
        "gateways": [Gateway(hardware_uuid="a1b2c3d4e5f6", last_checkin_at=hours_ago(0.1), signal_strength=17)],
    }
