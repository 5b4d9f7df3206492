"""Refusals of a line: what is missing, what blocks it, in which order; payers, years, ACCESS; each worked by hand."""

import pytest

from tests.measurements.billing.cases import PATIENT_CONTACT, bill, days, month_lines, readings, said, session

AFTER = "2026-02-05 12:00"
WINDOW = {"readings": readings(*days("2026-01-05", 16))}  # Jan 5-Feb 3
TIME = {"sessions": [session("2026-01-12 15:00", 20)], "contacts": [{**PATIENT_CONTACT, "at": "2026-01-12T15:00:00Z"}]}
DIAGNOSES = [{"date": "2026-01-01", "practitioner": "doc", "diagnoses": ["I10", "I50.22"]}]


def window(as_of=AFTER, **facts):
    return said(bill(as_of, **{**WINDOW, **facts})["periods"][0])


def setup(as_of=AFTER, **facts):
    return said(bill(as_of, **{**WINDOW, **facts})["setups"][0])


def month(as_of=AFTER, **facts):
    return month_lines(bill(as_of, **{**TIME, **facts}), "2026-01")


@pytest.mark.parametrize(
    ("facts", "status", "because"),
    [
        ({}, "suggested", ""),
        ({"consents": []}, "missing", "consent"),
        ({"orders": []}, "missing", "order"),
        ({"orders": [{"date": "2026-02-03", "diagnoses": ["I10"]}]}, "suggested", ""),  # up to the date of service
        ({"orders": [{"date": "2026-02-04", "diagnoses": ["I10"]}]}, "missing", "order"),
        ({"orders": [{"date": "2026-01-01", "diagnoses": []}]}, "missing", "order"),
        ({"orders": [{"date": "2026-01-01", "diagnoses": ["I10"], "ended": "2026-02-03"}]}, "suggested", ""),
        ({"orders": [{"date": "2026-01-01", "diagnoses": ["I10"], "ended": "2026-02-02"}]}, "missing", "order"),
        (
            {
                "orders": [
                    {"date": "2026-01-01", "diagnoses": ["I10"]},
                    {"date": "2026-01-10", "diagnoses": ["I10"], "ended": "2026-01-20"},
                ]
            },
            "missing",
            "order",  # the newer one replaced the older one, and ended
        ),
        ({"prior_visit": None}, "missing", "relationship"),
        ({"prior_visit": {"date": "2026-01-04", "kind": "office"}}, "suggested", ""),
        ({"prior_visit": {"date": "2026-01-05", "kind": "office"}}, "missing", "relationship"),
        ({"no_other_practice": False}, "blocked", "other_practice"),
        ({"no_other_practice": None}, "suggested", ""),  # a caution only
        ({"access": {"from": "2026-02-03", "track": "eCKM"}}, "blocked", "access"),
        ({"access": {"from": "2026-02-04"}}, "suggested", ""),
        ({"access": {"from": "2025-01-01", "until": "2026-01-05"}}, "blocked", "access"),
        ({"access": {"from": "2025-01-01", "until": "2026-01-04"}}, "suggested", ""),
        ({"access": {"from": "2026-01-01", "override": {"reason": "other condition", "by": "doc"}}}, "suggested", ""),
        ({"access": {"from": "2026-01-01", "override": {"reason": " "}}}, "blocked", "access"),
        (
            {"access": {"from": "2026-01-01", "override": {"reason": "x", "at": "2026-02-05T12:00:01Z"}}},
            "blocked",
            "access",
        ),
        ({"access": {"from": "2026-01-01", "override": {"reason": "x", "window": "2026-02-04"}}}, "blocked", "access"),
        ({"apcm": [{"from": "2026-01-01"}]}, "suggested", ""),  # does not touch RPM lines
        ({"settings": {"confirmed_years": [2025]}}, "blocked", "rules_not_confirmed"),
        ({"programmes": []}, "blocked", "programme"),
        ({"consents": [], "orders": [], "prior_visit": None}, "missing", "consent order relationship"),
        (
            {"orders": [], "no_other_practice": False, "settings": {"confirmed_years": [2025]}},
            "blocked",
            "rules_not_confirmed order other_practice",
        ),
    ],
)
def test_window_is_refused_in_the_order_of_naming(facts, status, because):
    assert window(**facts) == ("99454", 1, status, because)


