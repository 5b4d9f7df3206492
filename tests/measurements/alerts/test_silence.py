"""Silence: whole local days without a reading, pauses, upload times, devices on their way, late readings."""

import pytest

from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.engine.rules import Kind
from measurements.alerts.facts_files.facts_file import read_facts
from tests.measurements.alerts.cases import clock, event, instant, of_rule, only, reading, run, weight

RULE = {"code": "silence", "metric": "weight", "days": 3}
CUFF = [{"serial": "S1", "type": "scale", "from": "2026-02-20", "until": None, "state": "connected"}]


def silence(as_of, readings, *, events=(), rule=RULE, **facts):
    facts.setdefault("expected_metrics", ["weight"])
    return run(as_of, readings, rules=[rule], events=events, **facts)


def test_silence_opens_at_the_midnight_at_which_the_third_whole_day_is_over():
    before, after = (silence(at, [weight("02 07:00", 180)]) for at in ("05 23:59", "06 00:00"))

    episode = only(after, "silence")
    assert before.episodes == ()
    assert before.next_change_at == instant("06 00:00")
    assert (clock(episode.opened_at), clock(episode.detected_at), episode.days) == ("06 00:00", "06 00:00", 3)
    assert (episode.section, episode.queue, after.patient_section) == ("no_readings", "compliance", "no_readings")


def test_silence_grows_and_names_its_days():
    assert only(silence("08 12:00", [weight("02 07:00", 180)]), "silence").days == 5


def test_any_reading_closes_silence():
    found = silence("07 12:00", [weight("02 07:00", 180), weight("07 07:00", 180)])

    episode = only(found, "silence")
    assert (episode.state, clock(episode.closed_at), episode.closed_by) == ("closed", "07 07:00", "readings")
    assert found.patient_section == "on_target"


def test_reading_to_check_closes_silence_too():
    found = silence("07 12:00", [weight("02 07:00", 180), weight("07 07:00", 1200, marks=["implausible"])])

    assert only(found, "silence").state == "closed"


def test_untrusted_reading_does_not_interrupt_days_without_a_trusted_one():
    found = silence("06 12:00", [weight("02 07:00", 180), weight("04 07:00", 1200, marks=["implausible"])])

    assert only(found, "silence").state == "open"


def test_late_reading_that_refutes_the_silence_closes_it_at_its_receipt():
    found = silence("07 12:00", [weight("02 07:00", 180), weight("05 07:00", 180, received="07 09:00")])

    episode = only(found, "silence")
    assert (clock(episode.opened_at), clock(episode.closed_at)) == ("06 00:00", "07 09:00")
    assert (episode.reason, episode.state) == ("measured_arrived_late", "closed")


def test_late_reading_after_which_the_days_still_suffice_refutes_nothing():
    found = silence("09 12:00", [weight("02 07:00", 180), weight("03 07:00", 180, received="09 09:00")])

    assert only(found, "silence").state == "open"


def test_paused_days_are_left_out_and_break_nothing():
    pause = [event("02 12:00", "pause", metric="weight", first="2026-03-04", last="2026-03-08")]

    before, after = (silence(at, [weight("02 07:00", 180)], events=pause) for at in ("10 23:59", "11 00:00"))

    assert before.episodes == ()
    assert clock(only(after, "silence").opened_at) == "11 00:00"


def test_pause_of_another_metric_changes_nothing():
    pause = [event("02 12:00", "pause", metric="blood_pressure", first="2026-03-04", last="2026-03-08")]

    assert silence("06 12:00", [weight("02 07:00", 180)], events=pause).episodes != ()


def test_pause_that_covers_the_days_of_an_open_silence_closes_it_by_the_person():
    pause = [event("06 12:00", "pause", metric="weight", first="2026-03-03", last="2026-03-10")]

    episode = only(silence("07 12:00", [weight("02 07:00", 180)], events=pause), "silence")

    assert (episode.state, episode.closed_by, clock(episode.closed_at)) == ("closed", "person", "06 12:00")


def test_device_with_upload_times_ends_its_day_2_hours_after_the_last():
    rule = {**RULE, "uploads_at": ["08:00", "20:00"]}

    before, after = (silence(at, [weight("02 07:00", 180)], rule=rule) for at in ("05 21:59", "05 22:00"))

    assert before.episodes == ()
    assert clock(only(after, "silence").opened_at) == "05 22:00"


def test_metric_that_is_not_expected_is_not_missed():
    assert silence("20 12:00", [weight("02 07:00", 180)], expected_metrics=["blood_pressure"]).episodes == ()


def test_without_any_reading_nothing_is_missed_and_a_delivered_device_is_equipment():
    delivered = [{"serial": "S1", "state": "delivered"}]

    found = silence("20 12:00", [], devices=delivered)

    assert (found.episodes, found.patient_section) == ((), "equipment")


