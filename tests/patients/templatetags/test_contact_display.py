import pytest

from fulfillment.worklist import refresh
from patients.models import Patient
from patients.templatetags.contact_display import contact_line
from tests.factories import DeviceFactory, GatewayFactory, OrderFactory, VendorCallFactory

ADDRESS = "12 Alder Street, Concord, NH 03301"
PHONE = 'href="tel:+16035550142">(603) 555-0142</a>'


def test_contact_line_has_phone_to_call_and_address():
    rosa = Patient(phone="+16035550142", street="12 <Alder>", city="Concord", state="NH", zip_code="03301")

    line = contact_line(rosa)

    assert PHONE in line
    assert "12 &lt;Alder&gt;, Concord, NH 03301" in line


def test_contact_line_says_what_is_not_known():
    assert contact_line(Patient()) == "no phone number, no address"


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["orders", "order", "device", "gateway", "patient"])
def test_pages_that_ask_for_a_call_show_phone_and_address_beside_it(client_of, cora, rosa, page):
    gateway = GatewayFactory(signal_strength=-120)
    device = DeviceFactory(patient=rosa, state="returned", gateway=gateway)
    order = OrderFactory(patient=rosa, lines=1)
    call = VendorCallFactory(patient=rosa, state="confirmed", device=device)
    order.lines.update(status="returned", call=call, device=device)
    address = {
        "orders": "/orders/",
        "order": f"/orders/{order.pk}/",
        "device": f"/devices/{device.hwi_id}/",
        "gateway": f"/devices/gateways/{gateway.public_id}/",
        "patient": f"/patients/{rosa.pk}/",
    }[page]

    refresh.refresh_worklist()
    shown = client_of(cora).get(address).content.decode()

    asked = max(shown.find("Ask the patient"), shown.find("ask the patient"))
    assert asked > 0
    assert PHONE in shown[asked:]
    assert ADDRESS in shown[asked:]
