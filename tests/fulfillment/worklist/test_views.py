"""Pages of exceptions: the list with its filters and counts, one exception, and what people do with it."""

import datetime as dt
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from fulfillment.worklist.models import WorklistEvent, WorklistItem
from patients.models import AuditEvent
from tests.factories import DeviceFactory, PatientFactory, WorklistItemFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(rosa):
    return WorklistItemFactory(device__patient=rosa, device__last_seen_at=timezone.now() - dt.timedelta(days=3))


def page_of(client, query=""):
    answer = client.get(f"/exceptions/{query}")
    assert answer.status_code == 200
    return answer


def shown(client, query=""):
    return [row.item for row in page_of(client, query).context["rows"]]


def post(client, item, act, **fields):
    item.refresh_from_db()
    data = {"live_version": item.live_version} | fields
    answer = client.post(f"/exceptions/{item.pk}/{act}/", data)
    item.refresh_from_db()
    return answer


def test_home_of_coordinator_is_the_list_of_exceptions(as_cora, as_nadia):
    assert as_cora.get("/").url == "/exceptions/"
    assert as_nadia.get("/").url == "/triage/"


def test_list_shows_why_what_to_do_next_step_and_phone_and_is_audited(as_cora, rosa, item):
    page = page_of(as_cora).content.decode()

    assert "Connected, but silent" in page
    assert "It has sent nothing for more than two days." in page
    assert f'href="/devices/{item.device.hwi_id}/"' in page
    assert "tel:" in page
    assert AuditEvent.objects.filter(action="list", patient_ids=[rosa.pk]).exists()


def test_clinician_sees_exceptions_and_changes_none(as_nadia, item):
    page = page_of(as_nadia).content.decode()

    assert "Connected, but silent" in page
    assert "Assign to me" not in page
    for act in ("take", "assign", "snooze", "dismiss", "wake", "restore"):
        assert post(as_nadia, item, act).status_code == 403


def test_exceptions_of_another_clinic_are_not_found(as_cora, harbor):
    foreign = WorklistItemFactory(device__patient=PatientFactory(clinic=harbor))

    assert shown(as_cora) == []
    assert as_cora.get(f"/exceptions/{foreign.pk}/").status_code == 404
    assert post(as_cora, foreign, "take").status_code == 404


def test_exception_of_no_clinic_is_shown_to_every_coordinator(as_cora):
    WorklistItemFactory(kind="unknown_device", subject="hwi:1", device=None, patient=None, clinic=None, name="x")

    page = page_of(as_cora).content.decode()

    assert "The vendor's account" in page
    assert "Attach it" not in page  # a page of the administration


def test_take_exception_assigns_it_with_history_and_audit(as_cora, cora, item):
    answer = post(as_cora, item, "take")

    assert (answer.status_code, item.owner) == (302, cora)
    assert list(item.events.values_list("kind", "by", "text")) == [("assigned", cora.pk, cora.name)]
    audit = AuditEvent.objects.get(action="exception")
    assert (audit.patient_ids, audit.target) == ([item.patient_id], f"exception:{item.pk}")
    assert shown(as_cora, "?owner=me") == [item]
    assert shown(as_cora, "?owner=nobody") == []


def test_act_on_exception_that_has_changed_meanwhile_is_refused(as_cora, item):
    answer = post(as_cora, item, "take", live_version=item.live_version - 1)
    assert answer.url == f"/exceptions/{item.pk}/"
    assert item.owner is None

    WorklistItem.objects.update(closed_at=timezone.now(), solution="It has sent something again.")
    page = as_cora.post(f"/exceptions/{item.pk}/take/", {"live_version": item.live_version}, follow=True)
    assert "solved meanwhile" in page.content.decode()


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40, "\u0663"])
def test_take_exception_without_a_usable_version_changes_nothing(as_cora, item, version):
    assert post(as_cora, item, "take", live_version=version).status_code == 302
    assert item.owner is None


def test_assign_exception_accepts_colleagues_and_no_owner_and_refuses_others(as_cora, cora, olaf, nadia, item):
    for outsider in (olaf, nadia):
        page = post(as_cora, item, "assign", owner=outsider.pk)
        assert page.context["owner_form"].errors["owner"]
    assert post(as_cora, item, "assign", owner=cora.pk).status_code == 302
    assert item.owner == cora
    post(as_cora, item, "assign", owner="")
    assert item.owner is None


def test_snooze_hides_exception_until_the_morning_of_its_day(as_cora, item, time_machine):
    day = timezone.localdate(timezone=item.clinic.zone) + dt.timedelta(days=2)
    before = page_of(as_cora).context["version"]
    post(as_cora, item, "snooze", until=day.isoformat(), note="New battery is on its way")

    assert shown(as_cora) == []
    assert shown(as_cora, "?show=snoozed") == [item]
    assert "New battery is on its way" in page_of(as_cora, "?show=snoozed").content.decode()
    assert page_of(as_cora).context["version"] != before
    assert item.snoozed_until == dt.datetime.combine(day, dt.time(7), tzinfo=item.clinic.zone)


def test_snooze_ends_by_itself_and_open_pages_reload(item, cora):
    later = timezone.now() + dt.timedelta(milliseconds=1)
    WorklistItem.objects.update(snoozed_until=timezone.now() + dt.timedelta(days=1), snooze_note="x")
    asleep = WorklistItem.objects.all().combined_live_version()
    assert not WorklistItem.objects.awake().exists()

    WorklistItem.objects.update(snoozed_until=later - dt.timedelta(days=1))

    assert WorklistItem.objects.awake().exists()
    assert WorklistItem.objects.all().combined_live_version() != asleep


