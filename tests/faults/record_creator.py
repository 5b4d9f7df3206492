"""Creates patients, devices and orders in the stack's database until its input ends.

`python -m tests.faults.record_creator`: a line of JSON in, [action, {...}]; a line out, what the action returned.
"""

import datetime as dt
import json
import sys
import uuid

import django


def create_patients(count, devices=(), days_ago=2):
    """Patients of one clinic with a scale each; `devices`: [{hwi_id, external_id}] that the vendor has already."""
    from django.utils import timezone

    from tests.factories import AssignmentFactory, ClinicFactory, DeviceFactory, PatientFactory

    clinic = ClinicFactory(name="Fault Clinic")
    known = list(devices) or [{"hwi_id": str(uuid.uuid4()), "external_id": f"pt-{uuid.uuid4()}"} for _ in range(count)]
    since = timezone.now() - dt.timedelta(days=days_ago)
    for each in known:
        patient = PatientFactory(
            clinic=clinic, external_id=each["external_id"], mrn=f"M{uuid.uuid4().hex[:12]}", enrolled_at=since
        )
        device = DeviceFactory(
            hwi_id=each["hwi_id"], patient=patient, device_type=scale_type(), gateway=None, assignment=None
        )
        AssignmentFactory(device=device, patient=patient)
        each["patient"] = str(patient.pk)
    return known


def scale_type():
    from devices.models import DeviceType

    return DeviceType.objects.get(name="Tenovi Scale")


def create_reassigned_device(at_iso):
    """One scale assigned to two patients, the second from `at_iso` on."""
    from devices.models import Assignment, Device
    from patients.models import Patient

    earlier, later = create_patients(2)
    at = dt.datetime.fromisoformat(at_iso)
    device = Device.objects.get(hwi_id=earlier["hwi_id"])
    Assignment.objects.filter(device=device).update(ended_at=at)
    Assignment.objects.create(device=device, patient=Patient.objects.get(pk=later["patient"]), started_at=at)
    return [earlier, later]


def create_order_form_data(patients):
    """Coordinator Cora, a kit with one scale, and patients without devices."""
    from fulfillment.models import Kit, KitItem
    from patients.models import Role, User
    from tests.factories import ClinicFactory, PatientFactory, UserFactory

    clinic = ClinicFactory(name="Fault Clinic")
    kit, _ = Kit.objects.get_or_create(clinic=clinic, name="Weight")
    KitItem.objects.get_or_create(kit=kit, device_type=scale_type())
    email = "cora@example.org"
    cora = User.objects.filter(email=email).first()
    cora = cora or UserFactory(email=email, name="Cora Lindqvist", role=Role.COORDINATOR, clinics=[clinic])
    made = [
        PatientFactory(clinic=clinic, external_id=f"pt-{uuid.uuid4()}", mrn=f"M{uuid.uuid4().hex[:12]}")
        for _ in range(patients)
    ]
    return {"kit": str(kit.pk), "email": cora.email, "patients": [str(patient.pk) for patient in made]}


def place_orders(count):
    """One order of one scale for each of `count` patients, as by the order form. Their references."""
    from devices.tenovi import ShipTo
    from fulfillment.models import Kit, OrderLine
    from fulfillment.ordering import orders
    from patients.models import Patient, User

    made = create_order_form_data(count)
    kit, cora = Kit.objects.get(pk=made["kit"]), User.objects.get(email=made["email"])
    for patient in Patient.objects.filter(pk__in=made["patients"]):
        ship_to = ShipTo(
            name=patient.name, address=patient.street, city=patient.city, state=patient.state, zip_code=patient.zip_code
        )
        orders.place(patient=patient, kit=kit, ship_to=ship_to, by=cora, submission_id=uuid.uuid4())
    lines = OrderLine.objects.filter(patient__in=made["patients"])
    return list(lines.values_list("call__reference", flat=True))


def request_pull(patients):
    """As after a detected gap: these patients now. The sweep finds the run."""
    from devices.sync import reading_runs

    return str(reading_runs.schedule_pull(patients).pk)


ACTIONS = {
    action.__name__: action
    for action in (create_patients, create_reassigned_device, create_order_form_data, place_orders, request_pull)
}


def main():
    django.setup()
    from django.db import close_old_connections

    for line in sys.stdin:
        action, wanted = json.loads(line)
        close_old_connections()  # the database may have crashed since
        print(json.dumps(ACTIONS[action](**wanted)), flush=True)
        close_old_connections()


if __name__ == "__main__":
    main()
