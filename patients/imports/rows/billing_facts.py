"""Optional columns of facts that billing needs: programme, payer, order, consent, education and prior visit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from patients import practitioners
from patients.folding import fold_name, fold_text
from patients.imports.rows.values import DATE_FIELDS
from patients.models import Clinic, Patient, Practitioner, User
from patients.programmes import facts
from patients.programmes.diagnoses import parse_diagnoses
from patients.programmes.models import (
    Consent,
    ConsentHow,
    Coverage,
    Education,
    MonitoringOrder,
    PatientFact,
    Payer,
    Programme,
    ProgrammeEnrolment,
    QualifyingVisit,
    RTMSystem,
    VisitKind,
)
from patients.validators import validate_npi

ORDER_FIELDS = ("order_date", "diagnosis_codes", "order_why", "ordering_npi", "ordering_provider")
FACT_DATES = tuple(name for name in DATE_FIELDS if name != "birth_date")
FACT_FIELDS = (
    *("programme", "rtm_system", "payer", "member_id", "consent_how", "visit_kind"),
    *ORDER_FIELDS,
    *FACT_DATES,
)
MAX_MEMBER_ID_LENGTH = 40
FUTURE_FIELDS = ("programme_start",)  # may be in the future
HOW_WORDS = {
    **dict.fromkeys(("spoken", "verbal", "verbally", "oral", "phone"), ConsentHow.SPOKEN),
    **dict.fromkeys(("written", "in writing", "paper", "signed"), ConsentHow.WRITTEN),
    **dict.fromkeys(("electronic", "electronically", "online", "e-signature"), ConsentHow.ELECTRONIC),
}
VISIT_WORDS = {
    "": VisitKind.OTHER,
    "telehealth": VisitKind.VIDEO,
    "awv": VisitKind.WELLNESS,
    **{kind.value: kind for kind in VisitKind},
    **{fold_text(str(kind.label)): kind for kind in VisitKind},
}
SYSTEM_WORDS = {
    "behavioral": RTMSystem.BEHAVIOURAL,
    "cbt": RTMSystem.BEHAVIOURAL,
    "msk": RTMSystem.MUSCULOSKELETAL,
    **{system.value: system for system in RTMSystem},
}


class RowFacts:
    """What a row says of billing. `problems`: pairs of a field and a text; then nothing is recorded."""

    def __init__(self, data: Mapping[str, Any], clinic: Clinic) -> None:
        self.clinic, self.today = clinic, timezone.localdate(timezone=clinic.zone)
        self.texts = {name: str(data.get(name, "")).strip() for name in FACT_FIELDS}
        self.provider = str(data.get("provider", "")).strip()
        self.problems: list[tuple[str, str]] = []
        self.notes: list[tuple[str, str]] = []
        self.days: dict[str, Any] = {name: self.read_day(name) for name in FACT_DATES}
        self.first_day = self.days["programme_start"] or self.today
        read = (self.read_programme, self.read_payer, self.read_order, self.read_consent, self.read_education)
        found = [row for rows in (each() for each in (*read, self.read_visit)) for row in rows]
        self.rows: list[PatientFact] = [] if self.problems else found

    def say(self, name: str, text: str) -> None:
        self.problems.append((name, text))

    def read_day(self, name: str) -> dt.date | None:
        """Cells are converted to ISO form before."""
        day = dt.date.fromisoformat(self.texts[name]) if self.texts[name] else None
        if day and day > self.today and name not in FUTURE_FIELDS:
            self.say(name, "This date is in the future.")
        return day

    def read_word(self, name: str, words: Mapping[str, Any]) -> Any:
        found = words.get(fold_text(self.texts[name]))
        if found is None:
            self.say(name, f"Write one of: {', '.join(sorted({str(value) for value in words.values()}))}.")
        return found

    def read_programme(self) -> list[PatientFact]:
        text = self.texts["programme"].upper()
        if text in ("", "NONE"):
            return []
        if text not in Programme.values:
            self.say("programme", "Write RPM, RTM or none.")
            return []
        system = ""
        if text == Programme.RTM:
            system = self.read_word("rtm_system", SYSTEM_WORDS) or ""
        elif self.texts["rtm_system"]:
            self.say("rtm_system", "A body system belongs to RTM.")
        return [ProgrammeEnrolment(programme=text, system=system, started_on=self.first_day)]

    def read_payer(self) -> list[PatientFact]:
        name, member_id = self.texts["payer"], self.texts["member_id"]
        if not name:
            if member_id:
                self.say("payer", "The payer of this member ID is missing.")
            return []
        payer = Payer.objects.filter(folded_name=fold_name(name), is_offered=True).first()
        if payer is None:
            self.say("payer", "There is no payer of this name. An administrator adds payers.")
            return []
        if len(member_id) > MAX_MEMBER_ID_LENGTH:
            self.say("member_id", "This member ID is too long.")
        return [Coverage(payer=payer, member_id=member_id, started_on=self.first_day)]

    def read_order(self) -> list[PatientFact]:
        if not (self.texts["order_date"] or self.texts["order_why"]):
            if self.texts["diagnosis_codes"]:
                self.notes.append(("diagnosis_codes", "Not used: diagnoses belong to an order with its date."))
            return []
        for name, text in (
            ("order_date", "The date of the order is missing."),
            ("order_why", "The reason is missing."),
        ):
            if not self.texts[name]:
                self.say(name, text)
        if not (self.texts["ordering_npi"] or self.texts["ordering_provider"] or self.provider):
            self.say("ordering_provider", "The ordering provider is missing.")
        codes = self.read_codes()
        return [MonitoringOrder(ordered_on=self.days["order_date"], diagnoses=codes, why=self.texts["order_why"][:500])]

    def read_codes(self) -> list[str]:
        if self.texts["ordering_npi"]:
            try:
                validate_npi(self.texts["ordering_npi"])
            except ValidationError as error:
                self.say("ordering_npi", error.messages[0])
        try:
            codes = parse_diagnoses(self.texts["diagnosis_codes"])
        except ValidationError as error:
            self.say("diagnosis_codes", error.messages[0])
            return []
        if not codes:
            self.say("diagnosis_codes", "An order needs a diagnosis.")
        return codes

    def read_consent(self) -> list[PatientFact]:
        if not self.texts["consent_date"]:
            if self.texts["consent_how"]:
                self.say("consent_date", "The date of the consent is missing.")
            return []
        return [Consent(given_on=self.days["consent_date"], how=self.read_word("consent_how", HOW_WORDS))]

    def read_education(self) -> list[PatientFact]:
        if not self.texts["education_date"]:
            return []
        programme = self.texts["programme"].upper()
        if programme not in Programme.values:
            self.say("education_date", "Education needs its programme, in the column of the programme.")
        return [Education(programme=programme, done_on=self.days["education_date"])]

    def read_visit(self) -> list[PatientFact]:
        if not self.texts["visit_date"]:
            if self.texts["visit_kind"]:
                self.say("visit_date", "The date of the visit is missing.")
            return []
        return [QualifyingVisit(visited_on=self.days["visit_date"], kind=self.read_word("visit_kind", VISIT_WORDS))]

    def record(self, patient: Patient, *, by: User | None) -> None:
        """After the patient's enrolment, in its transaction. Raises ValidationError by field."""
        for row in self.rows:
            row.patient = patient
            if isinstance(row, MonitoringOrder):
                row.practitioner = self.find_practitioner(patient)
            facts.record_fact(row, by=by)

    def find_practitioner(self, patient: Patient) -> Practitioner:
        """By the NPI, else by the name, which then has that NPI; else the responsible provider."""
        npi, name = self.texts["ordering_npi"], self.texts["ordering_provider"]
        found = Practitioner.objects.filter(clinic=self.clinic, npi=npi).first() if npi else None
        if found is None:
            found = practitioners.find_or_create(clinic=self.clinic, name=name) if name else patient.practitioner
        if found is None:
            raise ValidationError({"ordering_npi": "No provider of this clinic has this NPI. Name the provider too."})
        if npi and not found.npi:
            found.npi = npi
            found.save(update_fields=["npi"])
        elif npi and found.npi != npi:
            raise ValidationError({"ordering_npi": f"{found} has another NPI on file."})
        return found
