"""Template tags for ages (5 h, 8 d; `app.js` updates them on an open page), local times and names of time zones."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.dateformat import DateFormat
from django.utils.html import escape
from django.utils.safestring import SafeString

from patients import us_states

register = template.Library()
register.filter(us_states.time_zone_label)

PAPER_PATTERN = "M j, Y, g:i A"
MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 3600, 86400


@register.filter
def format_age(instant: dt.datetime | None) -> str:
    """now, 4 min, 5 h, 8 d: rounded down; hours up to two days."""
    if instant is None:
        return "never"
    seconds = (timezone.now() - instant).total_seconds()
    if seconds < MINUTE_SECONDS:
        return "now"
    if seconds < HOUR_SECONDS:
        return f"{seconds // MINUTE_SECONDS:.0f} min"
    return f"{seconds // HOUR_SECONDS:.0f} h" if seconds < 2 * DAY_SECONDS else f"{seconds // DAY_SECONDS:.0f} d"


@register.simple_tag
def age_element(instant: dt.datetime | None, suffix: str = "", zone: dt.tzinfo | None = None) -> SafeString | str:
    """The age as a <time> element that scripts update. `suffix`: "ago", omitted after "now".

    With the `zone` of the patient, paper shows the local time instead: an age on paper says nothing.
    """
    if instant is None:
        return "never"
    words = format_age(instant)
    shown = f"{words} {suffix}" if suffix and words != "now" else words
    # Without `format_html`, whose escaping costs too much for the 250 ages of a list.
    said = escape(suffix) if suffix else ""
    at = f' data-at="{escape(local_time(instant, PAPER_PATTERN, zone))}"' if zone else ""
    return SafeString(
        f'<time class="nowrap" datetime="{instant.isoformat()}" data-age="{said}"{at}>{escape(shown)}</time>'
    )


@register.simple_tag
def age_or_time(instant: dt.datetime, zone: dt.tzinfo, on_paper: bool, suffix: str = "") -> SafeString | str:
    """The age on a page, the local time on a page for paper."""
    return local_time(instant, PAPER_PATTERN, zone) if on_paper else age_element(instant, suffix, zone)


@register.simple_tag
def local_time(instant: dt.datetime | None, pattern: str, zone: dt.tzinfo | None = None) -> str:
    """In the time zone of the patient (default: of the page), as Django's `date` formats it.

    On the day on which clocks are set back, the hour that comes twice is followed by its offset: 1:30 AM EDT (UTC-4).
    """
    if instant is None:
        return ""
    local = instant.astimezone(zone or timezone.get_current_timezone())
    text = DateFormat(local).format(pattern)
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return text
    sign, hours, minutes = local.strftime("%z")[0], int(local.strftime("%z")[1:3]), local.strftime("%z")[3:5]
    offset = f"UTC{sign}{hours}" + (f":{minutes}" if minutes != "00" else "")
    return f"{text} {local.tzname()} ({offset})" if str(local.tzname()).isalpha() else f"{text} ({offset})"
