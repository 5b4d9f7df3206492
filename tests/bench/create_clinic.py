"""A clinic for page benchmarks: `python -m tests.bench.create_clinic 10000`, then `... more 1000`.

The first creates the patients. The witnesses, who come first by name and by every value, have their whole history at
once: sixty with 1,000 readings each and one with 10,000; all others have three. The second adds the others' remaining
readings, so that compared pages differ only in the rows around them. Prints the ids and users to request pages with.
"""

import datetime as dt
import json
import random
import sys
import uuid

import django
from django.utils import timezone

from tests.bench import reading_history

ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
WITNESS = "Aaron"
STATES = ("connected", "connected", "connected", "shipped", "on_hold")
FIRST, USUAL, LONG = 3, 1_000, 10_000  # readings of one person
MOST_WITNESSES = 60
KITS, TWO_MONTHS = 5, dt.timedelta(days=60)
OTHERS_LATE = range(60, 300)  # minutes: the witnesses have the newest readings


def create_clinic(people):
    from fulfillment.worklist.refresh import refresh_worklist
    from patients.models import Clinic

    chance = random.Random(reading_history.SEED)
    clinic = Clinic.objects.create(name="Big Clinic", time_zone="America/New_York")
    nadia, cora = (create_user(clinic, role) for role in ("clinician", "coordinator"))
    holders = create_patients_with_devices(clinic, people, chance)
    orders = create_orders(holders, cora)
    create_care(clinic, holders, nadia, cora)
    create_alerts(holders, nadia)
    witnesses = min(MOST_WITNESSES, people - 1)
    reading_history.write_readings(holders[:1], range(LONG))
    reading_history.write_readings(holders[1 : witnesses + 1], range(USUAL))
    if others := holders[witnesses + 1 :]:
        reading_history.write_readings(others, range(FIRST), values=reading_history.LOW, late=OTHERS_LATE)
    refresh_worklist()  # some 2,000 exceptions: a fifth of the devices is on hold
    vacuum_and_checkpoint()
    usual, middle = holders[witnesses // 2][0], holders[people // 2][0]
    return {
        "nadia": nadia.email,
        "cora": cora.email,
        "patient": str(usual),
        "long": str(holders[0][0]),
        "middle": str(middle),
        "order": str(orders[0].pk),
        "kit": str(orders[0].kit_id),
        **device_and_gateway_ids(holders[witnesses // 2][1]),
    }


def add_remaining_readings(each):
    from devices.models import Device

    others = Device.objects.exclude(patient__family_name__startswith=WITNESS).order_by("pk")
    reading_history.write_readings(list(others.values_list("patient_id", "pk")), range(FIRST, each), late=OTHERS_LATE)
    vacuum_and_checkpoint()


def vacuum_and_checkpoint():
    """As after a quiet night: no writes of the fill are left while pages are timed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def create_user(clinic, role):
    from patients.models import User

    user = User.objects.create_user(f"{role}@example.org", name=f"Big {role}", role=role)
    user.clinics.add(clinic)
    return user


def create_patients_with_devices(clinic, people, chance):
    """(patient, device) of each, the witnesses first; each device on a gateway of its own."""
    from devices.models import Assignment, Device, Gateway
    from patients import practitioners as directory
    from patients.models import Condition, Patient

    practitioners = [directory.find_or_create(clinic=clinic, name=f"Dr. {n}") for n in range(20)]
    patients = Patient.objects.bulk_create(
        Patient(
            clinic=clinic, external_id=f"big-{n}", given_name=f"Given{chance.randrange(500)}",
            family_name=f"{WITNESS}{n:03}" if n <= MOST_WITNESSES else f"Family{chance.randrange(3000)}",
            birth_date="1950-01-01", mrn=f"G{n}", time_zone=chance.choice(ZONES), sex="female",
            practitioner=practitioners[n % 20], conditions=chance.sample(Condition.values, 2),
        )
        for n in range(people)
    )  # fmt: skip
    gateways = Gateway.objects.bulk_create(Gateway(hardware_uuid=f"A0B1{n:08X}") for n in range(people))
    devices = Device.objects.bulk_create(
        Device(
            hwi_id=uuid.uuid4(), name="Tenovi BPM - L", sensor_code="10", state=chance.choice(STATES), patient=who,
            gateway=gateway,
        )
        for who, gateway in zip(patients, gateways, strict=True)
    )  # fmt: skip
    Assignment.objects.bulk_create(Assignment(device=device, patient=device.patient) for device in devices)
    return [(device.patient_id, device.pk) for device in devices]


def device_and_gateway_ids(key):
    """The ids in the URLs of that device and its gateway."""
    from devices.models import Device

    device = Device.objects.select_related("gateway").get(pk=key)
    return {"device": str(device.hwi_id), "gateway": str(device.gateway.public_id)}


def create_orders(holders, cora):
    """One order for each patient, in the state of its device, of one of a few kits, over the last two months."""
    from devices.models import Device, DeviceType, VendorCall
    from fulfillment.models import Kit, Order, OrderLine

    kind = DeviceType.objects.create(name="Bench cuff", sensor_code="10")
    kits = [Kit.objects.create(clinic=cora.clinics.get(), name=f"Bench kit {n}") for n in range(KITS)]
    devices, now = Device.objects.in_bulk([device for _, device in holders]).values(), timezone.now()
    orders = Order.objects.bulk_create(
        Order(
            patient_id=device.patient_id, placed_by=cora, kit=kits[n % KITS],
            placed_at=now - TWO_MONTHS * n / len(devices),
        )
        for n, device in enumerate(devices)
    )  # fmt: skip
    calls = VendorCall.objects.bulk_create(
        VendorCall(kind="order", patient_id=order.patient_id, state="confirmed", reference=f"bench-{n}", payload={},
                   device=device)
        for n, (order, device) in enumerate(zip(orders, devices, strict=True))
    )  # fmt: skip
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order, patient_id=order.patient_id, device_type=kind, family="10", call=call, device=device,
            status=device.state,
        )
        for order, call, device in zip(orders, calls, devices, strict=True)
    )  # fmt: skip
    return orders


def create_alerts(holders, nadia):
    """Five episodes for each patient, of a fifth of them one open; the witnesses have critical ones and come first."""
    from measurements.alerts.engine.outcome.patient_sections import SECTIONS
    from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
    from measurements.alerts.facts_files.answers import describe_rule
    from measurements.alerts.models import AlertEpisode, PatientReview
    from measurements.models import TriageEntry

    now, row = timezone.now(), describe_rule(SHIPPED_RULES["bp_average"])
    sections = ("critical", "warning", "warning", "information", "no_readings")
    episodes, entries = [], []
    for n, (patient, _) in enumerate(holders):
        section = sections[n // 5 % 5] if n % 5 == 0 else "on_target"
        if n <= MOST_WITNESSES:
            section = "critical"
        is_open = section != "on_target"
        for k in range(5):
            first = now - dt.timedelta(days=30 * (4 - k) + 3, seconds=n)
            open_now = is_open and k == 4
            state = {"state": "open", "section": section} if open_now else {
                "state": "closed", "section": "", "closed_at": first + dt.timedelta(days=1), "closed_by": "readings",
                "is_frozen": True,
            }  # fmt: skip
            episodes.append(
                AlertEpisode(
                    patient_id=patient, rule="bp_average", metric="blood_pressure", kind="average", queue="medical",
                    severity="critical" if section == "critical" else "warning", first=first, last=first,
                    opened_at=first, detected_at=first, first_known_at=first, value_1=151, value_2=92, count=12, n=12,
                    days=5, rule_row=row, **state,
                )
            )  # fmt: skip
        since = now - dt.timedelta(days=3, seconds=len(holders) - n) if is_open else None
        entries.append(
            TriageEntry(
                patient_id=patient, section=section, rank=SECTIONS.index(section), is_unacknowledged=is_open,
                order_at=since, assessed_at=now,
            )
        )  # fmt: skip
    AlertEpisode.objects.bulk_create(episodes, batch_size=2000)
    TriageEntry.objects.bulk_create(entries, ignore_conflicts=True)
    reviewed = [patient for patient, _ in holders[::3]]
    PatientReview.objects.bulk_create(
        PatientReview(patient_id=patient, by=nadia, at=at, through=at)
        for patient in reviewed
        for at in (now - dt.timedelta(days=days) for days in (2, 3, 5))
    )


def create_care(clinic, holders, nadia, cora):
    """One clinician is responsible for an eighth of the patients, a fifth has a note with a due step, colleagues are
    away."""
    from django.utils import timezone

    from patients.care.models import Absence, CareTeamMember, Note, NoteVersion

    now, today = timezone.now(), timezone.localdate()
    CareTeamMember.objects.bulk_create(
        CareTeamMember(patient_id=patient, user=nadia, is_responsible=True) for patient, _ in holders[::8]
    )
    notes = Note.objects.bulk_create(
        Note(patient_id=patient, created_by=cora, due_on=today) for patient, _ in holders[::5]
    )
    NoteVersion.objects.bulk_create(
        NoteVersion(note=note, written_by=cora, happened_at=now, text="called", next_step="call", next_step_on=today)
        for note in notes
    )
    days = [today + dt.timedelta(days=n) for n in range(200)]
    Absence.objects.bulk_create(
        Absence(clinic=clinic, user=cora, cover=nadia, first_day=day, last_day=day, planned_by=cora) for day in days
    )


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "more":
        add_remaining_readings(int(sys.argv[2]))
    else:
        print(json.dumps(create_clinic(int(sys.argv[1]))))
