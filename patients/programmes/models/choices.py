from __future__ import annotations

from django.db import models


class Programme(models.TextChoices):
    RPM = "RPM", "RPM (remote physiologic monitoring)"
    RTM = "RTM", "RTM (remote therapeutic monitoring)"


class RTMSystem(models.TextChoices):
    """The body system whose therapy is monitored; it chooses the codes of RTM."""

    RESPIRATORY = "respiratory", "Respiratory"
    MUSCULOSKELETAL = "musculoskeletal", "Musculoskeletal"
    BEHAVIOURAL = "behavioural", "Cognitive behavioral therapy"


class ConsentHow(models.TextChoices):
    SPOKEN = "spoken", "Spoken"
    WRITTEN = "written", "In writing"
    ELECTRONIC = "electronic", "Electronically"


class VisitKind(models.TextChoices):
    OFFICE = "office", "In the office"
    HOME = "home", "At home"
    VIDEO = "video", "By video"
    HOSPITAL = "hospital", "In a hospital"
    WELLNESS = "wellness", "Annual wellness visit"
    OTHER = "other", "Another kind"


class AccessTrack(models.TextChoices):
    """Clinical tracks of the CMS ACCESS model."""

    EARLY_CKM = "eckm", "Early cardio-kidney-metabolic"
    CKM = "ckm", "Cardio-kidney-metabolic"
    MSK = "msk", "Musculoskeletal"
    BEHAVIORAL = "bh", "Behavioral health"


class EmploymentKind(models.TextChoices):
    PRACTICE_EMPLOYEE = "practice_employee", "Employed by the practice"
    LEASED = "leased", "Leased"
    CONTRACTOR = "contractor", "Contractor"
    VENDOR = "vendor", "Employed by a vendor"


class OrderedMetric(models.TextChoices):
    """What an order says is to be measured, by the vendor's names."""

    BLOOD_PRESSURE = "blood_pressure", "Blood pressure"
    PULSE = "pulse", "Pulse"
    WEIGHT = "weight", "Weight"
    GLUCOSE = "glucose", "Glucose"
    OXYGEN = "spO2", "Oxygen saturation"
    TEMPERATURE = "temperature", "Temperature"
    PEAK_FLOW = "peak_expiratory_flow", "Peak flow"
    FEV1 = "forced_expiratory_volume", "FEV1"
    MEDICATION = "pillbox_opened", "Medication taking (pillbox)"
