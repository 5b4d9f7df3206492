import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from devices import calls
from devices.models import VendorCall
from devices.states import DeviceState
from devices.tenovi import ShipTo
from fulfillment import orders, tracking
from fulfillment.models import LineStatus, Order, OrderLine, Urgency
from patients.models import AuditEvent, Patient
from tests.factories import DeviceFactory, KitFactory, OrderFactory, OrderLineFactory, PatientFactory, VendorCallFactory

HOME = ShipTo(name="Rosa Delgado", address="12 Alder Street", city="Concord", state="NH", zip_code="03301")


@pytest.fixture
def as_cora(cora, client_of):
    return client_of(cora)


@pytest.fixture
def client_of():
    from django.test import Client

    def signed_in(user):
        browser = Client()
        browser.force_login(user)
        return browser

    return signed_in


@pytest.fixture
def order(rosa, kit, cora):
    return orders.place(patient=rosa, kit=kit, ship_to=HOME, by=cora, submission_id=uuid.uuid4())


def new_url(patient, **query):
    return reverse("orders:new", query={"patient": patient.pk, **query})


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


# --- the form -----------------------------------------------------------------------------------------------------


def filled(form_page, kit, **changes):
    form = form_page.context["form"]
    typed = {name: form[name].value() for name in form.address_fields} | {
        "submission_id": str(form["submission_id"].value()),
        "kit": str(kit.pk),
        "gateway": form.fields["gateway"].initial,
        "override_reason": "",
    }
    return typed | changes


def test_the_form_shows_kits_with_contents_and_the_patients_address(as_cora, rosa, kit):
    page = text_of(as_cora.get(new_url(rosa)))

    assert "Heart failure kit" in page
    assert "Tenovi BPM - L, Tenovi Scale" in page
    assert 'value="12 Alder Street"' in page


def test_only_the_kits_of_the_patients_clinic_can_be_chosen(as_cora, rosa, kit, harbor):
    foreign = KitFactory(clinic=harbor, name="Elsewhere kit")

    page = as_cora.get(new_url(rosa))
    answer = as_cora.post(new_url(rosa), filled(page, foreign))

    assert "Elsewhere kit" not in page.content.decode()
    assert "kit" in answer.context["form"].errors
    assert not Order.objects.exists()


def test_placing_an_order_leads_to_its_page(as_cora, rosa, kit, cora):
    page = as_cora.get(new_url(rosa))

    answer = as_cora.post(new_url(rosa), filled(page, kit, require_signature="on"))

    order = Order.objects.get()
    assert answer["Location"] == reverse("orders:page", args=[order.pk])
    assert (order.placed_by, order.require_signature, order.ship_city) == (cora, True, "Concord")


def test_a_double_click_is_one_order(as_cora, rosa, kit):
    typed = filled(as_cora.get(new_url(rosa)), kit)

    first, second = (as_cora.post(new_url(rosa), typed) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [("zip_code", "0330"), ("zip_code", "٠٣٣٠١"), ("state", "ZZ"), ("street", ""), ("name", "Rosa\u202e")],
)
def test_a_wrong_field_is_told_beside_it_and_what_was_typed_stays(as_cora, rosa, kit, field, typed):
    page = as_cora.get(new_url(rosa))

    answer = as_cora.post(new_url(rosa), filled(page, kit, city="Dover", **{field: typed}))

    assert field in answer.context["form"].errors
    assert 'value="Dover"' in answer.content.decode()
    assert not Order.objects.exists()


def test_what_is_on_its_way_is_warned_of_and_needs_a_reason(as_cora, rosa, kit, order):
    page = as_cora.get(new_url(rosa))
    assert "On the way already" in page.content.decode()

    refused = as_cora.post(new_url(rosa), filled(page, kit))
    taken = as_cora.post(new_url(rosa), filled(page, kit, override_reason="Lost in the post"))

    assert "Tenovi Scale (Waiting to be sent)" in str(refused.context["form"].errors["override_reason"])
    assert taken.status_code == 302
    assert Order.objects.count() == 2


def test_the_patients_gateway_is_joined_unless_a_new_one_is_asked_for(as_cora, rosa, kit):
    DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", sensor_code="15")
    page = as_cora.get(new_url(rosa))
    assert "A1B2-C3D4-E5F6" in page.content.decode()

    as_cora.post(new_url(rosa), filled(page, kit))
    assert Order.objects.get().gateway_id == "A1B2C3D4E5F6"


