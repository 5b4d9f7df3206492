"""Texts of sync runs and of the differences that they found."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from devices.hardware_ids import format_hardware_id
from devices.models import Device, Gateway, SyncRun
from devices.models.sync import SyncKind
from devices.statuses import DeviceState
from devices.sync.gateway_status import STATUS_MISSING
from patients.models import User
from patients.templatetags.time_display import format_age
from patients.wording import count_noun

UNFINISHED_RUN_TEXT = "Not known yet: the comparison is under way."
# By stored kind of difference: what it means, what to do.
DIFFERENCE_TEXTS = {
    "billed, but its patient is not known here": (
        "The vendor bills it, and its patient is not enrolled here.",
        "Enrol the patient under that account id, attach the device in Unknown devices, or have the vendor unlink it.",
    ),
    "linked to another patient at the vendor": (
        "Here it is one patient's, at the vendor another's. Nothing was moved.",
        "Ask the vendor whose it is; readings from now on may be another person's.",
    ),
    "other hardware at the vendor": ("Its gateway or IMEI was replaced; taken over.", "Nothing to do."),
    "other status at the vendor": ("Its status has changed, and no webhook said so; taken over.", "Nothing to do."),
    "known here, absent at the vendor": (
        "The vendor does not list it.",
        "If the patient still uses it, ask the vendor; else end its monitoring.",
    ),
    "could not be read": ("The vendor's row can't be read.", "Report it to the developers; nothing was changed."),
    STATUS_MISSING: ("The vendor gave no status of this gateway.", "The next night asks again; else ask the vendor."),
}


@dataclass(frozen=True)
class DisplayedDifference:
    name: str
    href: str
    meaning: str
    advice: str
    detail: str


def differences_for_display(run: SyncRun, *, user: User) -> list[DisplayedDifference]:
    """About devices of own clinics' patients, and of no patient. Three queries, however many."""
    hwi_ids = {entry["hwi_id"] for entry in run.differences if entry.get("hwi_id")}
    devices = {str(device.hwi_id): device for device in Device.objects.filter(hwi_id__in=filter_valid_uuids(hwi_ids))}
    own = {
        str(pk)
        for pk in Device.objects.visible_to(user)
        .filter(hwi_id__in=filter_valid_uuids(hwi_ids))
        .values_list("hwi_id", flat=True)
    }
    hidden = {key for key, device in devices.items() if device.patient_id and key not in own}
    keys = [entry["gateway"] for entry in run.differences if entry.get("gateway")]
    gateways = {str(each.public_id): each for each in Gateway.objects.visible_to(user).filter(public_id__in=keys)}
    shown = (entry for entry in run.differences if entry.get("hwi_id") not in hidden)
    return [
        build_difference(entry, devices.get(entry.get("hwi_id", "")), gateways.get(entry.get("gateway", "")))
        for entry in shown
        if "gateway" not in entry or entry["gateway"] in gateways
    ]


def filter_valid_uuids(texts: set[str]) -> list[str]:
    """Rows that can't be read may name anything."""
    return [text for text in texts if len(text) == 36 and text.count("-") == 4]


def build_difference(entry: dict[str, str], device: Device | None, gateway: Gateway | None) -> DisplayedDifference:
    meaning, advice = DIFFERENCE_TEXTS.get(entry["kind"], (entry["kind"], ""))
    record, href = device or gateway, ""
    if record is not None:
        href = reverse(f"admin:devices_{record._meta.model_name}_change", args=[record.pk])
    name = f"{device.name} {entry['hwi_id']}" if device else str(gateway or entry.get("hwi_id", ""))
    return DisplayedDifference(name[:120], href, meaning, advice, difference_detail(entry))


def difference_detail(entry: dict[str, str]) -> str:
    if "ours" in entry:
        return f"{state_or_id_label(entry['ours'])} → {state_or_id_label(entry['theirs'])}"
    return entry.get("problem", "")[:200]


def state_or_id_label(text: str) -> str:
    return str(DeviceState(text).label) if text in DeviceState.values else format_hardware_id(text)


def describe_run_time(run: SyncRun) -> str:
    said = format_age(run.finished_at or run.started_at)
    ago = said if said == "now" else f"{said} ago"
    return f"{'finished' if run.finished_at else 'under way since'} {ago}"


def run_tone(run: SyncRun) -> str:
    if run.differences or run.total_for("failed") or run.problem:
        return "warn"
    return "ok" if run.finished_at else ""


# What a finished run without differences has shown. Runs of readings search for none.
NO_DIFFERENCE_TEXTS = {
    SyncKind.DEVICES: "None{}: the vendor lists the same devices as we do, in the same states.",
    SyncKind.CATALOGUE: "None{}: every device type of the vendor's catalogue could be read.",
    SyncKind.BULK_ORDERS: "None{}: every bulk order of the vendor's list could be read.",
    SyncKind.GATEWAYS: "None{}: the vendor gave the status of each gateway.",
}


def no_difference_text(run: SyncRun) -> str:
    """What is true of a run whose page lists no difference."""
    about = " about your clinics" if run.differences else ""
    none = NO_DIFFERENCE_TEXTS.get(SyncKind(run.kind), "").format(about)
    return none if run.finished_at else none and UNFINISHED_RUN_TEXT


def summarize_run(run: SyncRun) -> str:
    """Asked, found, missed by webhooks, how many differences."""
    if run.finished_at is None and run.kind != SyncKind.MEASUREMENTS:
        return run.problem or UNFINISHED_RUN_TEXT
    count = len(run.differences)
    said = [count_noun(count, "difference")] if count else []
    if run.kind == SyncKind.MEASUREMENTS:
        failed = f", {run.total_for('failed')} failed" if run.total_for("failed") else ""
        asked = f"{run.total_for('done'):,} of {count_noun(run.total_for('asked'), 'patient')} asked{failed}"
        return ", ".join(
            [
                asked,
                f"{count_noun(run.total_for('seen'), 'reading')} there",
                f"{run.total_for('missed'):,} missed by webhooks",
                *said,
            ]
        )
    return ", ".join([f"{run.found:,} at the vendor", *said])
