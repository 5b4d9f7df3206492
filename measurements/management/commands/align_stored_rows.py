from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from measurements import row_alignment
from patients.audit.row_alignment import AlignmentStep, run_step
from patients.enrollment import zone_alignment

# In this order. Each app lists its own steps.
STEPS: tuple[AlignmentStep, ...] = (*zone_alignment.STEPS, *row_alignment.STEPS)


class Command(BaseCommand):
    help = "Report which stored rows differ from today's rules, step by step, and change them with --apply."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="change the rows; without it nothing is changed")
        parser.add_argument(
            "--step", action="append", choices=[step.name for step in STEPS], help="only this step; may be repeated"
        )

    def handle(self, **options: Any) -> None:
        done = "changed" if options["apply"] else "would change"
        for step in STEPS:
            if not options["step"] or step.name in options["step"]:
                changed = sum(run_step(step, apply=options["apply"]))
                self.stdout.write(f"{step.name}: {changed} {done}. {step.description}")
