"""Rows for tests. Every person is invented; phones are of the 555-01xx range that is set aside for fiction."""

from tests.factories.devices import (
    ApiKeySlotFactory,
    AssignmentFactory,
    DeliveryFactory,
    DeviceFactory,
    DeviceTypeFactory,
    GatewayFactory,
    HardwareChangeFactory,
    OperatorAlarmFactory,
    PeriodicJobFactory,
    SyncRowFactory,
    SyncRunFactory,
    VendorCallFactory,
    WebhookCountFactory,
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
    PatientSummaryFactory,
    ThresholdChangeFactory,
)
from tests.factories.patients import PASSWORD, ClinicFactory, PatientFactory, PractitionerFactory, UserFactory

__all__ = [
    "PASSWORD",
    "ApiKeySlotFactory",
    "AssignmentFactory",
    "ClinicFactory",
    "DeliveryFactory",
    "DeviceFactory",
    "DeviceTypeFactory",
    "GatewayFactory",
    "HardwareChangeFactory",
    "KitFactory",
    "LatestReadingFactory",
    "MeasurementFactory",
    "MetricFactory",
    "OperatorAlarmFactory",
    "OrderEventFactory",
    "OrderFactory",
    "OrderLineFactory",
    "PatientFactory",
    "PatientSummaryFactory",
    "PeriodicJobFactory",
    "PractitionerFactory",
    "SpecialOrderFactory",
    "SyncRowFactory",
    "SyncRunFactory",
    "ThresholdChangeFactory",
    "UserFactory",
    "VendorCallFactory",
    "WebhookCountFactory",
]
