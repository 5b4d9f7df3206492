"""Two-step sign-in in a browser: authenticator app and recovery codes at both widths, and a passkey (WebAuthn).

Each page is checked with axe too, because most of them can only be reached this way.
"""

import re

import pytest
from allauth.mfa.models import Authenticator
from axe_playwright_python.sync_playwright import Axe

from tests.browsers import DESKTOP, PHONE, save_screenshot
from tests.factories import PASSWORD
from tests.mfa_helpers import set_up_totp, totp_code, wrong_totp_code

pytestmark = pytest.mark.django_db(transaction=True)
VIRTUAL_AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(autouse=True)
def mfa_required(settings, live_server):
    settings.MFA_REQUIRED = True
    settings.SITE_URL = live_server.url


@pytest.fixture
def open_sign_in_page(open_browser_page, live_server):
    def open_page(viewport=DESKTOP, **options):
        page = open_browser_page(viewport=viewport, base_url=live_server.url, **options)
        page.goto("/accounts/login/")
        return page

    return open_page


def fill_password(page, user):
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def check_accessibility(page, name):
    """Runs axe and saves a screenshot."""
    page.wait_for_load_state()  # after a click the page may still be loading
    page.locator("main").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [rule["id"] for rule in Axe().run(page).response["violations"]] == [], name
    save_screenshot(page, name)


@pytest.mark.parametrize(("viewport", "colours"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_mfa_app_setup_then_sign_in_with_code_and_recovery_code(open_sign_in_page, nadia, viewport, colours):
    page = open_sign_in_page(viewport, color_scheme=colours)
    fill_password(page, nadia)
    page.get_by_role("heading", name="Two-step sign-in").wait_for()
    check_accessibility(page, "second-step-none")
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_text("The camera doesn't work").click()
    check_accessibility(page, "second-step-app")
    secret = page.locator(".setup-key").inner_text().replace(" ", "")
    assert page.locator("img.qr").evaluate("image => image.complete && image.naturalWidth > 50")
    page.get_by_label("The 6 digits").fill(wrong_totp_code(secret))
    page.get_by_role("button", name="Finish").click()
    page.get_by_text("That isn't right").wait_for()
    page.get_by_label("The 6 digits").fill(totp_code(secret))
    page.get_by_role("button", name="Finish").click()

    page.get_by_role("heading", name="Your recovery codes").wait_for()
    check_accessibility(page, "second-step-codes")
    spare = page.locator(".codes code").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as a file").click()
    assert spare in download.value.path().read_text()
    page.get_by_role("link", name="Done").click()
    page.wait_for_url("**/triage/")

    sign_out(page)
    fill_password(page, nadia)
    page.get_by_label("Code").fill(wrong_totp_code(secret))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("That isn't right").wait_for()
    check_accessibility(page, "second-step-asked")
    assert not page.get_by_role("button", name="Use a passkey").is_visible(), "she has none"
    page.get_by_label("Code").fill(totp_code(secret, seconds=30))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/triage/")

    sign_out(page)
    fill_password(page, nadia)
    page.get_by_label("Code").fill(spare)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/triage/")
    page.goto("/accounts/second-step/")
    assert page.get_by_text("9 left").is_visible()
    check_accessibility(page, "second-step-set-up")


def sign_out(page):
    page.locator("#account-menu summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("heading", name="Sign in").wait_for()


def test_passkey_can_be_added_used_renamed_and_removed(open_sign_in_page, nadia):
    page = open_sign_in_page(PHONE)
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": VIRTUAL_AUTHENTICATOR})
    fill_password(page, nadia)
    page.get_by_role("link", name="Add a passkey").click()
    check_accessibility(page, "passkey-add")
    page.get_by_label("Name").fill("clinic laptop")
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    page.get_by_role("link", name="Done").click()

    sign_out(page)
    fill_password(page, nadia)
    button = page.get_by_role("button", name="Use a passkey")
    button.wait_for()
    check_accessibility(page, "passkey-asked")
    button.click()
    page.wait_for_url("**/triage/")

    page.goto("/accounts/second-step/")
    page.get_by_role("link", name="Rename clinic laptop").click()
    page.get_by_label("Name").fill("blue key")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("blue key").wait_for()
    check_accessibility(page, "passkey-list")
    page.get_by_role("link", name="Remove blue key").click()
    check_accessibility(page, "passkey-remove")
    page.get_by_role("button", name="Remove the passkey").click()

    page.get_by_text("A password alone can be guessed").wait_for()
    page.goto("/patients/")
    page.get_by_role("heading", name="Two-step sign-in").wait_for()


def test_passkey_rejected_or_cancelled_is_explained_and_not_stored(open_sign_in_page, nadia, settings, live_server):
    secret = set_up_totp(nadia)
    page = open_sign_in_page()
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": VIRTUAL_AUTHENTICATOR})
    fill_password(page, nadia)
    page.get_by_label("Code").fill(totp_code(secret))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/triage/")
    page.goto("/accounts/second-step/passkeys/new/")
    settings.SITE_URL = "http://localhost:1"  # the same host, another address
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_text("This passkey wasn't accepted").wait_for()
    settings.SITE_URL = live_server.url

    turned_away = "() => Promise.reject(new DOMException('', 'NotAllowedError'))"
    page.evaluate(f"() => {{ navigator.credentials.create = {turned_away}; }}")
    page.get_by_role("button", name="Add the passkey").click()

    page.get_by_text("Nothing was chosen, or it took too long").wait_for()

    assert page.get_by_role("button", name="Add the passkey").is_enabled()
    assert re.search(r"/passkeys/new/$", page.url)
    assert not Authenticator.objects.filter(type="webauthn").exists()
