"""Orders for a gateway that another patient has: a reason within the clinic, a refusal across clinics."""

import uuid

import pytest
from django.db import connection
from django.urls import reverse

from devices import gateway_holders
from devices.gateway_holders import (
    OTHER_PATIENT,
    OUTSIDE_CLINIC_MESSAGE,
    UNENROLLED_PATIENT,
    VENDOR_ADVICE,
    GatewayHeldError,
    SharingReason,
    find_other_holders,
)
from devices.hardware_ids import format_hardware_id
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallState
from devices.statuses import DeviceState
from fulfillment.forms.gateways import GATEWAY_HELD
from fulfillment.forms.orders import JOIN_GATEWAY, NEW_GATEWAY
from fulfillment.models import LineStatus, Order
from fulfillment.ordering import order_lines
from fulfillment.ordering.gateway_sharing import GATEWAY_SHARED_EVENT
from patients.models import AuditEvent, Patient
from patients.models.audit import AuditAction
from patients.queueing.work_item import lease_end
from tests.factories import DeviceFactory, DeviceTypeFactory, GatewayFactory, KitFactory, PatientFactory
from tests.fulfillment.order_steps import send_calls
from tests.fulfillment.pages import normalized_html, order_url

SHARED = "A1B2C3D4E5F6"
HOUSEHOLD = SharingReason.SAME_HOUSEHOLD
EVENT = GATEWAY_SHARED_EVENT.format(format_hardware_id(SHARED), HOUSEHOLD.label)


@pytest.fixture
def ben(elm):
    return PatientFactory(clinic=elm, given_name="Benedict", family_name="Ortizcanary")


@pytest.fixture
def kim(harbor):
    return PatientFactory(clinic=harbor, given_name="Kimberly", family_name="Parkcanary")


@pytest.fixture
def put_on_gateway(cuff):
    def put(patient, **changes):
        device = {"device_type": cuff, "gateway": GatewayFactory(hardware_uuid=SHARED.lower())}
        return DeviceFactory(patient=patient, **(device | changes))

    return put


@pytest.fixture
def scale_kit(elm, scale):
    return KitFactory(clinic=elm, items=[(scale, 1)])


def assert_refused(browser_answer, field):
    assert browser_answer.context["form"].has_error(field, GATEWAY_HELD)
    assert not Order.objects.exists()
    assert not VendorCall.objects.exists()


def post_activation(browser, patient, device_type, **changes):
    typed = {"submission_id": uuid.uuid4(), "device_type": device_type.pk, "gateway_id": "a1b2-c3d4-e5f6"}
    return browser.post(reverse("orders:new", query={"patient": patient.pk, "how": "activate"}), typed | changes)


def post_kit(browser, patient, kit, **changes):
    typed = {
        "submission_id": uuid.uuid4(), "kit": kit.pk, "gateway": JOIN_GATEWAY, "name": "Rosa Delgado",
        "city": "Concord", "street": "12 Alder Street", "state": "NH", "zip_code": "03301", "override_reason": "",
    }  # fmt: skip
    return browser.post(reverse("orders:new", query={"patient": patient.pk}), typed | changes)


@pytest.mark.parametrize("reason", ["", "no such reason"])
def test_activation_refuses_gateway_of_other_patient_without_reason(place_activation, put_on_gateway, ben, reason):
    put_on_gateway(ben)

    with pytest.raises(GatewayHeldError) as refused:
        place_activation(SHARED, sharing_reason=reason)

    assert refused.value.holders.patient_ids == (ben.pk,)
    assert not Order.objects.exists()


def test_activation_records_sharing_reason_in_audit_and_timeline(place_activation, put_on_gateway, ben, rosa, cora):
    put_on_gateway(ben)

    order = place_activation(SHARED, sharing_reason=HOUSEHOLD)

    assert order.events.get(text=EVENT).by == cora
    audited = AuditEvent.objects.get(action=AuditAction.SHARE_GATEWAY)
    assert (audited.actor_id, audited.target, audited.patient_ids) == (cora.pk, f"order:{order.pk}", [rosa.pk, ben.pk])
    assert audited.details == {"gateway": SHARED, "reason": HOUSEHOLD}


def test_activation_locks_gateway_until_commit(place_activation):
    """Else two patients who get one gateway at the same time would not find each other."""
    place_activation(SHARED)

    with connection.cursor() as cursor:
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND classid = %s"
        cursor.execute(held, [gateway_holders.GATEWAY_LOCK_SPACE])
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("reason", ["", HOUSEHOLD])
def test_activation_refuses_gateway_of_other_clinic_with_any_reason(place_activation, put_on_gateway, ben, kim, reason):
    put_on_gateway(ben)
    put_on_gateway(kim)

    with pytest.raises(GatewayHeldError) as refused:
        place_activation(SHARED, sharing_reason=reason)

    assert refused.value.holders.outside_clinic
    assert not Order.objects.exists()


