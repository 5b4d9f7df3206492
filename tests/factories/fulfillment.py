"""Kits, orders and their lines."""

import datetime as dt
import uuid

import factory
from django.utils import timezone

from fulfillment.batches.models import BatchItem, OrderBatch
from fulfillment.client_actions.models import ClientAction
from fulfillment.models import Kit, KitItem, Order, OrderEvent, OrderLine, OrderNote
from fulfillment.replacements.models import Replacement
from fulfillment.shipping_tests.models import ShippingTest
from fulfillment.special_orders.models import SpecialOrder, StockCorrection, StockItem
from fulfillment.worklist.kinds import rank_of
from fulfillment.worklist.models import WorklistEvent, WorklistItem, WorklistNote
from patients.models import Role
from tests.factories.devices import DeviceFactory, DeviceTypeFactory, VendorCallFactory
from tests.factories.patients import ClinicFactory, NoteFactory, PatientFactory, UserFactory


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


class OrderNoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OrderNote

    order = factory.SubFactory(OrderFactory)
    note = factory.SubFactory(NoteFactory, patient=factory.SelfAttribute("..order.patient"))


class SpecialOrderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SpecialOrder

    request_id = factory.LazyFunction(lambda: str(uuid.uuid4()))
    order_number = factory.Sequence(lambda n: f"SO-{n:05}")
    order_type = SpecialOrder.Type.SUPPLIES
    status = "Requested"


class StockItemFactory(factory.django.DjangoModelFactory):
    """A gateway with a scale in a delivered bulk order."""

    class Meta:
        model = StockItem

    special_order = factory.SubFactory(SpecialOrderFactory, order_type="BU", status="Delivered")
    hardware_id = factory.Sequence(lambda n: f"0B{n:010X}")
    name = "Gateway"
    contents = factory.LazyFunction(lambda: ["Tenovi Scale"])


class StockCorrectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StockCorrection

    item = factory.SubFactory(StockItemFactory)
    in_stock, reason = False, "Found damaged"
    by = factory.SubFactory(UserFactory, role=Role.COORDINATOR)


class WorklistItemFactory(factory.django.DjangoModelFactory):
    """A connected device that has been silent for three days."""

    class Meta:
        model = WorklistItem

    device = factory.SubFactory(DeviceFactory)
    patient = factory.SelfAttribute("device.patient")
    clinic = factory.SelfAttribute("patient.clinic")
    kind = "silent_device"
    subject = factory.LazyAttribute(lambda item: f"device:{item.device.pk}")
    name = factory.SelfAttribute("device.name")
    rank = factory.LazyAttribute(lambda item: rank_of(item.kind))
    fingerprint = "0" * 64
    since = factory.LazyFunction(lambda: timezone.now() - dt.timedelta(days=3))


class WorklistEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WorklistEvent

    item = factory.SubFactory(WorklistItemFactory)
    kind = WorklistEvent.Kind.OPENED


class WorklistNoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WorklistNote

    item = factory.SubFactory(WorklistItemFactory)
    note = factory.SubFactory(NoteFactory, patient=factory.SelfAttribute("..item.patient"))


class ReplacementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Replacement

    device = factory.SubFactory(DeviceFactory)
    patient = factory.SelfAttribute("device.patient")
    call = factory.SubFactory(
        VendorCallFactory,
        kind="replace",
        patient=factory.SelfAttribute("..patient"),
        device=factory.SelfAttribute("..device"),
    )
    reason = Replacement.Reason.BROKEN
    requested_by = factory.SubFactory(UserFactory, role=Role.COORDINATOR)


class ClientActionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ClientAction

    line = factory.SubFactory(OrderLineFactory)
    patient = factory.SelfAttribute("line.patient")
    by = factory.SelfAttribute("line.order.placed_by")


class OrderBatchFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OrderBatch

    clinic = factory.SubFactory(ClinicFactory)
    kit = factory.SubFactory(KitFactory, clinic=factory.SelfAttribute("..clinic"))
    placed_by = factory.SubFactory(UserFactory, role=Role.COORDINATOR)


class BatchItemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BatchItem

    batch = factory.SubFactory(OrderBatchFactory)
    patient = factory.SubFactory(PatientFactory, clinic=factory.SelfAttribute("..batch.clinic"))


class ShippingTestFactory(factory.django.DjangoModelFactory):
    """Its device is being created at the vendor."""

    class Meta:
        model = ShippingTest

    call = factory.SubFactory(VendorCallFactory, patient=None)
    requested_by = factory.SubFactory(UserFactory, role="administrator")
