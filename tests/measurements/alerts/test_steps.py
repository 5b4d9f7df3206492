"""Persons' steps: acknowledge, snooze, assign, escalate, resolve, reopen, review; worse since; over and not seen."""

import pytest

from tests.measurements.alerts.cases import bp, clock, event, glucose, instant, of_rule, only, run

SEVERE = ["bp_severe"]
OPEN = [bp("02 10:00", 190), bp("02 10:20", 190)]
OVER = [*OPEN, bp("02 14:00", 150), bp("02 18:00", 150)]


def severe(as_of, readings=OPEN, events=()):
    return only(run(as_of, readings, rules=SEVERE, events=events), "bp_severe")


def test_acknowledge_leaves_the_section_and_the_step():
    steps = [event("02 11:00", "acknowledge", "bp_severe"), event("02 11:05", "note", "bp_severe", text="called")]

    episode = severe("02 12:00", events=steps)

    assert (episode.is_acknowledged, episode.state, episode.section) == (True, "open", "critical")
    assert [(step.kind, step.by) for step in episode.steps] == [("acknowledge", "nadia"), ("note", "nadia")]


def test_step_before_the_episode_was_known_is_not_of_it():
    episode = severe("02 12:00", events=[event("02 09:00", "acknowledge", "bp_severe")])

    assert (episode.is_acknowledged, episode.steps) == (False, ())


@pytest.mark.parametrize(
    ("systolic", "diastolic", "worse"), [(199, 84, False), (200, 75, True), (190, 85, True), (185, 121, True)]
)
def test_worse_by_the_step_of_either_value_notifies_again_after_acknowledging(systolic, diastolic, worse):
    readings = [*OPEN, bp("02 12:00", systolic, diastolic)]

    episode = severe("02 13:00", readings, [event("02 11:00", "acknowledge", "bp_severe")])

    assert (episode.is_notified_again, episode.is_acknowledged) == (worse, not worse)
    assert len(episode.steps) == 1


def test_worse_is_measured_from_the_peak_at_the_acknowledgement():
    creeping = [*OPEN, bp("02 12:00", 196), bp("02 13:00", 201)]

    assert severe("02 14:00", creeping, [event("02 11:00", "acknowledge", "bp_severe")]).is_notified_again
    assert not severe("02 14:00", creeping, [event("02 12:30", "acknowledge", "bp_severe")]).is_notified_again


def test_worse_without_an_acknowledgement_is_no_new_message():
    assert not severe("02 13:00", [*OPEN, bp("02 12:00", 220)]).is_notified_again


def test_more_severe_rule_that_opens_makes_a_warning_worse():
    readings = [glucose("02 08:00", 65), glucose("02 12:00", 65), glucose("02 20:00", 50)]
    steps = [event("02 13:00", "acknowledge", "glucose_low")]

    found = run("02 21:00", readings, rules=["glucose_low", "glucose_very_low"], events=steps)

    low = only(found, "glucose_low")
    assert (low.is_notified_again, low.is_acknowledged) == (True, False)
    assert not only(found, "glucose_very_low").is_notified_again


WARNING = [glucose("02 08:00", 260), glucose("02 12:00", 260)]


def high(as_of, events, readings=WARNING):
    return only(run(as_of, readings, rules=["glucose_high"], events=events), "glucose_high")


def test_snooze_until_a_time_ends_by_time():
    steps = [event("02 13:00", "snooze", "glucose_high", until="2026-03-05T13:00:00Z")]

    during, after = high("05 12:59", steps), high("05 13:00", steps)

    assert (during.state, during.section, during.snoozed_until) == ("snoozed", None, instant("05 13:00"))
    assert (after.state, after.section) == ("open", "warning")


def test_patient_with_nothing_but_a_snoozed_episode_is_in_snoozed():
    steps = [event("02 13:00", "snooze", "glucose_high", until="2026-03-05T13:00:00Z")]

    found = run("03 12:00", WARNING, rules=["glucose_high"], events=steps)

    assert (found.patient_section, found.next_change_at) == ("snoozed", instant("05 13:00"))


@pytest.mark.parametrize(("value", "state"), [(279, "snoozed"), (280, "open")])
def test_snooze_until_worse_by_a_stated_step(value, state):
    steps = [event("02 13:00", "snooze", "glucose_high", worse_by=20)]

    episode = high("02 19:00", steps, [*WARNING, glucose("02 18:00", value)])

    assert (episode.state, episode.is_notified_again) == (state, state == "open")


def test_snooze_of_a_warning_until_a_time_does_not_end_when_worse():
    steps = [event("02 13:00", "snooze", "glucose_high", until="2026-03-05T13:00:00Z")]

    assert high("02 19:00", steps, [*WARNING, glucose("02 18:00", 390)]).state == "snoozed"


def test_snooze_into_the_past_does_nothing():
    assert high("02 19:00", [event("02 13:00", "snooze", "glucose_high", until="2026-03-02T12:00:00Z")]).steps == ()


def test_snooze_of_a_critical_one_ends_after_24_hours():
    steps = [event("02 11:00", "snooze", "bp_severe", until="2026-03-09T11:00:00Z", reason="on the phone")]

    during, after = severe("03 10:59", events=steps), severe("03 11:00", events=steps)

    assert (during.state, after.state, during.snoozed_until) == ("snoozed", "open", instant("03 11:00"))


def test_snooze_of_a_critical_one_needs_a_reason():
    steps = [event("02 11:00", "snooze", "bp_severe", until="2026-03-03T08:00:00Z", reason=" ")]

    assert severe("02 12:00", events=steps).state == "open"


