"""Rows of billing: rules, payers' rules, settings, stored lines, approvals and their steps."""

from .clinic_settings import BillingSettings
from .line import BillingLine
from .line_approval import EvidenceFile, LineApproval, LineStep, StepKind
from .rule_rows import BillingRuleChange, CodeRuleRow, ConfirmedYear, PayerRule
from .state import BillingState

__all__ = [
    "BillingLine",
    "BillingRuleChange",
    "BillingSettings",
    "BillingState",
    "CodeRuleRow",
    "ConfirmedYear",
    "EvidenceFile",
    "LineApproval",
    "LineStep",
    "PayerRule",
    "StepKind",
]
