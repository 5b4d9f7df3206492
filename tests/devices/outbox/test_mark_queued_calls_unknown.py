"""A database that was restored to an earlier time knows nothing of what was sent since."""

from django.core.management import call_command

from devices.outbox import recovery, sending
from tests.devices.outbox.call_states import State, end_settle_time, refreshed_state
from tests.simulated_vendor import device_posts


def send_without_recording(order, client):
    sending.SENDER_BY_KIND[order.kind](client, order)


def test_mark_calls_unknown_finds_a_call_sent_after_the_backup_and_does_not_resend_it(order, client, sim, capsys):
    send_without_recording(order, client)

    call_command("mark_queued_calls_unknown")
    sending.send_due_calls(client)
    end_settle_time()
    recovery.search_unknown_calls(client)

    assert refreshed_state(order) == State.CONFIRMED
    assert len(device_posts(sim)) == len(sim.devices()) == 1
    assert capsys.readouterr().out.startswith("1 call ")


def test_mark_calls_unknown_resends_a_call_absent_in_two_searches(order, client, sim):
    sending.mark_queued_calls_unknown()
    for _ in range(2):
        end_settle_time()
        recovery.search_unknown_calls(client)
    sending.send_due_calls(client)

    assert refreshed_state(order) == State.CONFIRMED
    assert len(device_posts(sim)) == 1


def test_mark_calls_unknown_leaves_resolved_calls_unchanged(order, client):
    sending.send_due_calls(client)

    assert sending.mark_queued_calls_unknown() == 0
    assert refreshed_state(order) == State.CONFIRMED


def test_mark_calls_unknown_releases_the_claim_of_a_call_being_sent(order, client):
    sending.claim_next_call()

    assert sending.mark_queued_calls_unknown() == 1
    assert refreshed_state(order) == State.UNKNOWN
