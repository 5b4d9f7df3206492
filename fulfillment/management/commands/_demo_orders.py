"""Orders, replacements and ends of care of the demo: each case that a coordinator meets, by the functions of the pages.

A case is a patient's; its name is in personas.json. What the vendor's staff does is asked of the simulator.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings

from devices.models import Device, DeviceType
from devices.patient_records import address_checks
from devices.tenovi import ShipTo
from devices.webhooks import self_test
from fulfillment import end_of_monitoring
from fulfillment.batches import placing
from fulfillment.batches.models import OrderBatch
from fulfillment.management.commands._demo_vendor import DemoVendor
from fulfillment.models import Kit, Order
from fulfillment.ordering import order_lines, orders
from fulfillment.replacements import replacements
from fulfillment.replacements.models import ReplacementReason
from patients.enrollment import admission
from patients.models import DischargeReason, Patient, User

CASE_NAMESPACE = uuid.UUID("5f9e1b0e-6c1c-4f57-8d2b-3f2f1d6a7c55")
LAST_CASE = uuid.uuid5(CASE_NAMESPACE, "batch_under_way")
CUFF, SCALE, OXIMETER, CELLULAR = "Tenovi BPM - L", "Tenovi Scale", "Tenovi Pulse Ox", "Tenovi Cellular BPM"
FREE_GATEWAY, TYPING_ERROR = "A1B2C3D4E5F6", "A1B2C3D4E5F9"
TAKEN_GATEWAY = {"device": {"hardware_uuid": [f"This Gateway ID already exists for a {CUFF}."]}}
REFUSED_PHONE = {"phone_number": ["Enter a valid phone number."]}
REPLACED_LATELY = {"hwi_device_id": ["This device was replaced less than 30 days ago."]}
MANY_STAGES, ONE_STAGE = 600.0, 25.0  # seconds of the simulator's parcels


class OrderCases:
    """`people`: by case; `by`: the coordinator of their clinic."""

    def __init__(self, people: dict[str, list[Patient]], *, by: User, vendor: DemoVendor) -> None:
        self.people, self.by, self.vendor = people, by, vendor

    def make(self) -> bool:
        """Once: the last case shows that all are made. Whether they were made now."""
        if OrderBatch.objects.filter(pk=LAST_CASE).exists():
            return False
        self.make_finished_orders()
        self.make_ends_of_care()
        self.make_orders_under_way()
        self.make_refusals()
        self.make_acts_of_the_vendor()
        self.order_scales("batch_under_way", LAST_CASE)  # placed and sent by the workers, in view
        return True

    # --- what is over -------------------------------------------------------------------------------------------------

    def make_finished_orders(self) -> None:
        """All delivered and in use, but for a parcel that came back."""
        for case in ("delivered", "returned", "linked_after_discharge", "care_ended", "not_ended"):
            self.order(case, "COPD" if case == "delivered" else "Hypertension")
        self.activate("on_site", FREE_GATEWAY)
        owner, cuff = self.patient("gateway_alone"), DeviceType.objects.get(name="Tenovi BPM - XL")
        orders.ship_gateway(
            patient=owner, device_type=cuff, ship_to=address_of(owner), by=self.by, submission_id=key_of(owner)
        )
        self.order_scales("batch_done", uuid.uuid5(CASE_NAMESPACE, "batch_done"))
        placing.place_due_orders()
        self.replace("replaced_device", replace_device=True)
        self.vendor.exchange()
        self.vendor.let_time_pass(MANY_STAGES)
        self.vendor.exchange()
        self.vendor.set_status(self.ordered_device("returned"), "Returned")

    def make_ends_of_care(self) -> None:
        """Ended, half ended because one parcel had left already, forgotten at the vendor, and begun again."""
        order = self.order("not_ended", "COPD", gateway=orders.linked_gateway(self.patient("not_ended")))
        self.vendor.exchange()
        parcel = Device.objects.get(lines__order=order).hwi_id
        self.vendor.control("ship", hwi_device_id=str(parcel))
        self.vendor.hold("device", str(parcel))
        for case in ("care_ended", "not_ended"):
            end_of_monitoring.end_patient_monitoring(
                patient=self.patient(case), by=self.by, reason="The patient has moved away"
            )
        self.vendor.exchange()
        for case in ("care_ended", "linked_after_discharge", "readmitted"):
            admission.discharge_patient(patient=self.patient(case), by=self.by, reason=DischargeReason.MOVED)
        admission.readmit_patient(patient=self.patient("readmitted"), by=self.by)

    # --- what is under way --------------------------------------------------------------------------------------------

    def make_orders_under_way(self) -> None:
        self.order("possible_duplicate", "Hypertension")
        for case in ("on_hold", "other", "closed_here"):
            self.order(case, "Hypertension")
        self.order("add_on", "Home scale", gateway=orders.linked_gateway(self.patient("add_on")))
        self.order("cellular", "Cellular cuff")
        self.order("clinic_ships", "Hypertension", by_clinic=True)
        self.order("confirmable_address", "COPD", zip_code="00000")
        self.order("post_office_box", "COPD")
        self.replace("replacement_under_way", replace_gateway=True)
        self.vendor.exchange()
        self.vendor.hold("device", str(self.ordered_device("possible_duplicate").hwi_id))
        for case, status in (("on_hold", "On Hold"), ("closed_here", "On Hold"), ("other", "Awaiting Stock")):
            self.vendor.set_status(self.ordered_device(case), status)
        self.vendor.let_time_pass(ONE_STAGE)
        for replacement in self.patient("replacement_under_way").replacements.filter(vendor_id__isnull=False):
            self.vendor.hold("replacement", str(replacement.vendor_id))
        self.vendor.exchange()
        line = Order.objects.get(patient=self.patient("closed_here")).lines.get()
        order_lines.close_line(line=line, by=self.by, reason="The patient was given a cuff by the hospital.")

    def make_refusals(self) -> None:
        """One at a time, so that each scripted failure meets the call that it is for."""
        address_checks.request_check(self.patient("record_address"), by=self.by)
        self.activate("unknown_gateway", TYPING_ERROR)
        self.vendor.exchange()
        address_checks.request_check(self.patient("record_refused"), by=self.by)
        self.vendor.fail("POST", "/hwi-patients/", status=400, body=REFUSED_PHONE)
        self.vendor.exchange()
        self.activate("rejected", "B2C3D4E5F6A1")
        self.vendor.fail("POST", "/hwi-devices/", status=400, body=TAKEN_GATEWAY)
        self.vendor.exchange()
        self.replace("replaced_device", "again", replace_device=True)
        self.vendor.fail("POST", "/hwi-replacements/", status=400, body=REPLACED_LATELY)
        self.vendor.exchange()
        self.order("needs_review", "COPD")
        self.vendor.fail("POST", "/hwi-devices/", status=502, body="Bad gateway", applied=True)
        self.vendor.fail("GET", "/hwi-devices/", status=500, times=None)
        self.vendor.send()
        self.vendor.end_failures()
        self.vendor.exchange()

    def make_acts_of_the_vendor(self) -> None:
        """A device unlinked and an order deleted in the vendor's web app; one that another system has pinned."""
        unlinked = Device.objects.get(patient=self.patient("unlinked_by_vendor"), name=OXIMETER)
        self.vendor.client.unlink_device(str(unlinked.hwi_id))
        deleted = Device.objects.get(patient=self.patient("absent_at_vendor"), name=SCALE)
        self.vendor.client.delete_device(str(deleted.hwi_id))
        pinned = Device.objects.get(patient=self.patient("pinned_elsewhere"), name__startswith="Tenovi BPM")
        self_test.read_properties(pinned, self.vendor.client, site_url=settings.SITE_URL, unpin=False)

    # --- one act of a coordinator -------------------------------------------------------------------------------------

    def patient(self, case: str) -> Patient:
        return self.people[case][0]

    def ordered_device(self, case: str) -> Device:
        return Device.objects.filter(lines__patient=self.patient(case)).earliest("pk")

    def order(
        self,
        case: str,
        kit: str,
        *,
        gateway: str | None = None,
        by_clinic: bool = False,
        zip_code: str = "",
    ) -> Order:
        patient = self.patient(case)
        return orders.place(
            patient=patient,
            kit=Kit.objects.get(clinic=patient.clinic, name=kit),
            ship_to=address_of(patient, zip_code=zip_code, client_will_fulfill=by_clinic),
            submission_id=key_of(patient, kit),
            gateway=gateway,
            by=self.by,
        )

    def activate(self, case: str, gateway: str) -> Order:
        patient, cuff = self.patient(case), DeviceType.objects.get(name=CUFF)
        return orders.activate_on_site(
            patient=patient, device_type=cuff, hardware_uuid=gateway, by=self.by, submission_id=key_of(patient)
        )

    def order_scales(self, case: str, batch_id: uuid.UUID) -> None:
        patients = self.people[case]
        kit = Kit.objects.get(clinic=patients[0].clinic, name="Home scale")
        placing.place_batch(batch_id=batch_id, kit=kit, patients=patients, by=self.by)

    def replace(self, case: str, *words: str, replace_device: bool = False, replace_gateway: bool = False) -> None:
        """`words` distinguish several of one case."""
        patient = self.patient(case)
        replacements.request_replacement(
            device=Device.objects.get(patient=patient, name=CUFF),
            replace_device=replace_device,
            replace_gateway=replace_gateway,
            ship_to=address_of(patient),
            reason=ReplacementReason.BROKEN,
            reason_words="",
            by=self.by,
            submission_id=key_of(patient, *words),
        )


def group_by_case(rows: Iterable[dict[str, str]]) -> dict[str, list[Patient]]:
    people: dict[str, list[Patient]] = defaultdict(list)
    for row in rows:
        if row.get("case") and (patient := Patient.objects.by_external_id(row["external_id"])):
            people[row["case"]].append(patient)
    return people


def address_of(patient: Patient, *, zip_code: str = "", client_will_fulfill: bool = False) -> ShipTo:
    return ShipTo(
        name=patient.name,
        address=patient.street_lines,
        city=patient.city,
        state=patient.state,
        zip_code=zip_code or patient.zip_code,
        client_will_fulfill=client_will_fulfill,
    )


def key_of(patient: Patient, *words: str) -> uuid.UUID:
    """The submission id of the case's form, so that it is sent once."""
    return uuid.uuid5(CASE_NAMESPACE, ":".join((patient.external_id, *words)))
