"""A database that was restored to an earlier time knows nothing of what was sent since."""

from django.core.management import call_command

from devices.outbox import recovery, sending
from tests.devices.calls.states import State, settle, state_of
from tests.vendor import posts


def send_behind_the_databases_back(order, client):
    sending.PERFORM[order.kind](client, order)


def test_what_was_sent_after_the_restored_moment_is_found_and_not_sent_again(order, client, sim, capsys):
    send_behind_the_databases_back(order, client)

    call_command("doubt_calls")
    sending.drain(client)
    settle()
    recovery.search_unknown(client)

    assert state_of(order) == State.CONFIRMED
    assert len(posts(sim)) == len(sim.devices()) == 1
    assert capsys.readouterr().out.startswith("1 calls")


def test_what_was_never_sent_goes_out_after_two_absences(order, client, sim):
    sending.doubt()
    for _ in range(2):
        settle()
        recovery.search_unknown(client)
    sending.drain(client)

    assert state_of(order) == State.CONFIRMED
    assert len(posts(sim)) == 1


def test_calls_that_were_settled_stay_settled(order, client):
    sending.drain(client)

    assert sending.doubt() == 0
    assert state_of(order) == State.CONFIRMED


def test_a_call_that_was_being_sent_is_held_by_nobody_then(order, client):
    sending.claim_next()

    assert sending.doubt() == 1
    assert state_of(order) == State.UNKNOWN
