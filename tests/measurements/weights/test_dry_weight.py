"""Dry weight: set by a clinician with a date, with history and audit, in the unit of the user."""

from decimal import Decimal

import pytest

from measurements import units
from measurements.models import DryWeight
from measurements.units import DisplayUnits
from patients.models import AuditEvent
from tests.factories import DryWeightFactory
from tests.form_fields import FormFieldParser
from tests.page_texts import page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_noon")]


def post_dry_weight(client, patient, weight, *, seen=0, determined_on="2026-11-20", code=""):
    sent = {"weight": weight, "determined_on": determined_on, "seen": seen, "units": code}
    data = {f"dry-{name}": value for name, value in sent.items()}
    return client.post(f"/patients/{patient.pk}/dry-weight/", data, follow=True)


def test_dry_weight_is_stored_with_date_user_audit_and_live_version(as_nadia, nadia, rosa):
    shown = page_text(post_dry_weight(as_nadia, rosa, "168.5"))

    row = DryWeight.objects.get()
    assert (row.weight, str(row.determined_on), row.by) == (Decimal("168.50"), "2026-11-20", nadia)
    assert "168.5 lb Nov 20, 2026 Nadia Haddad" in shown
    event = AuditEvent.objects.get(action="thresholds")
    assert (event.patient_ids, event.details) == ([rosa.pk], {"goals": ["dry weight"]})
    before = rosa.live_version
    rosa.refresh_from_db()
    assert rosa.live_version > before
    assert "Dry weight 168.5 lb, Nov 20, 2026, Nadia Haddad" in page_text(as_nadia.get(f"/patients/{rosa.pk}/"))


def test_dry_weight_history_stays_when_it_is_changed_and_removed(as_nadia, rosa):
    post_dry_weight(as_nadia, rosa, "168.5")
    post_dry_weight(as_nadia, rosa, "167", seen=DryWeight.objects.first().pk)
    shown = page_text(post_dry_weight(as_nadia, rosa, "", seen=DryWeight.objects.first().pk))

    assert [row.weight for row in DryWeight.objects.all()] == [None, 167, Decimal("168.50")]
    assert "removed" in shown
    assert "Dry weight 16" not in page_text(as_nadia.get(f"/patients/{rosa.pk}/"))


def test_dry_weight_form_shows_and_takes_the_unit_of_the_user(as_nadia, nadia, rosa):
    units.save_units_preference(units=DisplayUnits(frozenset({"kg"})), by=nadia)
    row = DryWeightFactory(patient=rosa, weight="165.30", by=nadia)
    html = as_nadia.get(f"/patients/{rosa.pk}/goals/").content.decode()
    form = FormFieldParser(html[html.index('id="dry-weight"') :]).data
    assert (form["dry-weight"], form["dry-units"]) == (["75"], ["kg"])

    post_dry_weight(as_nadia, rosa, "75", seen=row.pk, code="kg")
    assert DryWeight.objects.first().weight == Decimal("165.30"), "as stored, and 75.0 kg"
    post_dry_weight(as_nadia, rosa, "80", seen=DryWeight.objects.first().pk, code="kg")
    assert DryWeight.objects.first().weight == Decimal("176.37")


def test_dry_weight_changed_meanwhile_is_refused(as_nadia, rosa, cora):
    DryWeightFactory(patient=rosa, by=cora)

    shown = page_text(post_dry_weight(as_nadia, rosa, "180"))

    assert "Cora Lindqvist has changed the dry weight meanwhile" in shown
    assert DryWeight.objects.count() == 1


@pytest.mark.parametrize(
    ("weight", "determined_on", "words"),
    [
        ("0", "2026-11-20", "Between 2 and 1000 lb, as a scale measures."),
        ("1e2", "2026-11-20", "Write a number, such as 168.5."),
        ("NaN", "2026-11-20", "Write a number, such as 168.5."),
        ("170", "2026-11-22", "A day from 2015 to today."),
        ("170", "", "This field is required."),
    ],
)
def test_dry_weight_form_shows_errors_and_stores_nothing(as_nadia, rosa, weight, determined_on, words):
    assert words in page_text(post_dry_weight(as_nadia, rosa, weight, determined_on=determined_on))
    assert not DryWeight.objects.exists()


def test_dry_weight_is_refused_for_coordinator_and_other_clinic(client, cora, olaf, rosa):
    client.force_login(cora)
    assert post_dry_weight(client, rosa, "170").status_code == 403
    assert "Save the dry weight" not in page_text(client.get(f"/patients/{rosa.pk}/goals/"))
    client.force_login(olaf)
    assert post_dry_weight(client, rosa, "170").status_code == 404