@pytest.mark.parametrize(
    ("facts", "status", "because"),
    [
        ({}, "suggested", ""),
        ({"orders": [{"date": "2026-01-31", "diagnoses": ["I10"]}]}, "suggested", ""),
        ({"orders": [{"date": "2026-02-01", "diagnoses": ["I10"]}]}, "missing", "order"),
        ({"prior_visit": {"date": "2026-01-11", "kind": "office"}}, "suggested", ""),  # before the first time
        ({"prior_visit": {"date": "2026-01-12", "kind": "office"}}, "missing", "relationship"),
        ({"access": {"from": "2026-01-31"}}, "blocked", "access"),
        ({"access": {"from": "2026-02-01"}}, "suggested", ""),
        ({"access": {"from": "2026-01-01", "override": {"reason": "x", "month": "2026-01"}}}, "suggested", ""),
        ({"access": {"from": "2026-01-01", "override": {"reason": "x", "code": "99454"}}}, "blocked", "access"),
        ({"programmes": []}, "blocked", "programme"),
        ({"consents": [], "contacts": []}, "missing", "consent live_interaction"),
        ({"no_other_practice": False, "contacts": []}, "blocked", "other_practice live_interaction"),
    ],
)
def test_month_line_is_refused_in_the_order_of_naming(facts, status, because):
    assert month(**facts) == [("99457", 1, status, because)]


def test_late_orders_are_refused_by_setting():
    orders = [{"date": "2026-01-06", "diagnoses": ["I10"]}]

    assert window(orders=orders)[2] == "suggested"
    assert window(orders=orders, settings={"late_orders_refused": True})[2:] == ("missing", "order")


@pytest.mark.parametrize(
    ("education", "status"),
    [
        ([{"date": "2026-02-03", "by": "rn"}], "suggested"),  # the last day of window 1
        ([{"date": "2026-02-04", "by": "rn"}], "missing"),
        ([{"date": "2026-01-01", "by": "rn"}], "suggested"),
        ([{"date": "2025-12-31", "by": "rn"}], "missing"),  # before the monitoring period
        ([{"date": "2026-01-10", "by": "rn", "programme": "RTM"}], "missing"),
        ([], "missing"),
    ],
)
def test_setup_needs_education_in_window_1(education, status):
    assert setup(education=education) == ("99453", 1, status, "education" if status == "missing" else "")


@pytest.mark.parametrize(
    ("count", "least", "line"),
    [
        (1, 2, ("99453", 0, "never", "days")),
        (2, 2, ("99453", 1, "suggested", "")),
        (15, 16, ("99453", 0, "never", "days")),
        (16, 16, ("99453", 1, "suggested", "")),
    ],
)
def test_setup_needs_the_least_days_of_window_1(count, least, line):
    found = readings(*days("2026-01-05", count), "2026-02-10", "2026-02-11", "2026-02-12")  # the next window has more

    assert setup("2026-02-20 12:00", readings=found, settings={"setup_min_days": least}) == line


def test_setup_is_open_until_window_1_is_over():
    assert setup("2026-02-04 04:00") == ("99453", 1, "open", "")


def test_setup_is_once_in_a_monitoring_period_and_again_after_readmission():
    """Discharged on Feb 10; readmitted on Mar 20, with readings from Mar 21 on; education on Mar 22."""
    found = bill(
        "2026-05-01 12:00",
        readings=readings(*days("2026-01-05", 36), *days("2026-03-21", 3)),
        monitoring_periods=[{"start": "2026-01-01", "end": "2026-02-10"}, {"start": "2026-03-20"}],
        education=[{"date": "2026-01-02"}, {"date": "2026-03-22"}],
    )

    assert [(one["monitoring_period"], said(one)) for one in found["setups"]] == [
        ("2026-01-01", ("99453", 1, "suggested", "")),
        ("2026-03-20", ("99453", 1, "suggested", "")),
    ]


