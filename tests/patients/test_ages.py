"""Ages and "today" of a patient, by the patient's own day."""

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from patients.enrollment import admission
from patients.wording import age_label
from tests.factories import PatientFactory

TODAY = dt.date(2026, 11, 30)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))
NAMES = {"given_name": "Ann", "family_name": "Lee"}
# In Honolulu it is November 30, 2:30 AM, in Guam 10:30 PM, on Kiritimati December 1.
EARLY = dt.datetime(2026, 11, 30, 12, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("birth_date", "label"),
    [
        *(((2026, 12, 1), "< 1 wk"), ((2026, 11, 30), "< 1 wk"), ((2026, 11, 24), "< 1 wk"), ((2026, 11, 23), "1 wk")),
        *(
            ((2026, 11, 9), "3 wk"),
            ((2026, 9, 1), "12 wk"),
            ((2026, 8, 31), "13 wk"),
            ((2026, 8, 30), "3 mo"),
            ((2025, 9, 30), "14 mo"),
        ),
        *(((2024, 12, 1), "23 mo"), ((2024, 11, 30), "2 y"), ((2024, 2, 29), "2 y"), ((1951, 12, 1), "74 y")),
    ],
)
def test_age_label_is_in_weeks_months_or_years(birth_date, label):
    assert age_label(dt.date(*birth_date), TODAY) == label


@settings(max_examples=60)
@given(birth_date=DAYS, today=DAYS)
def test_age_label_is_never_negative_or_zero_and_never_gets_smaller(birth_date, today):
    def weeks(label):
        number, unit = label.removeprefix("< ").split()
        return int(number) * {"wk": 1, "mo": 4.3, "y": 52}[unit]

    label = age_label(birth_date, today)

    assert weeks(label) > 0
    assert label == "< 1 wk" or today > birth_date
    assert weeks(age_label(birth_date, today + dt.timedelta(days=1))) >= weeks(label)


@time_machine.travel(EARLY, tick=False)
@pytest.mark.parametrize(
    ("zone", "day", "accepted"),
    [
        *(("Pacific/Honolulu", 30, True), ("Pacific/Honolulu", 1, False), ("Pacific/Guam", 1, False)),
        *(("Pacific/Kiritimati", 1, True), ("Pacific/Kiritimati", 2, False)),
    ],
)
def test_birth_date_may_be_the_patients_own_today_and_no_later_day(cora, elm, zone, day, accepted):
    born = dt.date(2026, 11 if day == 30 else 12, day)
    fields = NAMES | {"birth_date": born, "time_zone": zone}

    if accepted:
        assert admission.enroll_patient(by=cora, clinic=elm, **fields).age_label == "< 1 wk"
        return
    with pytest.raises(ValidationError) as refused:
        admission.enroll_patient(by=cora, clinic=elm, **fields)
    assert refused.value.message_dict == {"birth_date": ["This date is in the future. Please check the year."]}


@time_machine.travel(EARLY, tick=False)
@pytest.mark.parametrize("asked", ["11/30/26", "11/30/2026", "2026-11-30"])
def test_search_finds_a_child_born_today_by_the_childs_own_day(as_nadia, elm, asked):
    born = PatientFactory(clinic=elm, birth_date=dt.date(2026, 11, 30), time_zone="Pacific/Honolulu")

    response = as_nadia.post("/patients/", {"q": asked}, follow=True)

    assert [row.patient for row in response.context["rows"]] == [born]


@time_machine.travel(EARLY, tick=False)
def test_pages_show_the_age_of_an_infant_in_weeks(as_nadia, elm):
    infant = PatientFactory(clinic=elm, birth_date=dt.date(2026, 11, 1), time_zone="Pacific/Honolulu", mrn="")

    for page in ("/patients/", *(f"/patients/{infant.pk}/{part}" for part in ("", "print/", "preview/"))):
        shown = as_nadia.get(page).content.decode()
        assert "4 wk" in shown, page
        assert "0 y" not in shown, page
