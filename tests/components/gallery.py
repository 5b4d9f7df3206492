"""What stands on the page of components: invented people, held in memory, at one moment that never passes."""

import datetime as dt
import re
import uuid
from types import SimpleNamespace as Thing

import time_machine
from django import forms
from django.template import engines
from django.test import RequestFactory
from django.urls import reverse

from devices.models import Device, DeviceType, Gateway, VendorCall
from fulfillment.equipment import Holding
from fulfillment.models import LineStatus, Order, OrderEvent, OrderLine
from fulfillment.views import order_detail as order_page
from measurements.models import Metric
from measurements.patient_list.columns import COLUMNS
from measurements.patient_list.filters import Chosen
from measurements.patient_list.rows import SHOWN, Cell, Gain, PatientRow
from measurements.patient_list.sparklines import Sparkline
from measurements.readings.latest_judged import Latest
from measurements.thresholds.evaluation import Standing
from measurements.units import VENDORS
from patients.models import Clinic, Patient, Role, User
from tests.source import ROOT

SOURCE = ROOT / "tests" / "components" / "page.html"
NOW = dt.datetime(2026, 11, 21, 12, 2, tzinfo=dt.UTC)
# The page stands on its own: its links lead nowhere, and nothing in it grows older.
DEAD = [
    (re.compile(r'(href|action)="(/|\?)[^"]*"'), r'\1="#"'),
    (re.compile(r' data-(age|clock|peek|live-part|reading-url|slash)(="[^"]*")?'), ""),
    (re.compile(r'<input type="hidden" name="csrfmiddlewaretoken"[^>]*>'), ""),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
    (re.compile(r"\n{2,}"), "\n"),
]


def written():
    """The page as docs/components.html holds it."""
    with time_machine.travel(NOW, tick=False):
        text = engines["django"].from_string(SOURCE.read_text()).render(context(), RequestFactory().get("/"))
    for pattern, by in DEAD:
        text = pattern.sub(by, text)
    return text.strip() + "\n"


def ago(hours):
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


def person(n, given, family, **fields):
    return Patient(
        pk=uuid.UUID(int=n),
        given_name=given,
        family_name=family,
        clinic=CLINIC,
        time_zone="America/New_York",
        **fields,
    )


ROSA = person(
    1, "Rosa", "Quill", birth_date=dt.date(1965, 3, 3), sex="female", mrn="448-210", conditions=["hypertension"],
    provider="Dr Imani Cole", city="Dover", state="NH",
)  # fmt: skip
WALTER = person(2, "Walter", "Briggs", birth_date=dt.date(1943, 1, 9), sex="male", conditions=["copd"])


def value(metric, hours, *values, **about):
    return Latest(metric, VENDORS.of(metric), ago(hours), values, **about)


HIGH = value(BLOOD_PRESSURE, 5, 172.0, 101.0, standing=Standing.HIGH)
SCALES = value(WEIGHT, 5, 171.0)
MARKED = [
    value(BLOOD_PRESSURE, 5, 124.0, 76.0, standing=Standing.IN_GOAL),
    HIGH,
    value(BLOOD_PRESSURE, 5, 192.0, 124.0, standing=Standing.VERY_HIGH),
    value(WEIGHT, 5, 151.0, standing=Standing.LOW),
    value(WEIGHT, 5, 143.0, standing=Standing.VERY_LOW),
    value(WEIGHT, 5, 951.0, check=True),
    value(WEIGHT, 5, 150.5, estimated=True),
]


def held(name, state, **fields):
    device = Device(hwi_id=uuid.UUID(int=9), name=name, state=state, **fields)
    return Holding(name, state, device.get_state_display(), device, None)


HELD = [
    held("Tenovi BPM - L", "connected", first_reading_at=ago(900), last_reading_at=ago(5), battery_percent=62),
    held("Tenovi Pulse Ox", "shipped", vendor_created=ago(120), shipped_on=ago(48)),
]


def rows():
    path = "M2.0 14.0h0L14.0 12.0L26.0 15.0M44.0 9.0h0L56.0 7.0L68.0 10.0L80.0 5.0L94.0 3.0"
    spark = Sparkline(BLOOD_PRESSURE, VENDORS.of(BLOOD_PRESSURE), path, 148.0, 172.0)
    yield PatientRow(ROSA, *addresses(ROSA), cells(HIGH, SCALES, None, None), ago(5), 25, HELD, spark)
    yield PatientRow(WALTER, *addresses(WALTER), cells(None, None, None, None), None, 0, [], None)


def addresses(patient):
    return [reverse(f"patients:{name}", args=[patient.pk]) for name in ("page", "peek")]


