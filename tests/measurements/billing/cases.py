"""Facts for tests of billing lines, in the words of a facts file: all on file unless a test leaves it out."""

import datetime as dt

from measurements.billing.engine.evaluation import evaluate, of_month
from measurements.billing.facts_files.answers import describe_bill
from measurements.billing.facts_files.facts_file import read_facts

AFTER = "2026-04-02 12:00"  # March is over
ZONE = "America/New_York"
PATIENT_CONTACT = {"at": "2026-03-10T15:00:00Z", "by": "rn", "mode": "audio", "live": True, "outcome": "reached"}
STAFF = [
    {"id": "doc", "credential": "MD", "billing_practitioner": True},
    {"id": "rn", "credential": "RN", "billing_practitioner": False},
    {"id": "ma", "credential": "MA"},
    {"id": "office", "credential": None},
]
ON_FILE = {
    "patient_zones": [{"zone": ZONE, "from": None}],
    "clinic_zone": ZONE,
    "programmes": [{"programme": "RPM", "from": "2026-01-01", "until": None}],
    "monitoring_periods": [{"start": "2026-01-01", "end": None, "reason": "hypertension"}],
    "consents": [{"date": "2026-01-01", "how": "verbal", "by": "rn", "wording": "2026-1", "revoked": None}],
    "orders": [{"date": "2026-01-01", "practitioner": "doc", "diagnoses": ["I10"], "why": "blood pressure"}],
    "prior_visit": {"date": "2025-12-01", "kind": "office"},
    "education": [{"date": "2026-01-02", "by": "rn", "programme": "RPM"}],
    "no_other_practice": True,
    "devices": [{"serial": "cuff", "type": "cuff", "from": "2025-01-01", "until": None, "state": "active"}],
    "staff": STAFF,
    "contacts": [PATIENT_CONTACT],
}


def instant(text):
    """From `2026-03-02 14:30` or a whole instant, UTC."""
    return dt.datetime.fromisoformat(text.replace(" ", "T").removesuffix("Z") + "+00:00")


def iso(at):
    return (instant(at) if isinstance(at, str) else at).isoformat().replace("+00:00", "Z")


def days(first, count, *, step=1):
    """So many dates, `step` days apart."""
    start = dt.date.fromisoformat(first)
    return [(start + dt.timedelta(days=n * step)).isoformat() for n in range(count)]


def reading(day, clock="17:00", **more):
    """A blood pressure at noon of New York in winter, received a minute later."""
    taken = instant(f"{day} {clock}")
    given = {
        "id": f"{day} {clock}",
        "metric": "blood_pressure",
        "value_1": 130,
        "value_2": 80,
        "taken": iso(taken),
        "received": iso(taken + dt.timedelta(minutes=1)),
        "device": "cuff",
        "automatic": True,
    }
    return {**given, **more}


def readings(*dates, **more):
    return [reading(day, **more) for day in dates]


def session(start, minutes, person="rn", **more):
    """A timer that its person stopped; its id is the start."""
    begun = instant(start)
    given = {
        "id": f"{person} {start}",
        "person": person,
        "patient": "P",
        "programme": "RPM",
        "activity": "review",
        "mode": "page",
        "source": "timer",
        "start": iso(begun),
        "end": iso(begun + dt.timedelta(minutes=minutes)),
        "end_reason": "stopped",
    }
    return {**given, **more}


def typed(start, minutes, person="rn", **more):
    return session(start, minutes, person, source="typed", id=f"typed {person} {start}", **more)


def approval(at, code, **more):
    """Of a window or month."""
    return {"kind": "line", "code": code, "at": iso(at), "by": "doc", **more}


def time_approval(at, month):
    return {"kind": "time", "month": month, "at": iso(at), "by": "doc"}


def bill(as_of, month=None, **facts):
    content = {**ON_FILE, **facts}
    only = dt.date.fromisoformat(f"{month}-01") if month else None
    found = evaluate(read_facts(content), instant(as_of), months=[only] if only else [])
    return describe_bill(of_month(found, only) if only else found)


def windows(found, programme="RPM"):
    return [line for line in found["periods"] if line["programme"] == programme]


def spans(found, programme="RPM"):
    """`first last days code status` of each window."""
    return [
        f"{one['first'][5:]} {one['last'][5:]} {len(one['days'])} {one['code']} {one['status']}"
        for one in windows(found, programme)
    ]


def said(line):
    """(code, units, status, because)."""
    return line["code"], line["units"], line["status"], " ".join(line["because"])


def month_lines(found, month):
    (one,) = [row for row in found["months"] if row["month"] == month]
    return [said(line) for line in one["lines"]]


def march(found):
    (one,) = [row for row in found["months"] if row["month"] == "2026-03"]
    return one


def minutes(*sessions, programme="RPM", **facts):
    return march(bill(AFTER, sessions=list(sessions), **facts))["minutes"][programme]
