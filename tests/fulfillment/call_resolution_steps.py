"""Steps of tests of manual call resolution: calls that need review, and the page to resolve them."""

from django.urls import reverse

from devices.outbox import manual_lookup
from tests.simulated_vendor import clear_client_notes

DEVICE_READS = {"method": "GET", "path_contains": "hwi-devices"}


def run_lookup(call, client):
    manual_lookup.request_call_lookup(call)
    manual_lookup.run_due_lookups(client)
    call.refresh_from_db()
    return call


def post_resolution(browser, call, choice, **said):
    answer = browser.post(reverse("orders:resolve_call", args=[call.pk]), {"choice": choice, **said}, follow=True)
    call.refresh_from_db()
    return answer


def get_call_page(browser, call):
    return browser.get(reverse("orders:call", args=[call.pk])).content.decode()


def rename_vendor_devices(sim, name):
    """As if the order had been edited at the vendor: no call matches it any more."""
    clear_client_notes(sim)
    with sim.state.transaction():
        for document in sim.devices():
            document["device"]["name"] = name
            sim.state.store.put("device", document["id"], document)