@pytest.mark.parametrize(
    ("days", "note", "field"),
    [(0, "why", "until"), (-3, "why", "until"), (400, "why", "until"), (2, "", "note"), (2, "\u200b", "note")],
)
def test_snooze_into_the_past_or_without_note_is_refused_with_what_was_typed(as_cora, item, days, note, field):
    day = timezone.localdate(timezone=item.clinic.zone) + dt.timedelta(days=days)

    page = post(as_cora, item, "snooze", until=day.isoformat(), note=note)

    assert page.status_code == 200
    assert list(page.context["snooze_form"].errors) == [field]
    assert day.isoformat() in page.content.decode()
    assert item.snoozed_until is None


def test_wake_ends_a_snooze(as_cora, item):
    WorklistItem.objects.update(snoozed_until=timezone.now() + dt.timedelta(days=9), snooze_note="x")

    post(as_cora, item, "wake")

    assert item.snoozed_until is None
    assert shown(as_cora) == [item]


def test_dismissal_needs_a_reason_and_can_be_taken_back(as_cora, item):
    refused = post(as_cora, item, "dismiss", reason="")
    assert refused.context["dismissal_form"].errors["reason"] == ["Reason is missing."]

    post(as_cora, item, "dismiss", reason="On holiday without the cuff")
    assert shown(as_cora) == []
    assert shown(as_cora, "?show=dismissed") == [item]

    post(as_cora, item, "restore")
    assert shown(as_cora) == [item]
    assert list(item.events.values_list("kind", flat=True)) == ["dismissed", "restored"]


def test_page_of_exception_shows_history_and_solution(as_cora, item):
    WorklistItem.objects.update(closed_at=timezone.now(), solution="It has sent something again.")
    WorklistEvent.objects.create(item=item, kind="solved", text="It has sent something again.")

    page = as_cora.get(f"/exceptions/{item.pk}/").content.decode()

    assert page.count("It has sent something again.") == 2
    assert "Dismiss" not in page
    assert shown(as_cora, "?show=solved") == [item]


def test_kind_filter_counts_and_narrows(as_cora, rosa, item):
    weak = WorklistItemFactory(device__patient=rosa, kind="low_battery", facts={"percent": 9})

    assert shown(as_cora) == [item, weak]  # the more urgent first
    assert shown(as_cora, "?kind=low_battery") == [weak]
    kinds = next(row for row in page_of(as_cora).context["filter_rows"] if row.title == "Kind")
    assert {option.value: option.count for option in kinds.options if option.count} == {
        "": 2,
        "silent_device": 1,
        "low_battery": 1,
    }


def test_navigation_counts_open_exceptions(as_cora, item):
    assert '<span class="num">1</span>' in as_cora.get("/orders/").content.decode()


def test_live_list_is_204_until_something_changes(as_cora, item):
    version = page_of(as_cora).context["version"]
    assert as_cora.get(f"/exceptions/live/?v={version}").status_code == 204

    post(as_cora, item, "take")

    assert as_cora.get(f"/exceptions/live/?v={version}").status_code == 200


def test_list_takes_the_same_queries_for_one_and_for_many(as_cora, elm, item, django_assert_max_num_queries):
    page_of(as_cora)
    with django_assert_max_num_queries(40) as few:
        page_of(as_cora)
    for _ in range(8):
        WorklistItemFactory(device__patient=PatientFactory(clinic=elm))
    with django_assert_max_num_queries(40) as many:
        page_of(as_cora)

    assert len(many) == len(few)


def test_shortcuts_are_switched_off_per_person(as_cora, item):
    assert "exceptions.js" in page_of(as_cora).content.decode()

    as_cora.post("/exceptions/shortcuts/")
    assert "exceptions.js" not in page_of(as_cora).content.decode()

    as_cora.post("/exceptions/shortcuts/", {"on": "1"})
    assert "exceptions.js" in page_of(as_cora).content.decode()


def test_exceptions_command_lists_open_exceptions_of_a_clinic_as_json(elm, rosa, cora, harbor, capsys):
    device = DeviceFactory(patient=rosa, last_seen_at=timezone.now() - dt.timedelta(days=5))
    DeviceFactory(patient=PatientFactory(clinic=harbor), last_seen_at=timezone.now() - dt.timedelta(days=5))

    call_command("exceptions", clinic=elm.slug, format="json")

    (row,) = json.loads(capsys.readouterr().out)
    assert (row["kind"], row["patient"], row["device"]) == ("silent_device", rosa.external_id, str(device.hwi_id))
    assert (row["owner"], row["snoozed_until"]) == (None, None)
    assert 5 * 86400 <= row["age"] < 5 * 86400 + 600
    assert AuditEvent.objects.get(action="export").patient_ids == [rosa.pk]


def test_exceptions_command_names_owner_and_snooze(elm, rosa, cora, item, capsys):
    until = timezone.now().replace(microsecond=0) + dt.timedelta(days=1)
    call_command("exceptions", clinic=elm.slug)
    capsys.readouterr()
    WorklistItem.objects.update(owner=cora, snoozed_until=until, snooze_note="x")

    call_command("exceptions", clinic=elm.slug)

    (row,) = json.loads(capsys.readouterr().out)
    assert (row["owner"], row["snoozed_until"]) == (cora.email, until.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_exceptions_command_refuses_an_unknown_clinic(db):
    with pytest.raises(CommandError, match="no clinic"):
        call_command("exceptions", clinic="nowhere")