def test_a_new_gateway_can_be_asked_for(as_cora, rosa, kit):
    DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", sensor_code="15")

    as_cora.post(new_url(rosa), filled(as_cora.get(new_url(rosa)), kit, gateway="new"))

    assert Order.objects.get().gateway_id == ""


def test_a_discharged_patient_gets_no_order(as_cora, rosa, kit):
    page = as_cora.get(new_url(rosa))
    Patient.objects.visible_to(AuditEventUser(as_cora)).update(discharged_at=timezone.now())

    answer = as_cora.post(new_url(rosa), filled(page, kit))

    assert "discharged" in str(answer.context["form"].non_field_errors())


def AuditEventUser(browser):  # noqa: N802
    from patients.models import User

    return User.objects.get(pk=browser.session["_auth_user_id"])


def test_an_activation_normalises_what_was_typed(as_cora, rosa, scale):
    page = as_cora.get(new_url(rosa, how="activate"))
    typed = {
        "device_type": scale.pk,
        "gateway_id": "a1b2-c3d4-e5f6",
        "sensor_id": "",
        "override_reason": "",
        "submission_id": str(page.context["form"]["submission_id"].value()),
    }

    as_cora.post(new_url(rosa, how="activate"), typed)

    assert VendorCall.objects.get().payload["gateway"] == "A1B2C3D4E5F6"


def test_a_mistyped_gateway_id_is_told_beside_the_field(as_cora, rosa, scale):
    typed = {"device_type": scale.pk, "gateway_id": "A1B2-C3D4", "submission_id": str(uuid.uuid4())}

    answer = as_cora.post(new_url(rosa, how="activate"), typed)

    assert "12 characters" in str(answer.context["form"].errors["gateway_id"])


def test_without_a_patient_there_is_no_form(as_cora):
    assert as_cora.get(reverse("orders:new")).url == reverse("patients:list")
    assert as_cora.get(reverse("orders:new", query={"patient": "nobody"})).status_code == 404


def test_opening_the_form_is_audited(as_cora, rosa, kit):
    as_cora.get(new_url(rosa))

    assert AuditEvent.objects.filter(action="view", patient_ids=[rosa.pk]).count() == 1


# --- the order's page ---------------------------------------------------------------------------------------------


def page_url(order):
    return reverse("orders:page", args=[order.pk])


def test_each_device_says_where_it_stands_and_what_to_do(as_cora, order, client):
    calls.drain(client)
    tracking.catch_up()

    page = text_of(as_cora.get(page_url(order)))

    assert "Requested" in page
    assert "The vendor has accepted it and will ship it." in page
    assert "America/New_York" in page
    assert "Cancel this device" in page


def test_a_refusal_stands_in_the_vendors_words_with_a_way_out(as_cora, order, client, sim):
    body = {"device": {"fulfillment_request": {"shipping_zip_code": ["No such ZIP code."]}}}
    sim.faults.add("status", status=400, body=body, match={"method": "POST"}, times=None)
    calls.drain(client)
    tracking.catch_up()

    page = text_of(as_cora.get(page_url(order)))
    line = order.lines.first()
    form = text_of(as_cora.get(reverse("orders:correct", args=[line.pk])))

    assert "ZIP code: No such ZIP code." in page
    assert "Correct it" in page
    assert "Tenovi: No such ZIP code." in form


def test_correcting_one_refused_device_corrects_the_others_too(as_cora, order, client, sim):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=2)
    calls.drain(client)
    tracking.catch_up()
    url = reverse("orders:correct", args=[order.lines.first().pk])
    form = as_cora.get(url).context["form"]
    typed = {name: form[name].value() for name in form.fields} | {"zip_code": "03302", "all_refused": "on"}

    as_cora.post(url, typed)
    calls.drain(client)
    tracking.catch_up()

    assert order.lines.filter(status="requested").count() == 2
    assert Order.objects.get().status == LineStatus.REQUESTED


def test_a_clinician_sees_the_order_and_no_buttons(client_of, nadia, order):
    page = client_of(nadia).get(page_url(order)).content.decode()

    assert "Heart failure kit" in page
    assert "Cancel this device" not in page


