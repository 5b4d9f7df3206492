"""Addresses of all pages that a user may open, found through the URLconf."""

from patients.models import Role
from patients.permissions import PERMISSIONS_BY_ROLE, Permission
from tests.routes import list_routes

SIGNS_OUT = "accounts/logout/"


def is_allowed(role, policy):
    if policy == "admin":
        return role == Role.ADMINISTRATOR
    return policy == "signed_in" or (isinstance(policy, Permission) and policy in PERMISSIONS_BY_ROLE[role])


def page_addresses(world, who):
    """Addresses that answer a GET of this user with a full page."""
    client, role = world.clients[who], who.split()[0]
    for route in list_routes():
        open_to = route.policy == "public" if who == "anonymous" else is_allowed(role, route.policy)
        if not open_to or route.pattern == SIGNS_OUT:
            continue
        address = f"{route.address(world.values(route))}?patient={world.rosa.pk}"
        answer = client.get(address)
        if answer.status_code == 200 and not answer.streaming and b"<html" in answer.content:
            yield address
