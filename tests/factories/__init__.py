"""Rows for tests. Every person is invented; phones are of the 555-01xx range that is set aside for fiction."""

from tests.factories.devices import (
    AlarmFactory,
    AssignmentFactory,
    DeliveryFactory,
    DeviceFactory,
    DeviceTypeFactory,
    GatewayFactory,
    HardwareChangeFactory,
    HookTallyFactory,
    KeySlotFactory,
    PeriodicJobFactory,
    SyncRowFactory,
    SyncRunFactory,
    VendorCallFactory,
)
from tests.factories.fulfillment import (
    KitFactory,
    OrderEventFactory,
    OrderFactory,
    OrderLineFactory,
    SpecialOrderFactory,
)
from tests.factories.measurements import (
    LatestReadingFactory,
    MeasurementFactory,
    MetricFactory,
    OverviewFactory,
    ThresholdChangeFactory,
)
from tests.factories.patients import PASSWORD, ClinicFactory, PatientFactory, UserFactory

__all__ = [
    "PASSWORD",
    "AlarmFactory",
    "AssignmentFactory",
    "ClinicFactory",
    "DeliveryFactory",
    "DeviceFactory",
    "DeviceTypeFactory",
    "GatewayFactory",
    "HardwareChangeFactory",
    "HookTallyFactory",
    "KeySlotFactory",
    "KitFactory",
    "LatestReadingFactory",
    "MeasurementFactory",
    "MetricFactory",
    "OrderEventFactory",
    "OrderFactory",
    "OrderLineFactory",
    "OverviewFactory",
    "PatientFactory",
    "PeriodicJobFactory",
    "SpecialOrderFactory",
    "SyncRowFactory",
    "SyncRunFactory",
    "ThresholdChangeFactory",
    "UserFactory",
    "VendorCallFactory",
]