@pytest.mark.parametrize("state", gateway_holders.STATES_NOT_IN_USE)
def test_find_other_holders_ignores_device_not_in_use(put_on_gateway, ben, rosa, state):
    put_on_gateway(ben, state=state)

    assert not find_other_holders(SHARED, patient=rosa)


@pytest.mark.parametrize("state", CallState.unresolved())
def test_find_other_holders_includes_patient_of_unresolved_call(place_activation, rosa, ben, state):
    place_activation(SHARED)
    lease = {"lease": uuid.uuid4(), "leased_until": lease_end()} if state == CallState.SENDING else {}
    sent = {} if state == CallState.QUEUED else {"attempts": 1}
    VendorCall.objects.update(state=state, **lease, **sent)

    assert find_other_holders(SHARED, patient=ben).patient_ids == (rosa.pk,)
    assert not find_other_holders(SHARED, patient=rosa)


@pytest.mark.parametrize("state", CallState.without_effect())
def test_find_other_holders_ignores_call_without_effect(place_activation, ben, state):
    place_activation(SHARED)
    VendorCall.objects.update(state=state)

    assert not find_other_holders(SHARED, patient=ben)


def test_find_other_holders_includes_confirmed_device_without_gateway(place_activation, client, rosa, ben):
    order = place_activation(SHARED)
    send_calls(client)
    assert order.lines.get().device.patient == rosa
    Device.objects.update(gateway=None)

    assert find_other_holders(SHARED, patient=ben).patient_ids == (rosa.pk,)


def test_find_other_holders_reports_device_of_unenrolled_vendor_patient(put_on_gateway, rosa, cora):
    device = put_on_gateway(None, assignment=None, vendor_patient_id="acct-unknown")

    holders = find_other_holders(SHARED, patient=rosa)

    assert holders.unenrolled
    assert UNENROLLED_PATIENT in holders.message_for(cora)
    Device.objects.filter(pk=device.pk).update(vendor_patient_id=rosa.external_id.upper())
    assert not find_other_holders(SHARED, patient=rosa)


def test_gateway_message_names_patient_only_to_users_who_see_the_patient(put_on_gateway, ben, rosa, cora, olaf):
    put_on_gateway(ben)

    holders = find_other_holders(SHARED, patient=rosa)

    assert ben.name in holders.message_for(cora)
    assert ben.name not in holders.message_for(olaf)
    assert OTHER_PATIENT in holders.message_for(olaf)


def test_activation_form_names_holder_and_asks_for_reason(as_cora, put_on_gateway, ben, rosa, scale):
    put_on_gateway(ben)

    refused = post_activation(as_cora, rosa, scale)

    assert_refused(refused, "gateway_id")
    assert ben.name in normalized_html(refused)
    assert refused.context["form"].asks_for_sharing_reason
    assert AuditEvent.objects.filter(action=AuditAction.LIST, patient_ids=[ben.pk]).count() == 1
    accepted = post_activation(as_cora, rosa, scale, sharing_reason=HOUSEHOLD)
    assert EVENT in normalized_html(as_cora.get(accepted.url))


def test_activation_form_refuses_gateway_of_other_clinic_without_names(as_cora, put_on_gateway, ben, kim, rosa, scale):
    put_on_gateway(ben)
    put_on_gateway(kim)

    refused = post_activation(as_cora, rosa, scale, sharing_reason=HOUSEHOLD)

    assert_refused(refused, "gateway_id")
    page = normalized_html(refused)
    assert OUTSIDE_CLINIC_MESSAGE.format(format_hardware_id(SHARED), VENDOR_ADVICE) in page
    assert not any(name in page for name in (ben.family_name, kim.family_name, kim.clinic.name))
    assert not refused.context["form"].asks_for_sharing_reason
    assert not AuditEvent.objects.filter(action=AuditAction.LIST).exists()


def test_gateway_of_second_own_clinic_is_refused_without_names(as_cora, cora, put_on_gateway, kim, rosa, scale):
    cora.clinics.add(kim.clinic)
    put_on_gateway(kim)

    refused = post_activation(as_cora, rosa, scale, sharing_reason=HOUSEHOLD)

    assert_refused(refused, "gateway_id")
    assert kim.family_name not in normalized_html(refused)


def test_activation_of_modem_of_other_patient_requires_reason(as_cora, put_on_gateway, ben, rosa):
    imei, cellular = "356938035643809", DeviceTypeFactory(name="Tenovi Cellular BPM", sensor_code="")
    put_on_gateway(ben, gateway=GatewayFactory(hardware_uuid=imei))

    assert_refused(post_activation(as_cora, rosa, cellular, gateway_id=imei), "gateway_id")


