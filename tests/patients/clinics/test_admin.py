"""The page of a clinic in the admin: what is refused, what its history says."""

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from patients.models import ClinicChange, ClinicHours, Role
from tests.factories import ClinicChangeFactory, ClinicHoursFactory, UserFactory
from tests.page_texts import strip_markup
from tests.patients.admin.admin_form import admin_form_data

pytestmark = pytest.mark.django_db
ADDRESS = {"street": "12 Alder Street", "city": "Concord", "state": "NH", "zip_code": "03301"}


@pytest.fixture
def admin_client(client, ada):
    client.force_login(ada)
    return client


def clinic_url(clinic, page="change"):
    return reverse(f"admin:patients_clinic_{page}", args=[clinic.pk])


def save_clinic(client, clinic, **changes):
    return client.post(clinic_url(clinic), admin_form_data(client, clinic_url(clinic)) | changes)


def hours_row(number, weekday, opens, closes):
    """Fields of one line of working hours; the first empty line has number 0."""
    values = {"weekday": weekday, "opens_at": opens, "closes_at": closes, "id": "", "clinic": ""}
    return {f"hours-{number}-{name}": value for name, value in values.items()}


def form_errors(page):
    return {name: [str(error) for error in errors] for name, errors in page.context["adminform"].form.errors.items()}


def test_administrator_changes_clinic_and_history_says_who_changed_what(admin_client, elm, ada, nadia):
    answer = save_clinic(
        admin_client,
        elm,
        **ADDRESS,
        phone="603 555 0142",
        federal_holidays=["christmas", "thanksgiving"],
        on_call=nadia.pk,
        on_call_phone="(603) 555-0143",
        **hours_row(0, 0, "08:00", "17:30"),
    )

    assert answer.status_code == 302
    elm.refresh_from_db()
    assert (elm.phone, elm.on_call, elm.person_on_call) == ("+16035550142", nadia, nadia)
    assert elm.federal_holidays == ["thanksgiving", "christmas"]
    changes = {change.field: (change.before, change.after) for change in elm.changes.all()}
    assert changes == {
        "phone": ("", "(603) 555-0142"),
        "address": ("", "12 Alder Street, Concord, NH 03301"),
        "person on call": ("", nadia.name),
        "phone of the person on call": ("", "(603) 555-0143"),
        "working hours": ("", "Monday 8:00 AM to 5:30 PM"),
        "US federal holidays": ("", "Thanksgiving Day, Christmas Day"),
    }
    assert {change.by for change in elm.changes.all()} == {ada}
    said = strip_markup(admin_client.get(clinic_url(elm, "history")).content.decode())
    assert "Monday 8:00 AM to 5:30 PM" in said
    assert f"{ada} Phone" in " ".join(said.split())


def test_administrator_switches_on_that_email_addresses_go_to_the_vendor(admin_client, elm):
    assert save_clinic(admin_client, elm, sends_email="on").status_code == 302

    elm.refresh_from_db()
    assert elm.sends_email
    change = elm.changes.get()
    assert (change.field, change.before, change.after) == ("patients' e-mail addresses go to the vendor", "no", "yes")


def test_saving_clinic_unchanged_writes_no_history(admin_client, elm):
    assert save_clinic(admin_client, elm).status_code == 302

    assert not elm.changes.exists()


def test_all_federal_holidays_are_chosen_by_one_box(admin_client, elm):
    save_clinic(admin_client, elm, federal_holidays=["all"])

    elm.refresh_from_db()
    assert len(elm.federal_holidays) == 11


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"street": "12 Alder Street"}, "zip_code", "An address needs this too."),
        ({"phone": "555-0142"}, "phone", "no phone number that can be called"),
        ({**ADDRESS, "zip_code": "123"}, "zip_code", "12345 or 12345-6789"),
        ({"on_call_phone": "(603) 555-0143"}, "on_call", "Whose phone is this?"),
        ({"federal_holidays": ["easter"]}, "federal_holidays", "Select a valid choice"),
        ({"name": "\u200b"}, "name", "invisible"),
    ],
)
def test_clinic_form_names_the_problem_at_the_field_and_retains_what_was_typed(admin_client, elm, typed, field, words):
    page = save_clinic(admin_client, elm, **typed)

    assert page.status_code == 200
    assert words in " ".join(form_errors(page)[field])
    elm.refresh_from_db()
    assert (elm.street, elm.phone, elm.on_call_phone) == ("", "", "")
    typed_name, typed_value = next(iter(typed.items()))
    assert page.context["adminform"].form[typed_name].value() == typed_value


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(0, "17:00", "08:00")], "Closing comes before opening"),
        ([(0, "08:00", "08:00")], "Closing comes before opening"),
        ([(0, "08:00:30", "17:00")], "hours and minutes only"),
        ([(0, "8 o'clock", "17:00")], "Enter a valid time"),
        ([(7, "08:00", "17:00")], "Select a valid choice"),
        ([(0, "08:00", "12:00"), (0, "11:59", "17:00")], "These hours overlap with Monday 8:00 AM to 12:00 PM"),
        ([(0, "22:00", "00:00"), (0, "23:00", "23:30")], "These hours overlap with Monday 10:00 PM to midnight"),
    ],
)
def test_working_hours_that_make_no_sense_are_refused_at_their_line(admin_client, elm, rows, words):
    lines = {name: value for n, row in enumerate(rows) for name, value in hours_row(n, *row).items()}

    page = save_clinic(admin_client, elm, **lines, **{"hours-TOTAL_FORMS": len(rows)})

    assert page.status_code == 200
    assert words in strip_markup(page.content.decode())
    assert not ClinicHours.objects.exists()


