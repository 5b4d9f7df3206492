"""Calls of which nobody knows what became, and the page on which a person decides."""

from django.urls import reverse

from devices.outbox import manual_lookup
from tests.vendor import forget_notes

READS = {"method": "GET", "path_contains": "hwi-devices"}


def look(call, client):
    manual_lookup.ask(call)
    manual_lookup.carry_out(client)
    call.refresh_from_db()
    return call


def decide(browser, call, choice, **said):
    answer = browser.post(reverse("orders:decide", args=[call.pk]), {"choice": choice, **said}, follow=True)
    call.refresh_from_db()
    return answer


def page(browser, call):
    return browser.get(reverse("orders:call", args=[call.pk])).content.decode()


def rename(sim, name):
    """As when somebody at the vendor has touched the order: nothing of ours fits it by itself any more."""
    forget_notes(sim)
    with sim.world.change():
        for document in sim.devices():
            document["device"]["name"] = name
            sim.world.store.put("device", document["id"], document)
