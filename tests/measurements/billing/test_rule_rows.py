"""Rows of billing rules: the shipped ones, what is refused by name, and the history of their changes."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from measurements.billing.engine.code_rules import SHIPPED_CODE_RULES
from measurements.billing.engine.facts import ServiceDate, Settings
from measurements.billing.models import BillingRuleChange, BillingSettings, CodeRuleRow, ConfirmedYear, PayerRule
from tests import factories

pytestmark = pytest.mark.django_db


def test_shipped_rules_are_rows_that_equal_the_file():
    rules = {row.to_rule() for row in CodeRuleRow.objects.all()}

    assert rules == set(SHIPPED_CODE_RULES)
    assert list(ConfirmedYear.objects.values_list("year", flat=True)) == [2026]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"code": "9945"}, "code", "This is no code. Five digits or capital letters, such as 99454 or G0511."),
        ({"source": ""}, "source", "This field cannot be blank."),
        ({"code": "99454"}, "start", "Code 99454 has another row for some of these days: 99454 from 2019-01-01."),
        ({"end": dt.date(2026, 1, 1)}, "end", "The last day is before the first one."),
        ({"most": 3}, "most", "The most is below the least."),
        ({"each": 20}, "beside", "A unit for each so many minutes and the code beside go together."),
        ({"system": "respiratory"}, "system", "Only codes of RTM have a system."),
    ],
)
def test_code_rule_refuses_by_name(changes, field, words):
    with pytest.raises(ValidationError) as refused:
        factories.CodeRuleRowFactory.build(**changes).full_clean()

    assert refused.value.message_dict[field] == [words]


def test_code_rule_overlap_is_refused_by_database_too():
    row = factories.CodeRuleRowFactory()

    with pytest.raises(IntegrityError, match="code_rule_no_overlap"), transaction.atomic():
        factories.CodeRuleRowFactory(code=row.code, start=dt.date(2028, 1, 1))


@pytest.mark.parametrize(
    ("codes", "start", "is_refused"),
    [
        (["99454", "99457"], dt.date(2026, 6, 1), True),
        (["99457"], dt.date(2026, 6, 1), False),
        ([], dt.date(2026, 6, 1), False),  # the row that names the code wins
        (["99454"], dt.date(2027, 1, 1), False),
    ],
)
def test_payer_rule_that_overlaps_itself_is_refused(codes, start, is_refused):
    factories.PayerRuleFactory(payer="Granite Health", end=dt.date(2026, 12, 31))
    row = factories.PayerRuleFactory.build(payer="granite  health", codes=codes, start=start)

    if not is_refused:
        row.full_clean()
        return
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert refused.value.message_dict["start"] == [
        "granite health has another row for some of these days: Granite Health, 99454, from 2026-01-01."
    ]


def test_payer_rule_is_read_as_engine_rule():
    row = factories.PayerRuleFactory(
        needs_prior_authorisation=True, date_of_service="first_day", only_diagnoses=["I50"]
    )

    rule = row.to_rule()

    assert (rule.codes, rule.only_diagnoses) == (frozenset({"99454"}), ("I50",))
    assert (rule.needs_prior_authorisation, rule.date_of_service) == (True, ServiceDate.FIRST_DAY)


def test_settings_without_changes_equal_engine_defaults():
    row = factories.BillingSettingsFactory()

    assert row.to_settings(frozenset({2026}), 120) == Settings()


@pytest.fixture
def admin_page(client_of, ada):
    return client_of(ada)


def test_admin_stores_what_a_rule_was_before(admin_page, ada):
    row = CodeRuleRow.objects.get(code="99454")
    address = reverse("admin:billing_coderulerow_change", args=[row.pk])
    page = admin_page.get(address)
    form = page.context["adminform"].form
    sent = {name: form[name].value() for name in form.fields} | {"needs": "relationship", "end": "2026-12-31"}
    sent["edit_version"] = page.context["edit_version"]

    answer = admin_page.post(address, {name: value for name, value in sent.items() if value is not None})

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    change = BillingRuleChange.objects.get()
    assert (change.before["end"], change.after["end"], change.by) == (None, "2026-12-31", ada)
    assert (change.table, change.row_id, change.row) == ("coderulerow", row.pk, "99454 from 2019-01-01")


def test_admin_adds_payer_rule_and_names_what_it_refuses(admin_page):
    address = reverse("admin:billing_payerrule_add")
    sent = {"payer": "Granite Health", "codes": "9945", "least_days": "0", "start": "2026-01-01", "checked_by": "Ada"}

    refused = admin_page.post(address, sent)
    admin_page.post(address, {**sent, "codes": "99454", "source": "Policy 2026.11"})

    errors = refused.context["adminform"].form.errors
    assert errors["codes"] == ["9945: this is no code. Five digits or capital letters, such as 99454 or G0511."]
    assert errors["source"] == ["This field is required."]
    assert PayerRule.objects.get().codes == ["99454"]
    assert BillingRuleChange.objects.get().before == {}


def test_admin_adds_settings_of_own_clinic_as_new_row(admin_page, ada, elm, harbor):
    factories.BillingSettingsFactory(clinic=elm, late_readings_days=3)
    address = reverse("admin:billing_billingsettings_add")
    form = admin_page.get(address).context["adminform"].form
    sent = {name: form.get_initial_for_field(form.fields[name], name) for name in form.fields}
    sent = {name: value for name, value in sent.items() if value not in (None, False)}
    assert sent["late_readings_days"] == 3

    admin_page.post(address, sent | {"setup_min_days": "16", "source": "Our payers want 16 days"})
    admin_page.post(address, sent | {"clinic": harbor.pk, "source": "Not ours"})

    newest = BillingSettings.objects.first()
    assert (newest.clinic, newest.setup_min_days, newest.by, BillingSettings.objects.count()) == (elm, 16, ada, 2)
