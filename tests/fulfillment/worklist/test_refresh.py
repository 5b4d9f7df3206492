"""Refresh of the worklist: exceptions are opened, updated, returned and closed by what the sources find."""

import contextlib

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from devices.models import Device
from fulfillment.worklist import kinds, refresh, tasks
from fulfillment.worklist.models import WorklistEvent, WorklistItem
from patients.queueing import periodic_jobs
from patients.queueing.models import PeriodicJob
from tests.factories import DeviceFactory, PatientFactory, WorklistItemFactory
from tests.fulfillment.worklist.stuck_rows import ago, line_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def weak(rosa):
    return DeviceFactory(patient=rosa, last_seen_at=timezone.now(), battery_percent=15)


def history(item):
    return list(item.events.values_list("kind", flat=True))


def dismiss(item, by):
    WorklistItem.objects.filter(pk=item.pk).update(
        dismissed_at=timezone.now(), dismissed_by=by, dismissal_reason="Battery ordered"
    )


def test_refresh_opens_an_exception_once(weak):
    first, second = refresh.refresh_worklist(), refresh.refresh_worklist()

    item = WorklistItem.objects.get()
    assert (first.opened, second.opened, bool(second)) == (1, 0, False)
    assert (item.kind, item.subject, item.rank) == ("low_battery", f"device:{weak.pk}", kinds.rank_of("low_battery"))
    assert history(item) == ["opened"]


def test_refresh_closes_an_exception_with_its_solution_and_opens_a_new_one_later(weak):
    refresh.refresh_worklist()
    Device.objects.update(battery_percent=90)
    refresh.refresh_worklist()
    Device.objects.update(battery_percent=5)
    refresh.refresh_worklist()

    old, new = WorklistItem.objects.order_by("opened_at")
    assert (old.solution, history(old)) == ("Its battery is at 90 %.", ["opened", "solved"])
    assert old.events.last().text == old.solution
    assert new.is_open


def test_dismissed_exception_returns_when_its_facts_change(weak, cora):
    refresh.refresh_worklist()
    item = WorklistItem.objects.get()
    dismiss(item, cora)

    refresh.refresh_worklist()
    item.refresh_from_db()
    assert not item.is_open

    Device.objects.update(battery_percent=7)
    refresh.refresh_worklist()
    item.refresh_from_db()
    assert item.is_open
    assert (item.dismissal_reason, item.facts) == ("", {"percent": 7})
    assert history(item) == ["opened", "returned"]


def test_dismissed_exception_is_closed_when_its_cause_is_over(weak, cora):
    refresh.refresh_worklist()
    item = WorklistItem.objects.get()
    dismiss(item, cora)
    Device.objects.update(battery_percent=90)

    refresh.refresh_worklist()

    item.refresh_from_db()
    assert item.closed_at
    assert item.dismissal_reason == "Battery ordered"


def test_owner_goes_on_with_a_cause_that_changes_its_kind(rosa, cora):
    line = line_in("on_hold", rosa, since=ago(days=1))
    refresh.refresh_worklist()
    WorklistItem.objects.update(owner=cora)
    type(line).objects.update(status="action_required")

    refresh.refresh_worklist()

    item = WorklistItem.objects.unsolved().get()
    assert (item.kind, item.owner) == ("action_required", cora)


def test_refresh_changes_the_live_version_only_with_a_change(weak):
    refresh.refresh_worklist()
    before = WorklistItem.objects.all().combined_live_version()

    refresh.refresh_worklist()
    assert WorklistItem.objects.all().combined_live_version() == before

    Device.objects.update(battery_percent=8)
    refresh.refresh_worklist()
    assert WorklistItem.objects.all().combined_live_version() != before


def test_refresh_is_left_to_another_process_that_does_it(weak, monkeypatch):
    monkeypatch.setattr(periodic_jobs, "run_exclusively", lambda _name: contextlib.nullcontext(False))

    assert refresh.refresh_worklist() is None
    assert not WorklistItem.objects.exists()


def test_source_that_fails_holds_up_no_other_and_is_recorded(weak, monkeypatch, caplog):
    def find_nothing(_now):
        raise ValueError("broken")

    broken = kinds.WorklistSource(find_nothing, ())
    monkeypatch.setattr(kinds.registry, "sources", [broken, *kinds.registry.sources])

    with pytest.raises(ValueError, match="broken"):
        tasks.refresh_worklist()

    assert WorklistItem.objects.count() == 1
    assert PeriodicJob.objects.get(name="exceptions").problem == "ValueError"


def test_refresh_takes_the_same_queries_for_one_and_for_many(elm, django_assert_max_num_queries, weak):
    refresh.refresh_worklist()
    with django_assert_max_num_queries(200) as quiet:
        refresh.refresh_worklist()
    for number in range(12):
        patient = PatientFactory(clinic=elm, street=f"{number} Oak Street")
        DeviceFactory(patient=patient, last_seen_at=timezone.now(), battery_percent=3)
    refresh.refresh_worklist()
    with django_assert_max_num_queries(200) as later:
        refresh.refresh_worklist()

    assert len(later) == len(quiet) <= 90


def test_exception_of_one_cause_is_in_the_database_once(rosa):
    item = WorklistItemFactory(device__patient=rosa)

    with pytest.raises(IntegrityError), transaction.atomic():
        WorklistItemFactory(device=item.device)


def test_history_of_an_exception_is_append_only(rosa):
    item = WorklistItemFactory(device__patient=rosa)
    WorklistEvent.objects.create(item=item, kind="opened")

    for change in (lambda rows: rows.update(text="other"), lambda rows: rows.delete()):
        with pytest.raises(Exception, match="append_only"), transaction.atomic():
            change(WorklistEvent.objects.all())