def test_working_hours_with_a_break_and_until_midnight_are_saved(admin_client, elm):
    lines = {**hours_row(0, 0, "08:00", "12:00"), **hours_row(1, 0, "12:00", "00:00"), "hours-TOTAL_FORMS": 2}

    assert save_clinic(admin_client, elm, **lines).status_code == 302

    assert [hours.minutes for hours in elm.hours.all()] == [(480, 720), (720, 1440)]


def test_working_hours_are_deleted_by_the_box_of_their_line_and_history_says_so(admin_client, elm):
    ClinicHoursFactory(clinic=elm)

    assert save_clinic(admin_client, elm, **{"hours-0-DELETE": "on"}).status_code == 302

    assert not elm.hours.exists()
    change = elm.changes.get()
    assert (change.before, change.after) == ("Monday 8:00 AM to 5:00 PM", "")


def test_closed_day_is_in_the_list_once(admin_client, elm):
    row = {"closed_days-0-day": "2026-12-24", "closed_days-0-name": "Christmas Eve"}
    assert save_clinic(admin_client, elm, **row).status_code == 302

    row = {"closed_days-1-day": "2026-12-24", "closed_days-1-name": "Again", "closed_days-1-clinic": elm.pk}
    page = save_clinic(admin_client, elm, **row)

    assert "correct the duplicate data for day" in strip_markup(page.content.decode()).lower()
    assert str(elm.closed_days.get()) == "Dec 24, 2026 (Christmas Eve)"


def test_person_on_call_is_an_open_account_of_the_clinic(admin_client, elm, nadia, olaf):
    page = save_clinic(admin_client, elm, on_call=olaf.pk)
    assert "on_call" in form_errors(page)

    elm.on_call, nadia.is_active = nadia, False
    elm.save()
    nadia.save()

    assert elm.person_on_call is None
    assert f"{nadia} no longer works here" in strip_markup(admin_client.get(clinic_url(elm)).content.decode())


def test_warning_about_zip_code_of_another_state_saves_nevertheless(admin_client, elm):
    answer = save_clinic(admin_client, elm, **ADDRESS | {"state": "VT"})

    elm.refresh_from_db()
    assert elm.state == "VT"
    assert "ZIP code doesn't seem" in admin_client.get(answer["location"]).content.decode().replace("&#x27;", "'")


def test_clinic_change_is_never_changed_nor_shown_to_another_clinic(admin_client, client_of, elm, harbor):
    change = ClinicChangeFactory(clinic=elm)
    other = UserFactory(role=Role.ADMINISTRATOR, clinics=[harbor])

    for act in (change.delete, lambda: ClinicChange.objects.update(after="")):
        with pytest.raises(DatabaseError, match="append_only"), transaction.atomic():
            act()
    theirs = client_of(other)
    assert theirs.get(clinic_url(elm, "history")).status_code == 302
    assert change.after not in theirs.get(reverse("admin:patients_clinicchange_changelist")).content.decode()


def test_clinic_is_added_by_the_superuser_with_its_short_name(client_of, db):
    root = UserFactory(role=Role.NONE, is_superuser=True, is_staff=True, clinics=[])
    client, address = client_of(root), reverse("admin:patients_clinic_add")
    form = admin_form_data(client, address)

    page = client.post(address, form | {"name": "Oak Street", "slug": "Oak Street"})
    assert "small letters" in " ".join(form_errors(page)["slug"])
    assert client.post(address, form | {"name": "Oak Street", "slug": "oak"}).status_code == 302


def test_clinic_names_clinicians_who_change_its_alert_rules(admin_client, elm, nadia, cora, olaf):
    save_clinic(admin_client, elm, rule_editors=[nadia.pk])

    assert list(elm.rule_editors.all()) == [nadia]
    change = elm.changes.get()
    assert (change.field, change.after) == ("clinicians who change alert rules", nadia.name)
    for other in (cora, olaf):  # no clinician, and one of another clinic
        page = save_clinic(admin_client, elm, rule_editors=[other.pk])
        assert "Select a valid choice" in " ".join(form_errors(page)["rule_editors"])