def test_a_stranger_finds_nothing(client_of, olaf, order):
    answer = client_of(olaf).get(page_url(order))

    assert answer.status_code == 404
    assert b"Delgado" not in answer.content


@pytest.mark.parametrize("name", ["cancel", "close", "correct"])
def test_only_coordinators_change_lines(client_of, nadia, order, name):
    answer = client_of(nadia).post(reverse(f"orders:{name}", args=[order.lines.first().pk]))

    assert answer.status_code == 403


def test_a_foreign_coordinator_can_not_touch_a_line(client_of, harbor, order):
    from patients.models import Role
    from tests.factories import UserFactory

    browser = client_of(UserFactory(role=Role.COORDINATOR, clinics=[harbor]))

    for name in ("cancel", "close", "correct"):
        assert browser.post(reverse(f"orders:{name}", args=[order.lines.first().pk])).status_code == 404
    assert set(order.lines.values_list("call__state", flat=True)) == {"intent"}


def test_cancelling_from_the_page(as_cora, order):
    line = order.lines.first()

    answer = as_cora.post(reverse("orders:cancel", args=[line.pk]), follow=True)

    assert "Cancelled before it was sent." in answer.content.decode()
    line.call.refresh_from_db()
    assert line.call.state == "cancelled"


def test_closing_needs_a_reason(as_cora, order, client, sim):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=None)
    calls.drain(client)
    tracking.catch_up()
    url = reverse("orders:close", args=[order.lines.first().pk])

    assert "reason" in as_cora.post(url, {"reason": " "}).context["form"].errors
    as_cora.post(url, {"reason": "Moved abroad"})
    assert OrderLine.objects.filter(closed_by__isnull=False).count() == 1


def test_the_live_fragment_comes_only_with_news(as_cora, order):
    page = as_cora.get(page_url(order)).content.decode()
    version = re.search(r'data-live-version="(\d+)"', page)[1]
    url = reverse("orders:live", args=[order.pk])
    before = AuditEvent.objects.count()

    silent = as_cora.get(url, {"v": version})
    assert (silent.status_code, AuditEvent.objects.count()) == (204, before)

    Patient.objects.bump([order.patient_id])
    assert b'id="order"' in as_cora.get(url, {"v": version}).content
    assert AuditEvent.objects.count() == before + 1


def test_what_the_vendor_says_is_never_markup(as_cora, order, client):
    calls.drain(client)
    order.lines.first().call.device.__class__.objects.update(
        tracking_link="javascript:alert(1)", invalid_address="<img src=x onerror=alert(1)>", hinted_status="<b>Shipped"
    )

    page = as_cora.get(page_url(order)).content.decode()

    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "&lt;img" in page


def test_the_page_asks_as_many_queries_for_many_devices_as_for_few(
    as_cora, order, elm, rosa, cora, scale, cuff, client, django_assert_num_queries
):
    large = orders.place(
        patient=PatientFactory(clinic=elm),
        kit=KitFactory(clinic=elm, items=[(scale, 4), (cuff, 4)]),
        ship_to=HOME,
        by=cora,
        submission_id=uuid.uuid4(),
    )
    calls.drain(client)
    tracking.catch_up()
    as_cora.get(page_url(order))

    assert queries(as_cora, page_url(order)) == queries(as_cora, page_url(large))


def queries(browser, url):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)


# --- the list -----------------------------------------------------------------------------------------------------


@pytest.fixture
def many(elm, cora):
    def made(status, count=1, **fields):
        for _ in range(count):
            order = OrderFactory(patient=PatientFactory(clinic=elm), placed_by=cora, lines=0)
            call = VendorCallFactory(patient=order.patient, state="confirmed")
            OrderLineFactory(order=order, status=status, call=call, **fields)
        return order

    return made


def test_what_is_stuck_comes_first_then_what_waits_longest(as_cora, many):
    finished = many("connected", closed_at=timezone.now())
    older, newer = many("requested"), many("shipped")
    stuck = many("action_required")

    rows = as_cora.get(reverse("orders:list")).context["rows"]

    assert [row.order for row in rows] == [stuck, older, newer, finished]