def test_snooze_of_a_critical_one_always_ends_when_worse():
    steps = [event("02 11:00", "snooze", "bp_severe", until="2026-03-03T08:00:00Z", reason="seen today")]

    assert severe("02 13:00", [*OPEN, bp("02 12:00", 199)], steps).state == "snoozed"
    assert severe("02 13:00", [*OPEN, bp("02 12:00", 200)], steps).state == "open"


def test_critical_episode_that_closed_unseen_is_over_and_not_seen():
    found = run("03 12:00", OVER, rules=SEVERE)

    assert (only(found, "bp_severe").section, found.patient_section) == ("over_not_seen", "over_not_seen")


@pytest.mark.parametrize(
    "step",
    [
        event("02 11:00", "acknowledge", "bp_severe"),
        event("02 11:00", "assign", "bp_severe", to="olaf"),
        event("02 11:00", "snooze", "bp_severe", until="2026-03-02T12:00:00Z", reason="called"),
        event("03 11:00", "acknowledge", "bp_severe"),
        event("03 11:00", "review"),
    ],
)
def test_seen_after_its_opening_is_not_over_and_not_seen(step):
    assert severe("03 12:00", OVER, [step]).section is None


@pytest.mark.parametrize("step", [event("02 11:00", "note", "bp_severe"), event("02 11:00", "escalate", "bp_severe")])
def test_note_and_escalation_are_not_seeing(step):
    assert severe("03 12:00", OVER, [step]).section == "over_not_seen"


def test_warning_that_closed_is_not_listed():
    readings = [*WARNING, glucose("03 08:00", 150), glucose("03 12:00", 150)]

    found = run("03 13:00", readings, rules=["glucose_high"])

    assert (only(found, "glucose_high").section, found.patient_section) == (None, "on_target")


def test_acknowledging_the_newer_episode_sees_the_earlier_one_too():
    again = [*OVER, bp("05 10:00", 190), bp("05 10:10", 190)]

    found = run("05 12:00", again, rules=SEVERE, events=[event("05 11:00", "acknowledge", "bp_severe")])

    assert [one.section for one in of_rule(found, "bp_severe")] == [None, "critical"]


def test_resolve_closes_by_the_person_with_the_outcome():
    steps = [event("02 12:00", "resolve", "bp_severe", outcome="medication changed")]

    episode = severe("02 13:00", events=steps)

    assert (episode.state, episode.closed_by, clock(episode.closed_at)) == ("closed", "person", "02 12:00")
    assert (episode.section, episode.closed_by_person) == (None, "nadia")


def test_after_resolving_a_single_reading_rule_sees_later_readings_only():
    steps = [event("02 12:00", "resolve", "bp_severe", outcome="expected")]
    later = [bp("02 11:30", 195, received="02 12:30"), bp("02 11:40", 195, received="02 12:30")]

    first, second = of_rule(run("02 13:00", [*OPEN, *later], rules=SEVERE, events=steps), "bp_severe")

    assert (first.count, first.peak, first.state) == (2, (190, 75), "closed")
    assert (second.state, clock(second.first), second.count) == ("open", "02 11:30", 2)


def test_reopen_continues_the_same_episode():
    steps = [
        event("02 12:00", "resolve", "bp_severe", outcome="expected"),
        event("02 13:00", "reopen", "bp_severe", reason="too early"),
    ]

    episode = severe("02 15:00", [*OPEN, bp("02 14:00", 195)], steps)

    assert (episode.state, episode.count, clock(episode.first), len(episode.steps)) == ("open", 3, "02 10:00", 2)


def test_reopen_of_one_that_readings_closed():
    episode = severe("03 12:00", OVER, [event("03 10:00", "reopen", "bp_severe")])

    assert (episode.state, episode.closed_at, episode.section) == ("open", None, "critical")


def test_review_moves_the_patient_to_reviewed_until_the_day_ends():
    review = [event("02 13:00", "review")]

    today, tomorrow = (run(at, WARNING, rules=["glucose_high"], events=review) for at in ("02 20:00", "03 00:00"))

    assert (today.patient_section, only(today, "glucose_high").section) == ("reviewed", "warning")
    assert (tomorrow.patient_section, today.next_change_at) == ("warning", instant("03 00:00"))


def test_reviewed_today_goes_by_the_day_of_the_clinic():
    review = [event("02 13:00", "review")]
    clinic = {"zone": "America/Los_Angeles"}

    found = run("03 07:59", WARNING, rules=["glucose_high"], events=review, clinic=clinic)

    assert found.patient_section == "reviewed"


def test_review_is_refused_while_a_critical_one_is_unacknowledged():
    review, acknowledge = event("02 13:00", "review"), event("02 12:00", "acknowledge", "bp_severe")

    assert run("02 14:00", OPEN, rules=SEVERE, events=[review]).patient_section == "critical"
    assert run("02 14:00", OPEN, rules=SEVERE, events=[acknowledge, review]).patient_section == "reviewed"


def test_anything_new_after_the_review_brings_the_patient_back():
    review = [event("02 13:00", "review")]
    readings = [*WARNING, glucose("02 18:00", 50)]

    found = run("02 19:00", readings, rules=["glucose_high", "glucose_very_low"], events=review)

    assert found.patient_section == "critical"


def test_refused_review_has_not_seen_the_critical_episode():
    assert severe("03 12:00", OVER, [event("02 11:00", "review")]).section == "over_not_seen"


def test_another_reading_beyond_the_limit_after_the_review_is_new():
    steps = [event("02 12:00", "acknowledge", "bp_severe"), event("02 13:00", "review")]

    found = run("02 15:00", [*OPEN, bp("02 14:00", 190)], rules=SEVERE, events=steps)

    assert (found.patient_section, only(found, "bp_severe").is_notified_again) == ("critical", False)
