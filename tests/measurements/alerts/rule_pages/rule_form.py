"""What the pages of alert rules post, and forms of shipped rules without a database."""

from dataclasses import replace

from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.rule_editing.editable_rules import build_rule, find_rule
from measurements.alerts.rule_forms.rule_forms import ClinicRuleForm, RuleForm
from measurements.models import Metric
from measurements.units import VENDOR_UNITS
from patients.models import Clinic

METRICS = {
    metric.code: metric
    for metric in (
        Metric(
            code="blood_pressure",
            label="Blood pressure",
            unit="mmHg",
            has_second_value=True,
            label_1="Systolic",
            label_2="Diastolic",
            lowest_1=30,
            highest_1=300,
            lowest_2=20,
            highest_2=200,
        ),
        Metric(code="pulse", label="Pulse", unit="bpm", lowest_1=20, highest_1=250),
        Metric(code="weight", label="Weight", unit="lb", decimals=1, lowest_1=2, highest_1=880),
        Metric(code="spO2", label="SpO₂", unit="%", lowest_1=35, highest_1=100),
        Metric(code="glucose", label="Glucose", unit="mg/dL", lowest_1=10, highest_1=700),
        Metric(code="temperature", label="Temperature", unit="°F", decimals=1, lowest_1=86, highest_1=113),
        Metric(code="irregular_heartbeat", label="Irregular heartbeat"),
    )
}


def typed_form(scope, code, *, units=VENDOR_UNITS, **changes):
    """The form as it is shown, with what a person typed."""
    kind = ClinicRuleForm if isinstance(scope, Clinic) else RuleForm
    return shown_values(kind(rule=find_rule(scope, code), units=units)) | changes


def shown_values(form):
    shown = {name: form[name].value() for name in form.fields}
    return {
        name: "on" if value is True else value
        for name, value in shown.items()
        if value is not None and value is not False
    }


def form_errors(code, *, units=VENDOR_UNITS, **changes):
    """First error by field, and the form."""
    rule = build_rule(code, SHIPPED_RULES[code], [], "patient", {})
    rule = replace(rule, metric=METRICS.get(SHIPPED_RULES[code].metric))
    typed = shown_values(RuleForm(rule=rule, units=units))
    form = RuleForm(typed | {name.replace("__", "-"): text for name, text in changes.items()}, rule=rule, units=units)
    return {name: errors[0] for name, errors in form.errors.items()}, form