def cells(*readings):
    gains = [None, Gain(3.4, Standing.HIGH), None, None]
    labelled = zip(SHOWN.values(), readings, gains, strict=True)
    return [Cell(label, reading, gain if reading else None) for label, reading, gain in labelled]


def panel():
    lines = [Thing(label="systolic"), Thing(label="diastolic")]
    summary = Thing(
        n=50, average=(160.0, 94.0), before_noon=(163.0, 96.0), from_noon=(157.0, 92.0), above=46, below=0,
        standing=Standing.HIGH,
    )  # fmt: skip
    return Thing(
        metric=BLOOD_PRESSURE, unit=VENDORS.of(BLOOD_PRESSURE), summary=summary, baseline=None, empty=False,
        lines=lines, drawn=Thing(buckets=[], bucket_days=1), estimated=2, to_check=1, left_out=1, irregular=3,
    )  # fmt: skip


def charts():
    return Thing(panels=[panel()], measured=25, counts=[0] * 30)


def cards():
    order = Order(pk=uuid.UUID(int=5), patient=ROSA, placed_by=CORA, placed_at=ago(96))
    yield card(order, 6, "shipped", state="confirmed")
    yield card(order, 7, "rejected", state="rejected", reason="No such ZIP code.")


def card(order, n, status, **call):
    kind = DeviceType(name="Tenovi Scale")
    call = VendorCall(
        pk=uuid.UUID(int=n), patient=ROSA, reference=f"V7K2M9QX{n:02}", requested_by=CORA, created_at=ago(96), **call
    )
    line = OrderLine(pk=uuid.UUID(int=n), order=order, patient=ROSA, device_type=kind, call=call, status=status)
    if status == "shipped":
        call.device = Device(hwi_id=uuid.UUID(int=8), name=kind.name, state=status, shipped_on=ago(22))
    told = [("requested", "call", 95), ("ready", "reread", 40), ("shipped", "reread", 22)]
    events = [OrderEvent(line=line, status=word, source=source, at=ago(hours)) for word, source, hours in told]
    line._state.fields_cache["corrected_by"] = None  # looked up, and there is none
    return order_page._card(order, line, None, events)


class FieldsForm(forms.Form):
    first_name = forms.CharField(initial="Rosa")
    zip_code = forms.CharField(label="ZIP code", help_text="12345 or 12345-6789.")
    sex = forms.ChoiceField(choices=[("", "Not recorded"), ("female", "Female"), ("male", "Male")], required=False)
    sms_consent = forms.BooleanField(label="Has agreed to be texted about deliveries", required=False)
    city = forms.CharField(required=False)


def filled():
    form = FieldsForm({"first_name": "Rosa", "zip_code": "123", "city": "Dover"}, label_suffix="")
    form.add_error("zip_code", "Write the ZIP code as 12345 or 12345-6789.")
    return form


def goal(label, words, unit, scope):
    source = {"source": "2025 AHA/ACC high blood pressure guideline", "source_date": dt.date(2025, 8, 14)}
    return Thing(label=label, words=words, unit=unit, goal=Thing(scope=scope, **source))


def chip(label, count, **about):
    return Thing(**({"name": "devices", "value": label, "label": label, "count": count, "chosen": False} | about))


def context():
    form = filled()
    return {
        "user": CORA,
        "patient": ROSA,
        "local_now": NOW,
        "units": VENDORS,
        "states": [(status.value, status.label) for status in LineStatus],
        "marked": MARKED,
        "device_chips": [chip("All", 28, chosen=True), chip("Needs attention", 1), chip("On its way", 3)],
        "silence_chips": [chip("None for 2 days", 5)],
        "form": form,
        "refused": FieldsForm({"said-city": "Dovre"}, prefix="said", label_suffix="")["city"],
        "said": ["No such city in this state."],
        "rows": list(rows()),
        "page": Thing(has_other_pages=True, before="", after="x", number_of_first=1, number_of_last=2),
        "total": 40,
        "chosen": Chosen(),
        "columns": COLUMNS,
        "measured_days": 30,
        "several_clinics": False,
        "asked": "",
        "charts": charts(),
        "chart_data": {},
        "range_label": "30 days",
        "cards": list(cards()),
        "tracking": Thing(text="https://carrier.example/1", href="https://carrier.example/1"),
        "latest": [HIGH, SCALES],
        "other_readings": [],
        "weight": None,
        "goal_rows": [goal("Blood pressure", "< 130/80", "mmHg", "patient"), goal("SpO₂", "≥ 92", "%", "default")],
        "holdings": HELD,
        "gateways": [Gateway(hardware_uuid="a1b2c3d4e5f6", last_checkin_at=ago(0.1), signal_strength=17)],
    }
