"""Manifests of bulk orders, in either shape that the vendor sends: gateways, modems and devices in the parcel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from devices.hardware_ids import is_gateway_id, is_imei, normalise_hardware_uuid
from fulfillment.special_orders.models import SpecialOrder, StockItem

GATEWAY, CELLULAR_DEVICE = "Gateway", "Cellular device"  # the second: where the manifest names no device
MAX_NAME_LENGTH = 255
MAX_ITEMS = 10_000  # of one order


class PackedItem(NamedTuple):
    """`contents`: names of the devices packed with a gateway. A loose device has no id, or its IMEI."""

    hardware_id: str
    name: str
    contents: tuple[str, ...] = ()


def parse_manifest(order: SpecialOrder) -> list[PackedItem]:
    """Without what can't be read. A webhook's manifest names ids alone, the list also what is packed with them."""
    manifest = order.manifest
    if isinstance(manifest, dict):
        return list(parse_id_lists(manifest, contents=order.contents))[:MAX_ITEMS]
    sections = manifest if isinstance(manifest, list) else []
    return [item for section in sections if isinstance(section, dict) for item in parse_section(section)][:MAX_ITEMS]


def parse_section(section: dict[str, Any]) -> Iterator[PackedItem]:
    for kit in dicts_of(section.get("kitted_items")):
        names = [text_of(each, "device_type") for each in dicts_of(kit.get("contents"))]
        gateway = usable_id(kit.get("gateway_id"))
        if gateway:
            yield PackedItem(gateway, GATEWAY, tuple(name for name in names if name and name != GATEWAY))
        else:
            yield from (PackedItem("", name) for name in names if name)
    for item in dicts_of(section.get("loose_items")):
        hardware_id = usable_id(item.get("imei")) or usable_id(item.get("gateway_id"))
        if name := text_of(item, "device_type") or (hardware_id and default_name(hardware_id)):
            yield PackedItem(hardware_id, name)


def parse_id_lists(manifest: dict[str, Any], *, contents: Any) -> Iterator[PackedItem]:
    """Where all gateways of the order are packed alike, what is with each follows from the order's contents."""
    lines = dicts_of(contents)
    kits = {each.get("kit_id") for each in lines if each.get("kit_id")}
    loose_gateways = any(text_of(each, "name") == GATEWAY and not each.get("kit_id") for each in lines)
    names = [text_of(each, "name") for each in lines if each.get("kit_id")]
    packed = tuple(name for name in names if name and name != GATEWAY) if len(kits) == 1 and not loose_gateways else ()
    ids = [usable_id(text) for key in ("gateway_ids", "imeis") for text in values_of(manifest.get(key))]
    for hardware_id in dict.fromkeys(filter(None, ids)):
        yield PackedItem(hardware_id, default_name(hardware_id), packed if is_gateway_id(hardware_id) else ())


def store_stock_items(order: SpecialOrder) -> None:
    """Items of the manifest that are new; of those that are stored, what a fuller manifest says of them."""
    loose: Counter[str] = Counter()
    for packed in parse_manifest(order):
        if packed.hardware_id:
            fuller = {"name": packed.name, "contents": list(packed.contents)}
            item, created = StockItem.objects.get_or_create(
                hardware_id=packed.hardware_id, defaults={"special_order": order, **fuller}
            )
            if not created and packed.name != CELLULAR_DEVICE and (packed.contents or item.name == CELLULAR_DEVICE):
                StockItem.objects.filter(pk=item.pk).update(**fuller)
        else:
            loose[packed.name] += 1
            StockItem.objects.get_or_create(
                special_order=order, name=packed.name, hardware_id="", number=loose[packed.name]
            )


def default_name(hardware_id: str) -> str:
    return CELLULAR_DEVICE if is_imei(hardware_id) else GATEWAY


def usable_id(value: Any) -> str:
    """Normalised; empty for what is neither a gateway ID nor an IMEI."""
    text = normalise_hardware_uuid(str(value)[:64]) if isinstance(value, str | int) else ""
    return text if is_gateway_id(text) or is_imei(text) else ""


def text_of(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value.strip()[:MAX_NAME_LENGTH] if isinstance(value, str) else ""


def dicts_of(value: Any) -> list[dict[str, Any]]:
    return [each for each in values_of(value) if isinstance(each, dict)]


def values_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