@pytest.mark.parametrize(("show", "count"), [("", 3), ("stuck", 1), ("open", 1), ("finished", 1), ("nonsense", 3)])
def test_the_chips_filter(as_cora, many, show, count):
    many("on_hold")
    many("delivered")
    many("unlinked", closed_at=timezone.now())

    page = as_cora.get(reverse("orders:list"), {"show": show} if show else {})

    assert len(page.context["rows"]) == count
    assert [chip.count for chip in page.context["chips"]] == [3, 1, 1, 1]


def test_the_database_and_the_model_agree_on_what_is_stuck(many, as_cora):
    for status in LineStatus:
        many(status)

    for order in Order.objects.with_urgency().with_lines():
        assert (order.urgency == Urgency.STUCK) == order.stuck, order.status


def test_the_list_shows_own_clinics_only_and_is_audited(client_of, nadia, olaf, many):
    order = many("requested")

    assert b"Delgado" in client_of(nadia).get(reverse("orders:list")).content
    assert b"Delgado" not in client_of(olaf).get(reverse("orders:list")).content
    assert AuditEvent.objects.get(action="list", actor_id=nadia.pk).patient_ids == [order.patient_id]


def test_the_list_asks_as_many_queries_for_forty_orders_as_for_two(as_cora, many):
    many("requested", 2)
    few = queries(as_cora, reverse("orders:list"))
    many("shipped", 38)

    assert queries(as_cora, reverse("orders:list")) == few


def test_the_list_refreshes_only_with_news(as_cora, many):
    order = many("requested")
    url = reverse("orders:list_live")
    version = as_cora.get(reverse("orders:list")).context["version"]
    before = AuditEvent.objects.count()

    assert as_cora.get(url, {"v": version}).status_code == 204
    assert AuditEvent.objects.count() == before
    Patient.objects.bump([order.patient_id])
    assert b'id="order-rows"' in as_cora.get(url, {"v": version}).content


def test_the_empty_list_says_how_to_begin(as_cora):
    assert b"An order starts from a patient" in as_cora.get(reverse("orders:list")).content


# --- the end ------------------------------------------------------------------------------------------------------


def test_the_end_of_monitoring_lists_what_will_happen(as_cora, rosa):
    DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", fulfilled=True)
    DeviceFactory(patient=rosa, state=DeviceState.REQUESTED, gateway=None, name="Tenovi Scale")

    page = text_of(as_cora.get(reverse("orders:end_for_patient", args=[rosa.pk])))

    assert "A1B2-C3D4-E5F6 is unlinked" in page
    assert "Tenovi Scale has not shipped and is cancelled" in page


def test_ending_for_a_patient_unlinks_and_discharges(as_cora, rosa):
    DeviceFactory(patient=rosa, fulfilled=True)

    as_cora.post(reverse("orders:end_for_patient", args=[rosa.pk]), {"reason": "moved", "discharge": "on"})

    rosa.refresh_from_db()
    assert VendorCall.objects.get().kind == "unlink"
    assert rosa.discharged_at is not None


def test_ending_for_one_device_leaves_the_others(as_cora, rosa):
    device, other = DeviceFactory(patient=rosa, fulfilled=True), DeviceFactory(patient=rosa, fulfilled=True)

    as_cora.post(reverse("orders:end_for_device", args=[rosa.pk, device.hwi_id]), {"reason": "Broken"})

    assert VendorCall.objects.get().device == device
    assert other.vendor_calls.count() == 0


def test_a_device_of_somebody_else_can_not_be_ended_through_ones_own_patient(as_cora, rosa, harbor):
    foreign = DeviceFactory(patient=PatientFactory(clinic=harbor))

    answer = as_cora.post(reverse("orders:end_for_device", args=[rosa.pk, foreign.hwi_id]), {"reason": "Broken"})

    assert answer.status_code == 404
    assert not VendorCall.objects.exists()


def test_a_refused_cancellation_stands_in_the_vendors_words(as_cora, order, client, sim):
    calls.drain(client)
    tracking.catch_up()
    line = order.lines.select_related("call__device").first()
    sim.ship(str(line.call.device.hwi_id))
    as_cora.post(reverse("orders:cancel", args=[line.pk]))

    calls.drain(client)
    page = text_of(as_cora.get(page_url(order)))

    assert "Cancel before it ships: refused by the vendor" in page
    assert "Unlink it instead" in page