def test_order_form_does_not_preselect_shared_gateway(as_cora, put_on_gateway, ben, rosa, scale_kit):
    put_on_gateway(rosa)
    put_on_gateway(ben)

    page = as_cora.get(reverse("orders:new", query={"patient": rosa.pk}))

    form = page.context["form"]
    assert form.fields["gateway"].initial == NEW_GATEWAY
    assert form.asks_for_sharing_reason
    assert ben.name in normalized_html(page)
    assert AuditEvent.objects.filter(action=AuditAction.LIST, patient_ids=[ben.pk]).count() == 1


def test_order_joining_shared_gateway_requires_reason(as_cora, put_on_gateway, ben, rosa, scale_kit):
    put_on_gateway(rosa)
    put_on_gateway(ben)

    assert_refused(post_kit(as_cora, rosa, scale_kit), "gateway")
    post_kit(as_cora, rosa, scale_kit, sharing_reason=HOUSEHOLD)

    assert Order.objects.get().events.filter(text=EVENT).exists()


def test_order_with_new_gateway_requires_no_sharing_reason(as_cora, put_on_gateway, ben, rosa, scale_kit):
    put_on_gateway(rosa)
    put_on_gateway(ben)

    post_kit(as_cora, rosa, scale_kit, gateway=NEW_GATEWAY)

    assert Order.objects.get().gateway_id == ""
    assert not AuditEvent.objects.filter(action=AuditAction.SHARE_GATEWAY).exists()


def test_order_form_does_not_offer_gateway_in_use_outside_clinic(as_cora, put_on_gateway, kim, rosa, scale_kit):
    put_on_gateway(rosa)
    put_on_gateway(kim)

    page = as_cora.get(reverse("orders:new", query={"patient": rosa.pk}))
    refused = post_kit(as_cora, rosa, scale_kit, sharing_reason=HOUSEHOLD)

    assert [value for value, _ in page.context["form"].fields["gateway"].choices] == [NEW_GATEWAY]
    assert VENDOR_ADVICE in normalized_html(page)
    assert kim.family_name not in normalized_html(page)
    assert "gateway" in refused.context["form"].errors
    assert not Order.objects.exists()


def test_order_of_cellular_devices_alone_requires_no_sharing_reason(place_order, put_on_gateway, ben, elm):
    put_on_gateway(ben)
    watch = DeviceTypeFactory(name="Tenovi Watch", sensor_code="")

    place_order(kit=KitFactory(clinic=elm, items=[(watch, 1)]), gateway=SHARED)

    assert Order.objects.count() == 1


def refused_activation(place_activation, client):
    line = place_activation("AAAA-BBBB-CCCC").lines.get()
    send_calls(client)
    line.refresh_from_db()
    assert line.status == LineStatus.UNKNOWN_GATEWAY
    return line


def test_correction_to_gateway_of_other_patient_requires_reason(place_activation, client, cora, put_on_gateway, ben):
    line = refused_activation(place_activation, client)
    put_on_gateway(ben)

    with pytest.raises(GatewayHeldError):
        order_lines.correct_line(line=line, by=cora, gateway=SHARED)
    line.refresh_from_db()
    assert line.closed_at is None

    corrected = order_lines.correct_line(line=line, by=cora, gateway=SHARED, sharing_reason=HOUSEHOLD)
    assert corrected.order.events.get(text=EVENT).by == cora


def test_correction_form_names_holder_and_asks_for_reason(as_cora, place_activation, client, put_on_gateway, ben):
    line = refused_activation(place_activation, client)
    put_on_gateway(ben)
    address, typed = reverse("orders:correct", args=[line.pk]), {"gateway_id": SHARED}

    refused = as_cora.post(address, typed)
    accepted = as_cora.post(address, typed | {"sharing_reason": HOUSEHOLD})

    assert refused.context["form"].has_error("gateway_id", GATEWAY_HELD)
    assert ben.name in normalized_html(refused)
    assert 'name="sharing_reason"' in normalized_html(refused)
    assert 'name="sharing_reason"' not in normalized_html(as_cora.get(order_url(line.order)))
    assert accepted.url == order_url(line.order)


def test_correction_form_refuses_gateway_of_other_clinic(as_cora, place_activation, client, put_on_gateway, kim):
    line = refused_activation(place_activation, client)
    put_on_gateway(kim)

    typed = {"gateway_id": SHARED, "sharing_reason": HOUSEHOLD}
    page = normalized_html(as_cora.post(reverse("orders:correct", args=[line.pk]), typed))

    assert VENDOR_ADVICE in page
    assert kim.family_name not in page


def test_gateway_of_discharged_patient_is_still_held(put_on_gateway, ben, rosa, order):
    put_on_gateway(ben, state=DeviceState.DELIVERED)
    Patient.objects.filter(pk=ben.pk).update(discharged_at=order.placed_at)

    assert find_other_holders(SHARED, patient=rosa).patient_ids == (ben.pk,)
