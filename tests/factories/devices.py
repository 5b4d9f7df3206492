"""Hardware, calls to the vendor, deliveries and runs."""

import datetime as dt
import hashlib
import uuid

import factory
from django.utils import timezone

from devices.models import (
    ApiKeySlot,
    Assignment,
    Delivery,
    Device,
    DeviceType,
    Gateway,
    HardwareChange,
    OperatorAlarm,
    SyncRow,
    SyncRun,
    VendorCall,
    WebhookCount,
    WebhookSelfTest,
)
from devices.patient_records.models import PatientRecord
from devices.statuses import DeviceState
from patients.queueing.models import PeriodicJob
from tests.factories.patients import PatientFactory


class DeviceTypeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeviceType
        django_get_or_create = ("name",)

    vendor_id = factory.LazyFunction(uuid.uuid4)
    name = "Tenovi BPM L"
    sensor_code = "10"
    metrics = ["blood_pressure", "pulse"]


class GatewayFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Gateway
        django_get_or_create = ("hardware_uuid",)

    hardware_uuid = factory.Sequence(lambda n: f"{0xA0B1C2000000 + n:012x}")


class DeviceFactory(factory.django.DjangoModelFactory):
    """Connected and assigned to its patient without a start; pass `assignment=None` for a device without assignment."""

    class Meta:
        model = Device
        skip_postgeneration_save = True

    hwi_id = factory.LazyFunction(uuid.uuid4)
    device_type = factory.SubFactory(DeviceTypeFactory)
    name = factory.SelfAttribute("device_type.name")
    sensor_code = factory.SelfAttribute("device_type.sensor_code")
    patient = factory.SubFactory(PatientFactory)
    gateway = factory.SubFactory(GatewayFactory)
    state = DeviceState.CONNECTED
    vendor_status = "Connected"
    assignment = factory.RelatedFactory(
        "tests.factories.AssignmentFactory", "device", patient=factory.SelfAttribute("..patient")
    )

    @classmethod
    def _after_postgeneration(cls, instance, create, results=None):
        """Nothing to save: the assignment is a row of its own."""


class AssignmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Assignment

    device = factory.SubFactory(DeviceFactory, assignment=None)
    patient = factory.SelfAttribute("device.patient")


class HardwareChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = HardwareChange

    device = factory.SubFactory(DeviceFactory)
    old_hardware_uuid, new_hardware_uuid = "0F9E8D7C6B5A", "77AA88BB99CC"
    detected_at = factory.LazyFunction(timezone.now)


class VendorCallFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = VendorCall

    kind = VendorCall.Kind.ORDER
    patient = factory.SubFactory(PatientFactory)


class PatientRecordFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PatientRecord

    patient = factory.SubFactory(PatientFactory)


class DeliveryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Delivery

    kind = Delivery.Kind.MEASUREMENT
    body = b"[]"
    digest = factory.LazyAttribute(lambda delivery: hashlib.sha256(delivery.body).digest())


class SyncRunFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SyncRun

    kind = "measurements"


class SyncRowFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SyncRow

    run = factory.SubFactory(SyncRunFactory)
    patient = factory.SubFactory(PatientFactory)
    window_end = factory.LazyFunction(timezone.now)
    window_start = factory.LazyAttribute(lambda row: row.window_end - dt.timedelta(days=2))


class ApiKeySlotFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ApiKeySlot

    bucket = factory.Sequence(lambda n: f"key-{n}")


class PeriodicJobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PeriodicJob

    name = factory.Sequence(lambda n: f"job {n}")


class OperatorAlarmFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OperatorAlarm

    name = factory.Sequence(lambda n: f"sign {n}")
    problem = "does not run"


class WebhookCountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WebhookCount

    minute = factory.LazyFunction(lambda: timezone.now().replace(second=0, microsecond=0))
    outcome = WebhookCount.Outcome.ACCEPTED
    source = "192.0.2.9"
    count = 1


class WebhookSelfTestFactory(factory.django.DjangoModelFactory):
    """A finished comparison that found nothing."""

    class Meta:
        model = WebhookSelfTest

    kind = "check"
    finished_at = factory.LazyFunction(timezone.now)
    findings = factory.LazyFunction(lambda: {"expected": [], "others": []})
