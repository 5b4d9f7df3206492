"""What somebody holds and waits for, as lists show it."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

from patients.fragments import kept
from patients.views.holdings import Holding

register = template.Library()


@register.simple_tag
def held(holdings: Sequence[Holding]) -> SafeString:
    """Connected devices are counted, the others are named with what they wait for."""
    under_way = tuple((each.state, each.short_name, each.label) for each in holdings if not each.connected)
    return kept("patients/_held.html", connected=len(holdings) - len(under_way), under_way=under_way)
