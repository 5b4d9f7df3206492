"""Patients with a cuff each in the bench's database: `python -m tests.bench.create_cuffs 500`. Prints their HWI ids."""

import json
import sys
import uuid

import django


def main(count):
    django.setup()
    from devices.models import Assignment, Device
    from patients.models import Clinic, Patient

    clinic = Clinic.objects.create(name="Bench Clinic", time_zone="America/New_York")
    patients = [
        Patient(clinic=clinic, external_id=f"bench-{n}", given_name="Bench", family_name=f"Person{n}",
                birth_date="1950-01-01", mrn=f"B{n}", time_zone="America/New_York", sex="female")
        for n in range(count)
    ]  # fmt: skip
    Patient.objects.bulk_create(patients)
    devices = [
        Device(hwi_id=uuid.uuid4(), name="Tenovi BPM - L", sensor_code="10", state="connected", patient=patient)
        for patient in patients
    ]
    Device.objects.bulk_create(devices)
    Assignment.objects.bulk_create(Assignment(device=device, patient=device.patient) for device in devices)
    print(json.dumps([[str(device.hwi_id), device.patient.external_id] for device in devices]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
