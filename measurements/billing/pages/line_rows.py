"""Lines as pages show them: the stored line with its words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from measurements.billing import line_words
from measurements.billing.engine.lines import Reason, Status
from measurements.billing.line_words import ReasonText
from measurements.billing.models import BillingLine, LineStep, StepKind

TONE_OF_STEP = {StepKind.DENIED: "bad", StepKind.PAID: "ok"}


@dataclass(frozen=True)
class LineRow:
    line: BillingLine
    code: str
    span: str
    status: str
    tone: str
    count: str
    reasons: list[ReasonText]
    cautions: list[str]
    forecast: str
    difference: str
    next_step: str
    claim: LineStep | None = None

    @property
    def is_approvable(self) -> bool:
        """By its state; who may approve it is another question."""
        return self.line.status == Status.SUGGESTED or bool(self.line.difference and self.line.difference["codes"])

    @property
    def has_why(self) -> bool:
        return bool(self.difference or self.forecast or self.reasons or self.cautions)


def describe_line(line: BillingLine, today: dt.date, claim: LineStep | None = None) -> LineRow:
    return LineRow(
        line=line,
        code=line_words.describe_code(line),
        span=line_words.describe_span(line),
        status=claim.get_kind_display() if claim else line_words.describe_status(line),
        tone=TONE_OF_STEP.get(StepKind(claim.kind), "info") if claim else line_words.status_tone(line),
        count=line_words.describe_count(line),
        reasons=line_words.describe_reasons(line),
        cautions=line_words.describe_cautions(line),
        forecast=line_words.describe_forecast(line),
        difference=line_words.describe_difference(line),
        next_step=line_words.next_step(line, today),
        claim=claim,
    )


def missing_texts(rows: Collection[LineRow]) -> list[ReasonText]:
    """What can still be put on file, each once, without what only time and work can bring."""
    reached = {str(Reason.DAYS), str(Reason.MINUTES)}
    found = [
        text
        for row in rows
        if row.line.status in (Status.OPEN, Status.MISSING)
        for name, text in zip(row.line.because, row.reasons, strict=True)
        if text.route and name not in reached
    ]
    return list(dict.fromkeys(found))
