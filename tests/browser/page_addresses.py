"""Addresses of all pages that a user may open, found through the URLconf."""

from patients.models import Role
from patients.permissions import PERMISSIONS_BY_ROLE, Permission
from tests.routes import list_routes

SIGNS_OUT = "accounts/logout/"
WHO = ("anonymous", "coordinator here", "clinician here", "administrator here")
# Routes that show their page only in a state that the sample clinics don't have, and the test that opens it with axe.
CHECKED_ELSEWHERE = {
    "home": "leads to the first page of the role",
    "health_deep": "no page",
    "metrics": "no page",
    "account_accept_invitation": "test_accessibility.py, anonymous pages",
    "mfa_authenticate": "test_mfa_pages.py",
    "mfa_reauthenticate": "test_mfa_pages.py",
    "mfa_activate_totp": "test_mfa_pages.py",
    "mfa_deactivate_totp": "test_mfa_pages.py",
    "mfa_view_recovery_codes": "test_mfa_pages.py",
    "mfa_generate_recovery_codes": "test_mfa_pages.py",
    "mfa_download_recovery_codes": "no page",
    "mfa_list_webauthn": "leads to the page of two-step sign-in",
    "mfa_add_webauthn": "test_mfa_pages.py",
    "mfa_reauthenticate_webauthn": "test_mfa_pages.py",
    "mfa_edit_webauthn": "test_mfa_pages.py",
    "mfa_remove_webauthn": "test_mfa_pages.py",
    "alert_rules:clinics": "leads to the rules of the only clinic",
    "triage:snooze": "test_triage_pages.py, opened by its key",
    "billing:draft_pdf": "no page; without a line that is reached back to the billing card",
    "billing:draft_json": "no page; without a line that is reached back to the billing card",
    "billing:month_evidence_pdf": "no page; without approved lines back to the list",
    "orders:call": "test_accessibility_states.py",
    "orders:correct": "test_accessibility_states.py",
    "orders:parcel": "test_accessibility_states.py",
}
NO_ANSWER_TO_GET = {204, 405}


def is_allowed(who, policy):
    if who == "anonymous":
        return policy == "public"
    role = who.split()[0]
    if policy == "admin":
        return role == Role.ADMINISTRATOR
    return policy == "signed_in" or (isinstance(policy, Permission) and policy in PERMISSIONS_BY_ROLE[role])


def routes_open_to(who):
    return [route for route in list_routes() if is_allowed(who, route.policy) and route.pattern != SIGNS_OUT]


def page_address(world, route):
    return f"{route.address(world.values(route))}?patient={world.rosa.pk}"


def is_page(answer):
    return answer.status_code == 200 and not answer.streaming and b"<html" in answer.content


def page_addresses(world, who, *, below="/", besides=()):
    """Addresses below this one and not among the others that answer a GET of this user with a full page."""
    for route in routes_open_to(who):
        address = page_address(world, route)
        if address.startswith(below) and address not in besides and is_page(world.clients[who].get(address)):
            yield address


def unlisted_routes(world):
    """Names of the product's routes that answer a GET of the first user to whom they are open with neither a page nor
    a part or file of one. The admin's pages are Django's own kinds.
    """
    found, seen = set(), set()
    for who in WHO:
        for route in routes_open_to(who):
            if route.policy == "admin" or route.pattern in seen:
                continue
            seen.add(route.pattern)
            answer = world.clients[who].get(page_address(world, route))
            if answer.status_code != 200 and answer.status_code not in NO_ANSWER_TO_GET:
                found.add(route.namespace + route.name)
    return found
