"""Cases of the demo's billing: which patient of the first clinic has which facts, minutes and claim."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from measurements.billing.models import StepKind

MEDICARE, HEART_PLAN, ASKING_PLAN = "Medicare", "Granite Heart Plan", "Merrimack Advantage"


class Fact(StrEnum):
    """What a case may lack."""

    PROGRAMME = "programme"
    CONSENT = "consent"
    ORDER = "order"
    VISIT = "visit"
    EDUCATION = "education"
    LIVE_CALL = "live_call"


@dataclass(frozen=True)
class BillingCase:
    """`minutes` of last month: a call, then a look through readings. `steps` None: not approved."""

    family_name: str
    minutes: tuple[int, int] = (15, 10)
    diagnosis: str = "I10"
    lacks: Fact | None = None
    payer: str = MEDICARE
    is_billed_elsewhere: bool = False
    is_in_access: bool = False
    is_in_rtm: bool = False
    has_time_approved: bool = False
    steps: tuple[StepKind, ...] | None = None


EXPORTED, SUBMITTED = StepKind.EXPORTED, StepKind.SUBMITTED
CASES = (
    # Nothing is wrong: one that waits for its approval, the others in each state of a claim.
    BillingCase("Desai", minutes=(25, 18), has_time_approved=True),
    BillingCase("Marsh", steps=()),
    BillingCase("Ashworth", steps=(EXPORTED,)),
    BillingCase("Kowalczyk", steps=(EXPORTED, SUBMITTED)),
    BillingCase("Quill", steps=(EXPORTED, SUBMITTED, StepKind.PAID)),
    BillingCase("Whitcomb", diagnosis="I50.22", steps=(EXPORTED, SUBMITTED, StepKind.DENIED)),
    BillingCase("Adeyemi", steps=(StepKind.WRITTEN_OFF,)),
    BillingCase("Castellano", minutes=(8, 6), steps=()),  # more time is typed after the approval
    # A fact is missing.
    BillingCase("Pierce", lacks=Fact.CONSENT),
    BillingCase("Lindgren", lacks=Fact.ORDER),
    BillingCase("Nwosu", diagnosis="I50.9", lacks=Fact.VISIT),
    BillingCase("Solberg", diagnosis="I50.9", lacks=Fact.EDUCATION),
    BillingCase("Benali", lacks=Fact.LIVE_CALL),
    BillingCase("Henderson", diagnosis="I50.9", payer=ASKING_PLAN),
    # A rule forbids it.
    BillingCase("Brandt", lacks=Fact.PROGRAMME),
    BillingCase("Karimi", diagnosis="E11.9", payer=HEART_PLAN),
    BillingCase("Volkov", diagnosis="J44.9", is_billed_elsewhere=True),
    BillingCase("Laurent", diagnosis="I50.9", is_in_access=True),
    BillingCase("Papadakis", diagnosis="J44.9", is_in_rtm=True),
    # Too few minutes.
    BillingCase("Whitfield", minutes=(5, 0)),
)
DIFFERING, OVERLAPPING, OVERLAPPED = "Castellano", "Whitfield", "Desai"
SEEN_THIS_MONTH = ("Desai", "Benali", "Whitfield")
