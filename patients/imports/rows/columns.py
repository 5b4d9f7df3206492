"""Fields of an import and the headings by which their columns are recognised."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from patients.folding import fold_text

FULL_NAME = "full_name"
# Field: label, and further headings that mean it, folded. `full_name` holds both names as "Last, First".
FIELD_HEADINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "family_name": ("Last name", ("surname", "family name", "last", "lname", "patient last name")),
    "given_name": ("First name", ("given name", "forename", "first", "fname", "patient first name")),
    FULL_NAME: ("Name (Last, First)", ("name", "full name", "patient", "patient name", "patient full name")),
    "birth_date": (
        "Date of birth",
        ("dob", "d o b", "birth date", "birthdate", "birthday", "born", "patient dob", "date of birth mm dd yyyy"),
    ),
    "sex": ("Sex", ("gender", "sex at birth", "patient sex")),
    "mrn": (
        "MRN",
        ("medical record number", "medical record no", "chart number", "chart no", "record number", "mr no"),
    ),
    "phone": ("Phone", ("phone number", "telephone", "mobile", "mobile phone", "cell", "cell phone", "home phone")),
    "email": ("E-mail", ("email", "email address", "e mail address", "patient email", "mail")),
    "sms_consent": (
        "May be texted",
        ("sms consent", "text consent", "consent to texts", "texts", "has agreed to be texted about deliveries"),
    ),
    "street": (
        "Street and number",
        ("street", "address", "address 1", "address line 1", "street address", "home address"),
    ),
    "street_2": ("Apartment, floor", ("apartment", "apt", "unit", "floor", "address 2", "address line 2", "street 2")),
    "city": ("City", ("town",)),
    "state": ("State", ("st", "us state")),
    "zip_code": ("ZIP code", ("zip", "zipcode", "postal code", "postcode", "zip postal code")),
    "time_zone": ("Time zone", ("timezone", "tz")),
    "provider": (
        "Responsible provider",
        ("provider", "provider name", "physician", "doctor", "pcp", "clinician", "practitioner"),
    ),
    "conditions": ("Conditions", ("condition", "diagnosis", "diagnoses", "dx")),
    "external_id": (
        "Account id at Tenovi",
        ("account id", "tenovi id", "tenovi account id", "account id at the vendor", "external patient id"),
    ),
    # Facts that billing needs; see `billing_facts`.
    "programme": ("Programme", ("program", "monitoring program", "rpm or rtm")),
    "programme_start": ("First day of the programme", ("programme start", "program start", "program start date")),
    "rtm_system": ("RTM system", ("body system", "rtm body system")),
    "payer": ("Payer", ("insurance", "insurer", "payor", "health plan", "primary insurance")),
    "member_id": ("Member ID", ("member number", "insurance id", "policy number", "subscriber id", "mbi")),
    "diagnosis_codes": (
        "Diagnoses (ICD-10-CM)",
        ("icd 10", "icd10", "icd 10 cm", "icd codes", "icd 10 codes", "diagnosis codes", "diagnosis code", "dx codes"),
    ),
    "ordering_npi": ("Ordering NPI", ("ordering provider npi", "npi of the ordering provider")),
    "ordering_provider": ("Ordering provider", ("ordering physician", "ordering practitioner", "ordered by")),
    "order_date": ("Order date", ("date of the order", "ordered on")),
    "order_why": ("Reason of the order", ("order reason", "reason for monitoring", "medical necessity")),
    "consent_date": ("Consent date", ("consent", "consent given", "date of consent", "consented on")),
    "consent_how": ("How consent was given", ("consent how", "consent type", "consent method")),
    "education_date": ("Education date", ("education", "education done", "setup date", "set up date")),
    "visit_date": ("Prior visit date", ("prior visit", "last visit", "last visit date", "visit date")),
    "visit_kind": ("Kind of the prior visit", ("prior visit kind", "visit kind", "visit type")),
}
FIELD_LABELS = {name: label for name, (label, _) in FIELD_HEADINGS.items()}


def fold_heading(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", fold_text(text)).split())


FIELD_BY_HEADING = {
    fold_heading(heading): name
    for name, (label, others) in FIELD_HEADINGS.items()
    for heading in (name, label, *others)
}


def match_headings(headings: Sequence[str]) -> dict[str, int]:
    """Column index by field. The first of several columns with the same meaning counts; a name in two columns is
    preferred to one in one."""
    found: dict[str, int] = {}
    for index, heading in enumerate(headings):
        if name := FIELD_BY_HEADING.get(fold_heading(heading)):
            found.setdefault(name, index)
    if "family_name" in found:
        found.pop(FULL_NAME, None)
    return found


def mapping_problem(mapping: Mapping[str, int]) -> str:
    """What is missing of a choice of columns; empty if rows can be read by it."""
    if FULL_NAME in mapping and {"family_name", "given_name"} & mapping.keys():
        return "Choose either one column for the whole name, or columns for last and first name."
    if FULL_NAME not in mapping and "family_name" not in mapping:
        return "Choose the column of the last name."
    if "birth_date" not in mapping:
        return "Choose the column of the date of birth."
    return ""
