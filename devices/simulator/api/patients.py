"""People as the vendor knows them: shared by all devices that carry their external id."""

from devices.simulator.api.pagination import listed, matches
from devices.simulator.api.validation import FLAG, TEXT, Field, cleaned
from devices.simulator.runtime.messages import NOT_FOUND, Answer, Json, Refusal, Request
from devices.simulator.runtime.state import World

NESTED = {
    "external_id": TEXT,
    "name": TEXT,
    "phone_number": TEXT,
    "email": Field(kind="email"),
    "physician": TEXT,
    "clinic_name": TEXT,
    "care_manager": TEXT,
    "sms_opt_in": FLAG,
}
ADDRESS = ("address", "city", "state", "zip_code")
DETAILS = {
    **NESTED,
    **dict.fromkeys(ADDRESS, TEXT),
    "external_id": Field(required=True, null=False, blank=False),
    "email": TEXT,  # not validated here, unlike the nested one
    "confirm_address": FLAG,
}
EMPTY: Json = {
    **dict.fromkeys(("external_id", "name", *ADDRESS)),
    **dict.fromkeys(("phone_number", "email", "physician", "clinic_name", "care_manager")),
    "sms_opt_in": True,  # the vendor's default: whoever forgets to send it has consented for the patient
    "address_status": "",
    "address_verified_by": "",
    "confirm_address": False,
}


def find(world: World, external_id: str | None) -> Json | None:
    """Looked up ignoring case; the stored spelling is kept."""
    return world.store.get("patient", external_id.casefold()) if external_id else None


def apply(world: World, values: Json, current: str | None = None) -> str | None:
    """Write a nested patient object; the store's key of the person meant.

    An external id that exists is linked, and its fields overwritten by those sent. Without one, the fields go
    to the person that the device already has.
    """
    external_id = values.get("external_id")
    key = external_id.casefold() if external_id else current or f"#{world.new_id()}"
    document = world.store.get("patient", key) or {**EMPTY, "external_id": external_id}
    document.update({name: value for name, value in values.items() if name != "external_id"})
    world.store.put("patient", key, document)
    return key


def nested(document: Json | None) -> Json | None:
    return {name: document[name] for name in NESTED} if document else None


def verify_address(document: Json) -> None:
    """A complete address is verified at once; this vendor knows bad ones by a word or a ZIP code."""
    document["address_status"] = document["address_verified_by"] = ""
    if document["confirm_address"]:
        document.update(address_status="Verified", address_verified_by="Client")
    elif all(document[name] for name in ADDRESS):
        bad = is_undeliverable(document["address"], document["zip_code"])
        document.update(address_status="Invalid" if bad else "Verified", address_verified_by="USPS")


def is_undeliverable(address: str | None, zip_code: str | None) -> bool:
    return "CLIENTACTION" in (address or "").upper() or (zip_code or "").startswith("00000")


# Endpoints


def list_patients(world: World, request: Request) -> Answer:
    words = request.query.get("search", "")
    known = [each for each in reversed(world.store.all("patient")) if each["external_id"]]
    rows = [each for each in known if matches(words, each["external_id"], each["name"], each["phone_number"])]
    return Answer(data=listed(request, rows, always_paged=True))


def create_patient(world: World, request: Request) -> Answer:
    values = cleaned(request.object(), DETAILS)
    if find(world, values["external_id"]):
        raise Refusal(400, {"external_id": ["Patient with this external id already exists."]})
    document = {**EMPTY, **values}
    verify_address(document)
    return Answer(201, world.store.put("patient", values["external_id"].casefold(), document))


def get_patient(world: World, request: Request, external_id: str) -> Answer:
    return Answer(data=_found(world, external_id))


def change_patient(world: World, request: Request, external_id: str) -> Answer:
    document = _found(world, external_id)
    values = cleaned(request.object(), DETAILS, partial=request.method == "PATCH")
    new_key = values.get("external_id", external_id).casefold()
    if new_key != external_id.casefold():
        if world.store.get("patient", new_key):
            raise Refusal(400, {"external_id": ["Patient with this external id already exists."]})
        _relink(world, external_id.casefold(), new_key)
    document.update(values)
    verify_address(document)
    return Answer(data=world.store.put("patient", new_key, document))


def delete_patient(world: World, request: Request, external_id: str) -> Answer:
    _found(world, external_id)
    _relink(world, external_id.casefold(), None)
    return Answer(204)


def _found(world: World, external_id: str) -> Json:
    document = find(world, external_id)
    if not document:
        raise Refusal(404, NOT_FOUND)
    return document


def _relink(world: World, old_key: str, new_key: str | None) -> None:
    for device in world.store.all("device"):
        if device["patient"] == old_key:
            device["patient"] = new_key
            world.store.put("device", device["id"], device)
    world.store.remove("patient", old_key)
