"""Rows for tests. Every person is invented; phones are of the 555-01xx range that is set aside for fiction."""

import datetime as dt
import functools
import hashlib
import uuid
from decimal import Decimal

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from devices.models import (
    Alarm,
    Assignment,
    Delivery,
    Device,
    DeviceType,
    Gateway,
    HardwareChange,
    HookTally,
    KeySlot,
    PeriodicJob,
    SyncRow,
    SyncRun,
    VendorCall,
)
from devices.states import DeviceState
from fulfillment.models import Kit, KitItem, Order, OrderEvent, OrderLine, SpecialOrder
from measurements.models import LatestReading, Measurement, Metric, Overview, ThresholdChange
from patients.models import Clinic, Patient, Role, User

PASSWORD = "four calm otters swim"


@functools.cache
def hashed_password():
    """Once per process: a good hash is slow on purpose."""
    return make_password(PASSWORD)


class ClinicFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Clinic
        django_get_or_create = ("name",)

    name = factory.Sequence(lambda n: f"Clinic {n}")
    time_zone = "America/New_York"


class UserFactory(factory.django.DjangoModelFactory):
    """A person who can sign in with PASSWORD; of `clinics`, else of one new clinic. Administrators are staff."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")
    role = Role.CLINICIAN
    is_staff = factory.LazyAttribute(lambda user: user.role == Role.ADMINISTRATOR)
    password = factory.LazyFunction(hashed_password)

    @factory.post_generation
    def clinics(self, create, clinics, **_):
        if create:
            self.clinics.set([ClinicFactory()] if clinics is None else clinics)


class PatientFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Patient

    clinic = factory.SubFactory(ClinicFactory)
    external_id = factory.Sequence(lambda n: f"acct-{n:05}")
    given_name = "Rosa"
    family_name = factory.Sequence(lambda n: f"Delgado{n}")
    sex = "female"
    birth_date = dt.date(1951, 4, 9)
    mrn = factory.Sequence(lambda n: f"MRN-{n:05}")
    phone = "+16035550142"
    street = "12 Alder Street"
    city = "Concord"
    state = "NH"
    zip_code = "03301"
    time_zone = "America/New_York"
    provider = "Dr. Imani Okafor"
    conditions = ["hypertension"]


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
    """Connected, and held by its patient since ever; pass `assignment=None` for a device that nobody held."""

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
    old, new = "0F9E8D7C6B5A", "77AA88BB99CC"
    noticed_at = factory.LazyFunction(timezone.now)


class MetricFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Metric
        django_get_or_create = ("code",)

    code = "weight"
    label = factory.LazyAttribute(lambda metric: metric.code.replace("_", " ").capitalize())


class MeasurementFactory(factory.django.DjangoModelFactory):
    """Pass `code="pulse"` for another metric; blood pressure brings a diastolic value by itself."""

    class Meta:
        model = Measurement

    class Params:
        code = "weight"

    device = factory.SubFactory(DeviceFactory)
    patient = factory.SelfAttribute("device.patient")  # never a reading of someone else's device
    metric = factory.SubFactory(MetricFactory, code=factory.SelfAttribute("..code"))
    taken_at = factory.LazyFunction(lambda: timezone.now() - dt.timedelta(hours=1))
    value_1 = factory.LazyAttribute(lambda row: Decimal("128.00" if row.metric.pk == "blood_pressure" else "180.40"))
    value_2 = factory.LazyAttribute(lambda row: Decimal("82.00") if row.metric.pk == "blood_pressure" else None)
    raw_metric = factory.SelfAttribute("metric.code")


class LatestReadingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LatestReading

    measurement = factory.SubFactory(MeasurementFactory)
    patient = factory.SelfAttribute("measurement.patient")
    metric = factory.SelfAttribute("measurement.metric")
    taken_at = factory.SelfAttribute("measurement.taken_at")
    value_1 = factory.SelfAttribute("measurement.value_1")
    value_2 = factory.SelfAttribute("measurement.value_2")


class OverviewFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Overview
        django_get_or_create = ("patient",)

    patient = factory.SubFactory(PatientFactory)


class ThresholdChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ThresholdChange

    metric = factory.SubFactory(MetricFactory, code="blood_pressure")
    patient = factory.SubFactory(PatientFactory)
    before = (Decimal(70), Decimal(90), Decimal(130), Decimal(180))
    after = (Decimal(70), Decimal(90), Decimal(150), Decimal(190))
    by = factory.SubFactory(UserFactory)


class KitFactory(factory.django.DjangoModelFactory):
    """`items=[(device_type, quantity), ...]`; without it one blood pressure monitor."""

    class Meta:
        model = Kit
        skip_postgeneration_save = True

    clinic = factory.SubFactory(ClinicFactory)
    name = factory.Sequence(lambda n: f"Hypertension kit {n}")

    @factory.post_generation
    def items(self, create, items, **_):
        for device_type, quantity in [(DeviceTypeFactory(), 1)] if items is None else items:
            KitItem.objects.create(kit=self, device_type=device_type, quantity=quantity)


class VendorCallFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = VendorCall

    kind = VendorCall.Kind.ORDER
    patient = factory.SubFactory(PatientFactory)


class OrderFactory(factory.django.DjangoModelFactory):
    """`lines=0` for an order without lines; else one line that waits to be sent."""

    class Meta:
        model = Order
        skip_postgeneration_save = True

    patient = factory.SubFactory(PatientFactory)
    kit = factory.SubFactory(KitFactory, clinic=factory.SelfAttribute("..patient.clinic"))
    ship_name = factory.SelfAttribute("patient.name")
    ship_street = factory.SelfAttribute("patient.street")
    ship_city = factory.SelfAttribute("patient.city")
    ship_state = factory.SelfAttribute("patient.state")
    ship_zip_code = factory.SelfAttribute("patient.zip_code")
    placed_by = factory.SubFactory(UserFactory, role=Role.COORDINATOR)

    @factory.post_generation
    def lines(self, create, count, **_):
        for nth in range(1, 2 if count is None else count + 1):
            OrderLineFactory(order=self, nth=nth)


class OrderLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory, lines=0)
    patient = factory.SelfAttribute("order.patient")
    device_type = factory.SubFactory(DeviceTypeFactory)
    family = factory.SelfAttribute("device_type.family")
    nth = 1
    call = factory.SubFactory(VendorCallFactory, patient=factory.SelfAttribute("..patient"))


class OrderEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OrderEvent

    order = factory.SubFactory(OrderFactory)
    source = OrderEvent.Source.PERSON
    text = "placed"


class SpecialOrderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SpecialOrder

    request_id = factory.LazyFunction(lambda: str(uuid.uuid4()))
    order_number = factory.Sequence(lambda n: f"SO-{n:05}")
    order_type = SpecialOrder.Type.SUPPLIES
    status = "Requested"


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


class KeySlotFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = KeySlot

    bucket = factory.Sequence(lambda n: f"key-{n}")


class PeriodicJobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PeriodicJob

    name = factory.Sequence(lambda n: f"job {n}")


class AlarmFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Alarm

    name = factory.Sequence(lambda n: f"sign {n}")
    problem = "does not run"


class HookTallyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = HookTally

    minute = factory.LazyFunction(lambda: timezone.now().replace(second=0, microsecond=0))
    outcome = HookTally.Outcome.ACCEPTED
    source = "192.0.2.9"
    count = 1
