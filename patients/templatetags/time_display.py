"""Ages of things, as nurses say them: 5 h, 8 d. `app.js` keeps them up to date on an open page. Zones in words."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString

from patients import us_states

register = template.Library()
register.filter(us_states.zone_in_words)

MINUTE, HOUR, DAY = 60, 3600, 86400


@register.filter
def age(moment: dt.datetime | None) -> str:
    """now, 4 min, 5 h, 8 d: rounded down; hours up to two days."""
    if moment is None:
        return "never"
    seconds = (timezone.now() - moment).total_seconds()
    if seconds < MINUTE:
        return "now"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min"
    return f"{seconds // HOUR:.0f} h" if seconds < 2 * DAY else f"{seconds // DAY:.0f} d"


@register.simple_tag
def aged(moment: dt.datetime | None, suffix: str = "") -> SafeString | str:
    """The age as a <time> that stays right while the page is open. `suffix`: "ago", which "now" goes without."""
    if moment is None:
        return "never"
    words = age(moment)
    shown = f"{words} {suffix}" if suffix and words != "now" else words
    # By hand: a list shows some two hundred and fifty, and `format_html` would look for markup in dates.
    said = escape(suffix) if suffix else ""
    return SafeString(f'<time class="nowrap" datetime="{moment.isoformat()}" data-age="{said}">{escape(shown)}</time>')
