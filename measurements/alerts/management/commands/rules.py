"""Command `rules`: the alert rules of a clinic in force, as JSON."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.facts.effective_rules import EffectiveRule, clinic_rules
from measurements.alerts.facts.stored_facts import own_rule
from measurements.alerts.facts_files.answers import describe_rule
from measurements.alerts.models import AlertRuleChange
from patients.models import Clinic


class Command(BaseCommand):
    help = "Print the alert rules of a clinic: those in force and those switched off, with the level that decided."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--clinic", required=True, metavar="SLUG", help="short name, such as elm-street")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, clinic: str, **_: Any) -> None:
        found = Clinic.objects.filter(slug=clinic).first()
        if found is None:
            known = ", ".join(Clinic.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(f"There is no clinic {clinic}. Clinics are: {known}.")
        changes = AlertRuleChange.objects.filter(clinic=found).order_by("at", "pk")
        rules = clinic_rules([own_rule(change) for change in changes], timezone.now())
        self.stdout.write(json.dumps({"rules": [describe(code, rule) for code, rule in rules.items()]}, indent=1))


def describe(code: str, effective: EffectiveRule) -> dict[str, Any]:
    rule = effective.rule or SHIPPED_RULES.get(code)
    row = describe_rule(rule) if rule else {"code": code}
    return {**row, "level": effective.source, "is_off": effective.rule is None}
