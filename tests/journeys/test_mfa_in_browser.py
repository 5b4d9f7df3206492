"""A clinic as it is meant to run, with the second step required: from the invitation's mail to the third sign-in."""

import re

import pytest

from config.launcher.paths import ROOT
from config.launcher.stack import READY_TIMEOUT_SECONDS, accepts_connections, find_free_port
from config.launcher.supervisor import PYTHON
from tests.browsers import PHONE
from tests.journeys.conftest import PASSWORD, wait_for
from tests.mfa_helpers import totp_code

MINA = "mina@house.example"


@pytest.fixture
def mfa_required_url(clinic_stack):
    """Another web server of the same stack: signing in through it needs a second step."""
    port, supervisor = find_free_port(), clinic_stack.supervisor
    words = ("-m", "gunicorn", "--config", str(ROOT / "config" / "gunicorn.py"), "config.wsgi:application")
    given = {"BIND": f"127.0.0.1:{port}", "SITE_URL": f"http://127.0.0.1:{port}", "MFA_REQUIRED": "1"}
    process = supervisor.start("web-strict", [PYTHON, *words], WEB_CONCURRENCY="1", **given)
    supervisor.wait_until(
        lambda: accepts_connections("127.0.0.1", port), what="The strict door", seconds=READY_TIMEOUT_SECONDS
    )
    yield given["SITE_URL"]
    supervisor.processes.remove(process)
    supervisor.watched_processes.remove(process)
    process.stop()


def mails_to_mina(stack, words):
    """What was mailed to Mina and says so."""
    found = (path.read_text() for path in (stack.plan.state / "mail").iterdir())
    return [text for text in found if f"To: {MINA}" in text and words in text]


def sign_in_again(page, answer):
    page.locator("#account-menu summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_label("Email").fill(MINA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill(answer)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/triage/")


def test_mfa_journey_from_invitation_to_sign_in_with_app_and_recovery_code(
    clinic_stack, mfa_required_url, open_browser_page
):
    about = ("--name", "Mina Ode", "--role", "clinician", "--clinic", "Elm Street Cardiology")
    clinic_stack.run_manage_command("invite", "--email", MINA, *about)
    (invitation,) = wait_for(lambda: mails_to_mina(clinic_stack, "/invitation/"), what="the invitation")
    page = open_browser_page(viewport=PHONE, base_url=mfa_required_url)

    page.goto(re.search(r"/accounts/invitation/\S+", invitation)[0])
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Open my account").click()
    page.get_by_role("heading", name="Two-step sign-in").wait_for()
    page.goto("/patients/")
    assert "/accounts/second-step/" in page.url, "a password alone opens nothing"

    page.get_by_role("link", name="Set up an app").click()
    page.get_by_text("The camera doesn't work").click()
    secret = page.locator(".setup-key").inner_text().replace(" ", "")
    page.get_by_label("The 6 digits").fill(totp_code(secret))
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    spare = page.locator(".codes code").first.inner_text()
    page.get_by_role("link", name="Done").click()
    page.wait_for_url("**/triage/")

    sign_in_again(page, totp_code(secret, seconds=30))
    sign_in_again(page, spare)

    page.goto("/accounts/second-step/")
    assert page.get_by_text("9 left").is_visible()
    assert wait_for(lambda: mails_to_mina(clinic_stack, "An authenticator app was set up."), what="a notice")
