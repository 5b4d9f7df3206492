from .kit import Kit, KitItem
from .order import Carrier, Order, OrderKind, OrderLine, Urgency
from .order_event import EventSource, OrderEvent
from .order_note import OrderNote
from .status import LineStatus

__all__ = [
    "Carrier",
    "EventSource",
    "Kit",
    "KitItem",
    "LineStatus",
    "Order",
    "OrderEvent",
    "OrderKind",
    "OrderLine",
    "OrderNote",
    "Urgency",
]
