from .event import EventSource, OrderEvent
from .kit import Kit, KitItem
from .order import Order, OrderKind, OrderLine, Urgency
from .special_order import SpecialOrder
from .status import LineStatus

__all__ = [
    "EventSource",
    "Kit",
    "KitItem",
    "LineStatus",
    "Order",
    "OrderEvent",
    "OrderKind",
    "OrderLine",
    "SpecialOrder",
    "Urgency",
]