UNITED = {"payer": "United", "source": "policy", "from": "2026-01-01"}


@pytest.mark.parametrize(
    ("rules", "status", "because"),
    [
        ([], "suggested", ""),
        ([{**UNITED, "covered": False}], "blocked", "payer"),
        ([{**UNITED, "payer": "Aetna", "covered": False}], "suggested", ""),
        ([{**UNITED, "codes": ["99453"], "covered": False}], "suggested", ""),
        # payer and code over payer
        ([{**UNITED, "covered": False}, {**UNITED, "codes": ["99454"]}], "suggested", ""),
        ([{**UNITED}, {**UNITED, "codes": ["99454"], "covered": False}], "blocked", "payer"),
        ([{**UNITED, "from": "2026-01-20", "covered": False}, {**UNITED, "codes": ["99454"]}], "suggested", ""),
        # the later from
        ([{**UNITED, "covered": False}, {**UNITED, "from": "2026-01-15"}], "suggested", ""),
        ([{**UNITED}, {**UNITED, "from": "2026-02-04", "covered": False}], "suggested", ""),  # not in force yet
        ([{**UNITED, "until": "2026-02-02", "covered": False}], "suggested", ""),
        ([{**UNITED, "only_diagnoses": ["I50"]}], "suggested", ""),  # I50.22, the second diagnosis
        ([{**UNITED, "only_diagnoses": ["I50"], "first_diagnosis_only": True}], "blocked", "payer"),
        ([{**UNITED, "only_diagnoses": ["I502"]}], "suggested", ""),  # without dots, by prefix
        ([{**UNITED, "only_diagnoses": ["i50.2"]}], "suggested", ""),
        ([{**UNITED, "only_diagnoses": ["I50.23", "O13"]}], "blocked", "payer"),
        ([{**UNITED, "prior_authorisation": True}], "missing", "prior_authorisation"),
    ],
)
def test_payer_rule_on_the_date_of_service_decides(rules, status, because):
    found = window(payer="united", payer_rules=rules, orders=DIAGNOSES)

    assert found == ("99454", 1, status, because)


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"code": "99454", "from": "2026-01-01", "until": "2026-02-03"}, "suggested"),
        ({"code": "99454", "from": "2026-01-01", "until": "2026-02-02"}, "missing"),
        ({"code": "99454", "from": "2026-02-04", "until": None}, "missing"),
        ({"code": "99457", "from": "2026-01-01", "until": None}, "missing"),
    ],
)
def test_prior_authorisation_covers_the_date_of_service(row, status):
    rules = [{**UNITED, "prior_authorisation": True}]

    assert window(payer="United", payer_rules=rules, prior_authorisations=[row])[2] == status


def test_payer_is_that_of_the_date_of_service():
    """United until Feb 2, Aetna from Feb 3, the date of service."""
    payers = [{"payer": "United", "until": "2026-02-02"}, {"payer": "Aetna", "from": "2026-02-03"}]

    assert window(payer=payers, payer_rules=[{**UNITED, "covered": False}])[2] == "suggested"
    assert window(payer=payers, payer_rules=[{**UNITED, "payer": "Aetna", "covered": False}])[2] == "blocked"


@pytest.mark.parametrize(
    ("count", "rule", "line"),
    [
        (5, {"least_days": 6}, (None, 0, "never", "days")),
        (6, {"least_days": 6}, ("99445", 1, "suggested", "")),
        (10, {"least_days": 16}, (None, 0, "never", "days")),
        (16, {"least_days": 16}, ("99454", 1, "suggested", "")),
        (5, {"least_days": 6, "codes": ["99454"]}, ("99445", 1, "suggested", "")),
    ],
)
def test_payer_raises_the_least_days(count, rule, line):
    found = readings(*days("2026-01-05", count))

    assert window(readings=found, payer="United", payer_rules=[{**UNITED, **rule}]) == line


