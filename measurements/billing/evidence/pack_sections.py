"""Evidence of a line as sections of labelled texts and tables, for paper. Reads the frozen JSON only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

Content = Mapping[str, Any]
Section = dict[str, Any]
NOT_ON_FILE = "not on file"


def pack_sections(content: Content) -> list[Section]:
    """[{title, facts: [[label, text]], head: [column], rows: [[text]]}], in the order in which an auditor asks."""
    return [build(content) for build in SECTIONS if is_part(content, build)]


def is_part(content: Content, build: Callable[[Content], Section]) -> bool:
    """Lines of days have no sessions, lines of minutes no days."""
    is_of_days = content["line"]["kind"] in ("period", "setup")
    return build not in (OF_MINUTES if is_of_days else OF_DAYS)


def section(
    title: str, facts: Sequence[tuple[str, Any]] = (), head: Sequence[str] = (), rows: Sequence[Sequence[Any]] = ()
) -> Section:
    return {
        "title": title,
        "facts": [[label, text_of(value)] for label, value in facts],
        "head": list(head),
        "rows": [[text_of(value) for value in row] for row in rows],
    }


def text_of(value: Any) -> str:
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(text_of(each) for each in value) or "none"
    return NOT_ON_FILE if value is None or value == "" else str(value)


def local_text(instant: str, zone: str) -> str:
    """An instant in UTC as it was on a clock of the zone, with the offset: a repeated hour has two."""
    at = dt.datetime.fromisoformat(instant).astimezone(ZoneInfo(zone))
    return f"{at:%Y-%m-%d %H:%M:%S %z}"


def utc_text(instant: str | None) -> str | None:
    return instant.replace("T", " ").removesuffix("Z") if instant else None


def line_section(content: Content) -> Section:
    line, payer = content["line"], content["payer"]
    count = [("Days", line["days"])] if line["minutes"] is None else [("Minutes", line["minutes"])]
    return section(
        "Line",
        [
            ("Code", f"{line['code']} x {line['units']}, {line['programme']}"),
            ("From, to", f"{line['first']}, {line['last']}"),
            *count,
            ("Date of service", line["date_of_service"]),
            ("Monitoring period since", line["monitoring_period"]),
            ("Read beforehand", [caution.replace("_", " ") for caution in line["cautions"]]),
            ("Payer", payer["name"]),
            ("Prior authorization", [row["number"] or row["code"] for row in payer["prior_authorisations"]]),
        ],
    )


def rule_section(content: Content) -> Section:
    rules = content["rules"]
    payer = rules["payer"]
    return section(
        "Rules used",
        [
            ("Rules of the year", content["line"]["rules_of"]),
            ("Payer's rule", payer["source"] if payer else "none"),
            ("Date of service by", (payer or {}).get("date_of_service") or "last day"),
        ],
        ("Code", "Least", "Most", "From", "Until", "Source"),
        [
            [row["code"], row["least"], row["most"] or "no limit", row["start"], row["end"] or "open", row["source"]]
            for row in rules["code"]
        ],
    )


def order_section(content: Content) -> Section:
    order, relationship = content["order"], content["relationship"]
    ordered = (
        [
            ("Ordered", order["date"]),
            ("By", order["practitioner_name"]),
            ("NPI", order["npi"]),
            ("Diagnoses", list(order["diagnoses"])),
            ("Why", order["why"]),
        ]
        if order
        else [("Order", None)]
    )
    attested = {True: "attested", False: "another practice bills", None: NOT_ON_FILE}[content["no_other_practice"]]
    return section(
        "Order and relationship",
        [
            *ordered,
            ("Visit before monitoring", relationship["visit"]),
            ("Initiating visit", relationship["initiating_visit"]),
            ("No other practice bills", attested),
        ],
    )


def consent_section(content: Content) -> Section:
    return section(
        "Consent",
        head=("Given", "How", "Taken by", "Wording", "Revoked"),
        rows=[
            [row["date"], row["how"], row["by_name"], row["wording"], row["revoked"] or "no"]
            for row in content["consents"]
        ],
        facts=[(row["wording"] or "Wording", row["text"]) for row in content["consents"] if row["text"]],
    )


def education_section(content: Content) -> Section:
    rows = [[row["date"], row["by_name"], row["programme"] or "any programme"] for row in content["education"]]
    return section("Education", head=("Done", "By", "Programme"), rows=rows)


def device_section(content: Content) -> Section:
    zone = content["clinic_zone"]
    return section(
        "Devices",
        head=("Type", "Serial", "Shipped", "Assigned", "Until", "First reading"),
        rows=[
            [
                row["type"],
                row.get("sensor") or row["serial"],
                row.get("shipped"),
                row["start"],
                row["end"] or "still",
                row["first_reading"] and local_text(row["first_reading"], zone),
            ]
            for row in content["devices"]
        ],
    )


def day_section(content: Content) -> Section:
    types = {row["serial"]: " ".join(filter(None, (row["type"], row.get("sensor")))) for row in content["devices"]}
    return section(
        "Days with readings",
        head=("Day", "Metric", "Taken, local", "Received, UTC", "Device", "Sent by itself", "Time estimated", "Id"),
        rows=[
            [
                day["day"],
                reading["metric"],
                local_text(reading["taken"], reading["zone"]) + f" {reading['zone']}",
                utc_text(reading["received"]),
                types.get(reading["device"], reading["device"]),
                reading["automatic"],
                reading["estimated"],
                reading["id"],
            ]
            for day in content["days"]
            for reading in day["readings"]
        ],
    )


def excluded_section(content: Content) -> Section:
    return section(
        "Excluded readings",
        head=("Reading", "Taken, UTC", "Excluded, UTC", "By", "Reason", "Taken back, UTC"),
        rows=[
            [
                row["reading"],
                utc_text(row["taken"]),
                utc_text(row["at"]),
                row["by_name"],
                row["reason"],
                utc_text(row["undone_at"]) or "no",
            ]
            for row in content["excluded_readings"]
        ],
    )


def session_section(content: Content) -> Section:
    zone = content["clinic_zone"]
    return section(
        "Time, each second once",
        [("Zone", zone), ("Withdrawn or corrected sessions", len(content["corrections"]))],
        ("Who", "Credential", "Start", "End", "How", "Done", "Decided", "Counted", "Counted for another session"),
        [
            [
                row["person_name"],
                row["credential"] or "none on file",
                local_text(row["start"], zone),
                row["end"] and local_text(row["end"], zone),
                row["source"],
                row.get("done") or row["activity"],
                row.get("decided") or "nothing stated",
                seconds_text(row["counted"]),
                seconds_text(row["counted_elsewhere"]),
            ]
            for row in content["sessions"]
        ],
    )


def seconds_text(parts: Sequence[Sequence[str]]) -> str:
    """12 min 30 s: the length of [start, end] parts."""
    lengths = [dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(start) for start, end in parts]
    total = round(sum(lengths, dt.timedelta(0)).total_seconds())
    return f"{total // 60} min {total % 60} s" if total else "0"


def correction_section(content: Content) -> Section:
    rows = [[row["session"], row["at"], row["by"], row["reason"]] for row in content["corrections"]]
    return section("Corrections", head=("Session", "Withdrawn, UTC", "By", "Reason"), rows=rows)


def contact_section(content: Content) -> Section:
    zone = content["clinic_zone"]
    return section(
        "Live interactions",
        head=("When", "Mode", "By"),
        rows=[[local_text(row["at"], zone), row["mode"], row["by_name"]] for row in content["live_interactions"]],
    )


def exclusion_section(content: Content) -> Section:
    """What would have refused the line, and was looked up."""
    return section(
        "Checked",
        [
            ("Programmes", [range_text(row, row["programme"]) for row in content["programmes"]]),
            ("Monitoring periods", [range_text(row) for row in content["monitoring_periods"]]),
            ("ACCESS alignment", [range_text(row, row["track"]) for row in content["access"]]),
            ("APCM", [range_text(row) for row in content["apcm"]]),
            ("Time zones", [row["zone"] for row in content["zones"]]),
        ],
    )


def range_text(row: Mapping[str, Any], name: str = "") -> str:
    return f"{name} {row['start'] or 'ever since'} to {row['end'] or 'today'}".strip()


def approval_section(content: Content) -> Section:
    approval = content["approval"]
    times = [f"{row['by_name']}, {utc_text(row['at'])} UTC" for row in content["time_approvals"]]
    return section(
        "Approval",
        [
            ("Approved by", approval.get("by") if approval.get("statement") else "not approved"),
            ("At, UTC", utc_text(content["as_of"])),
            ("Statement", approval.get("statement") or "none"),
            ("Time of the month approved", times),
            ("Program version", content["program_version"]),
        ],
    )


OF_DAYS = (day_section, excluded_section, education_section, device_section)
OF_MINUTES = (session_section, contact_section, correction_section)
SECTIONS: tuple[Callable[[Content], Section], ...] = (
    line_section,
    order_section,
    consent_section,
    education_section,
    device_section,
    day_section,
    excluded_section,
    session_section,
    contact_section,
    correction_section,
    exclusion_section,
    rule_section,
    approval_section,
)
