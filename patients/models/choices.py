from __future__ import annotations

from django.db import models


class Sex(models.TextChoices):
    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Not recorded"


class Condition(models.TextChoices):
    HYPERTENSION = "hypertension", "Hypertension"
    HEART_FAILURE = "heart_failure", "Heart failure"
    DIABETES = "diabetes", "Diabetes"
    COPD = "copd", "COPD"
    CKD = "ckd", "Chronic kidney disease"
    OBESITY = "obesity", "Obesity"
    OLDER = "older", "Older or high-risk"
    PREGNANCY = "pregnancy", "Pregnancy"
    AFTER_DELIVERY = "after_delivery", "After delivery"
    POST_ACUTE = "post_acute", "After hospital stay"


CONDITION_LABELS: dict[str, str] = dict(Condition.choices)


class DischargeReason(models.TextChoices):
    COMPLETED = "completed", "Programme completed"
    PATIENT_REQUEST = "patient_request", "Patient's wish"
    MOVED = "moved", "Moved away"
    INPATIENT = "inpatient", "Admitted to long-term care"
    DIED = "died", "Died"
    OTHER = "other", "Other"


class FederalHoliday(models.TextChoices):
    """Legal public holidays of the United States; their dates are in `patients.clinics.holidays`."""

    NEW_YEAR = "new_year", "New Year's Day"
    KING = "king", "Birthday of Martin Luther King, Jr."
    WASHINGTON = "washington", "Washington's Birthday (Presidents' Day)"
    MEMORIAL = "memorial", "Memorial Day"
    JUNETEENTH = "juneteenth", "Juneteenth"
    INDEPENDENCE = "independence", "Independence Day"
    LABOR = "labor", "Labor Day"
    COLUMBUS = "columbus", "Columbus Day (Indigenous Peoples' Day)"
    VETERANS = "veterans", "Veterans Day"
    THANKSGIVING = "thanksgiving", "Thanksgiving Day"
    CHRISTMAS = "christmas", "Christmas Day"