def test_expected_by_default_is_what_active_devices_have_sent():
    readings = [weight("02 07:00", 180, device="S1"), reading("spO2", "02 07:00", 97, device="gone")]
    devices = [*CUFF, {"serial": "gone", "until": "2026-03-03", "state": "returned"}]

    found = run("10 12:00", readings, rules=[{"code": "silence", "days": 3}], devices=devices)

    assert [episode.metric for episode in found.episodes] == ["weight"]


def test_rule_without_a_metric_is_judged_for_each_expected_one():
    readings = [weight("02 07:00", 180), reading("spO2", "03 07:00", 97)]

    found = run(
        "10 12:00", readings, rules=[{"code": "silence", "days": 3}], expected_metrics=["weight", "spO2", "glucose"]
    )

    assert [(one.metric, clock(one.opened_at)) for one in found.episodes] == [
        *(("weight", "06 00:00"), ("spO2", "07 00:00"))
    ]


def test_swapped_device_that_is_on_its_way_is_not_missed():
    swap = [event("04 12:00", "swap", serial="S1", to="S2")]
    old, new = weight("02 07:00", 180, device="S1"), weight("15 07:00", 180, device="S2")

    assert silence("20 12:00", [old], events=swap).episodes == ()
    assert clock(only(silence("20 12:00", [old, new], events=swap), "silence").opened_at) == "19 00:00"


def test_local_days_count_in_the_zone_of_the_patient():
    found = silence("2026-03-06T07:00:00+00:00", [weight("02 07:00", 180)], zone="America/New_York")

    assert clock(only(found, "silence").opened_at) == "06 05:00"


@pytest.mark.parametrize(
    ("last", "opened_at"),
    [
        ("2026-03-06T12:00:00+00:00", "2026-03-10T04:00:00+00:00"),  # 23 hours on March 8
        ("2026-10-30T12:00:00+00:00", "2026-11-03T05:00:00+00:00"),  # 25 hours on November 1
    ],
)
def test_days_of_clock_changes_are_whole_days(last, opened_at):
    found = silence("2026-12-01T07:00:00+00:00", [weight(last, 180)], zone="America/New_York")

    assert only(found, "silence").opened_at == instant(opened_at)


def test_new_or_stricter_silence_rule_judges_the_days_of_now():
    stricter = [event("05 09:00", "rule", "silence", days=2)]

    assert (
        clock(only(silence("05 10:00", [weight("02 07:00", 180)], events=stricter), "silence").opened_at) == "05 09:00"
    )


def test_looser_silence_rule_ends_it():
    looser = [event("06 09:00", "rule", "silence", days=5)]

    assert only(silence("06 10:00", [weight("02 07:00", 180)], events=looser), "silence").closed_by == "rule"


def test_days_outside_monitoring_are_not_missed():
    events = [event("03 09:00", "discharge", reason="moved"), event("10 09:00", "readmit")]

    before, after = (silence(at, [weight("02 07:00", 180)], events=events) for at in ("13 23:59", "14 00:00"))

    assert before.episodes == ()
    assert clock(only(after, "silence").opened_at) == "14 00:00"


def test_resolved_silence_opens_again_after_a_reading_or_7_days():
    resolved = [event("06 09:00", "resolve", "silence", outcome="patient called")]
    first = weight("02 07:00", 180)

    quiet = silence("12 12:00", [first], events=resolved)
    after_7_days = silence("13 12:00", [first], events=resolved)
    measured = silence("12 12:00", [first, weight("07 07:00", 180)], events=resolved)

    assert [one.closed_by for one in quiet.episodes] == ["person"]
    assert [clock(one.opened_at) for one in of_rule(after_7_days, "silence")] == ["06 00:00", "13 09:00"]
    assert [clock(one.opened_at) for one in of_rule(measured, "silence")] == ["06 00:00", "11 00:00"]


def test_shipped_silence_needs_stated_devices_or_metrics():
    readings = [weight("02 07:00", 180, device="S1")]

    assert run("20 12:00", readings).episodes == ()
    assert only(run("20 12:00", readings, devices=CUFF), "silence").state == "open"


def test_sweep_judges_the_silences_only():
    facts = read_facts(
        {
            "rules": [RULE, {"code": "glucose_very_low"}],
            "expected_metrics": ["weight"],
            "readings": [weight("02 07:00", 180), reading("glucose", "06 07:00", 40)],
        }
    )

    found = evaluate(facts, instant("06 12:00"), kinds={Kind.SILENCE})

    assert [episode.rule for episode in found.episodes] == ["silence"]
    assert (found.patient_section, found.next_change_at) == ("no_readings", instant("07 00:00"))
