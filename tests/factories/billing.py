"""Rows of billing: rules, settings, lines, approvals."""

import datetime as dt

import factory

from measurements.billing.engine.code_rules import Kind, Programme
from measurements.billing.engine.lines import Line, Status
from measurements.billing.models import (
    BillingLine,
    BillingRuleChange,
    BillingSettings,
    BillingState,
    CodeRuleRow,
    ConfirmedYear,
    EvidenceFile,
    LineApproval,
    LineStep,
    PayerRule,
)
from measurements.billing.stored_lines.line_json import line_to_json
from tests.factories.patients import ClinicFactory, PatientFactory, UserFactory

WINDOW = dt.date(2026, 10, 20)


class CodeRuleRowFactory(factory.django.DjangoModelFactory):
    """Of a code that isn't shipped."""

    class Meta:
        model = CodeRuleRow

    code = factory.Sequence(lambda n: f"G{n:04}")
    programme = "RPM"
    kind = "period"
    least = 20
    start = dt.date(2027, 1, 1)
    source = "CMS-1848-P, 91 FR 43842"
    checked_by = "Ada Whitfield"


class PayerRuleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PayerRule

    payer = factory.Sequence(lambda n: f"Granite Health {n}")
    codes = ("99454",)
    start = dt.date(2026, 1, 1)
    source = "Policy 2026.11"
    checked_by = "Ada Whitfield"


class ConfirmedYearFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ConfirmedYear

    year = factory.Sequence(lambda n: 2027 + n % 70)
    source = "CMS-1848-F"
    checked_by = "Ada Whitfield"


class BillingRuleChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BillingRuleChange

    table = "coderulerow"
    row_id = 1
    row = "99454 from 2019-01-01"
    before = factory.LazyFunction(lambda: {"least": 16})
    after = factory.LazyFunction(lambda: {"least": 20})
    by = factory.SubFactory(UserFactory)


class BillingSettingsFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BillingSettings

    clinic = factory.SubFactory(ClinicFactory)
    source = "Decided by the practice"
    by = factory.SubFactory(UserFactory)


class BillingStateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BillingState
        django_get_or_create = ("patient",)

    patient = factory.SubFactory(PatientFactory)


class BillingLineFactory(factory.django.DjangoModelFactory):
    """A window of 30 days with 16 measured ones; pass `status`, `code`, `first` for another line."""

    class Meta:
        model = BillingLine

    patient = factory.SubFactory(PatientFactory)
    clinic = factory.SelfAttribute("patient.clinic")
    kind = "period"
    programme = "RPM"
    first = WINDOW
    last = factory.LazyAttribute(lambda line: line.first + dt.timedelta(days=29))
    code = "99454"
    units = 1
    status = "suggested"
    date_of_service = factory.SelfAttribute("last")
    belongs_to = factory.LazyAttribute(lambda line: line.date_of_service.replace(day=1))
    days = factory.LazyAttribute(lambda line: [line.first + dt.timedelta(days=n) for n in range(16)])


def approved_window(approval):
    """16 measured days."""
    last = approval.first + dt.timedelta(days=29)
    return Line(
        kind=Kind(approval.kind),
        programme=Programme(approval.programme),
        first=approval.first,
        last=last,
        code=approval.code,
        units=approval.units,
        status=Status.APPROVED,
        because=(),
        date_of_service=last,
        belongs_to=last.replace(day=1),
        days=tuple(approval.first + dt.timedelta(days=n) for n in range(16)),
        anchor=approval.first,
    )


def build_evidence(approval):
    """What evidence always holds, with nothing on file."""
    lists = ("consents", "education", "programmes", "access", "apcm", "monitoring_periods", "devices", "zones", "days")
    more = ("excluded_readings", "sessions", "live_interactions", "time_approvals", "corrections")
    line = {
        "kind": approval.kind,
        "programme": approval.programme,
        "code": approval.code,
        "units": approval.units,
        "first": str(approval.first),
        "last": str(approval.first),
        "date_of_service": str(approval.first),
        "monitoring_period": None,
        "minutes": None,
        "days": 0,
        "rules_of": approval.first.year,
        "cautions": [],
    }
    return {
        **{name: [] for name in (*lists, *more)},
        "as_of": "2026-12-01T17:00:00Z",
        "patient": {"name": approval.patient.name},
        "payer": {"name": "", "prior_authorisations": []},
        "line": line,
        "rules": {"code": [], "payer": None, "settings": {}},
        "order": None,
        "relationship": {"visit": None, "initiating_visit": None},
        "no_other_practice": None,
        "clinic_zone": "America/New_York",
        "approval": {"by": "", "statement": approval.statement},
        "program_version": "0.1.0",
    }


class LineApprovalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LineApproval

    patient = factory.SubFactory(PatientFactory)
    kind = "period"
    programme = "RPM"
    first = WINDOW
    code = "99454"
    units = 1
    by = factory.SubFactory(UserFactory)
    statement = "I have reviewed these data."
    line = factory.LazyAttribute(lambda approval: line_to_json(approved_window(approval)))
    evidence = factory.LazyAttribute(build_evidence)
    evidence_hash = "0" * 64


class LineStepFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LineStep

    approval = factory.SubFactory(LineApprovalFactory)
    kind = "submitted"
    by = factory.SubFactory(UserFactory)


class EvidenceFileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EvidenceFile

    approval = factory.SubFactory(LineApprovalFactory)
    content = b"%PDF-1.7"