def test_payer_without_diagnoses_of_an_order_lacks_the_order():
    assert window(orders=[], payer="United", payer_rules=[{**UNITED, "only_diagnoses": ["I50"]}])[2:] == (
        "missing",
        "order",
    )


DECEMBER = {
    "programmes": [{"programme": "RPM", "from": "2026-12-01"}],
    "monitoring_periods": [{"start": "2026-12-01"}],
    "consents": [{"date": "2026-12-01"}],
    "education": [{"date": "2026-12-02"}],
    "readings": readings(*days("2026-12-10", 16)),  # Dec 10-Jan 8
}


@pytest.mark.parametrize(
    ("facts", "date", "year", "status", "because"),
    [
        ({}, "2027-01-08", 2027, "blocked", ["rules_not_confirmed"]),
        ({"settings": {"confirmed_years": [2026, 2027]}}, "2027-01-08", 2027, "suggested", []),
        ({"settings": {"confirmed_years": [2028]}}, "2027-01-08", 2027, "suggested", []),
        (
            {"payer": "United", "payer_rules": [{**UNITED, "date_of_service": "first_day"}]},
            "2026-12-10",
            2026,
            "suggested",
            [],
        ),
        (
            {"payer": "United", "payer_rules": [{**UNITED, "date_of_service": "First day of the window"}]},
            "2026-12-10",
            2026,
            "suggested",
            [],
        ),
        (
            {"payer": "United", "payer_rules": [{**UNITED, "date_of_service": "day_reached"}]},
            "2026-12-25",  # the 16th day
            2026,
            "suggested",
            [],
        ),
    ],
)
def test_date_of_service_decides_the_years_rules(facts, date, year, status, because):
    found = bill("2027-01-09 12:00", **{**DECEMBER, **facts})["periods"][0]

    assert (found["date_of_service"], found["rules_of"]) == (date, year)
    assert (found["status"], found["because"]) == (status, because)


def test_never_stays_never_in_a_provisional_year():
    found = bill("2027-01-09 12:00", **{**DECEMBER, "readings": readings("2026-12-10")})

    assert said(found["periods"][0]) == (None, 0, "never", "days")


def test_date_of_service_of_a_setup_is_the_education_by_setting():
    """Education on Dec 2, 2026 is of the confirmed year; the window's last day, Jan 8, 2027, is not."""
    assert said(bill("2027-01-09 12:00", **DECEMBER)["setups"][0])[2] == "blocked"
    found = bill("2027-01-09 12:00", settings={"setup_on_education": True}, **DECEMBER)["setups"][0]
    assert (said(found)[2], found["rules_of"]) == ("suggested", 2026)


def test_month_belongs_to_the_month_of_its_date_of_service():
    """The window of Dec 10 has Jan 8 as its date of service, and with it the set-up."""
    december = bill("2027-01-09 12:00", month="2026-12", **DECEMBER)
    january = bill("2027-01-09 12:00", month="2027-01", settings={"setup_on_education": True}, **DECEMBER)

    assert (december["setups"], december["periods"]) == ([], [])
    assert [one["first"] for one in january["periods"]] == ["2026-12-10"]
    assert len(january["setups"]) == 1
    assert [one["month"] for one in january["months"]] == ["2027-01"]


def test_employment_is_asked_for_by_the_date_of_service_that_is_the_months_end():
    staff = [{"id": "rn", "credential": "RN", "employment": [{"kind": "vendor", "from": "2026-01-01"}]}]

    assert month(staff=staff, settings={"requires_practice_employee_from": "2026-02-01"})[0][0] == "99457"
    refused = month(staff=staff, settings={"requires_practice_employee_from": "2026-01-31"})
    assert refused == [(None, 0, "never", "minutes")]
