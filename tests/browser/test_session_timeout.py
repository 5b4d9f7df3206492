"""Session timeout in a browser: the test moves the page's clock and sets the activity times of the session back."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse

from patients.accounts import session_timeout
from tests.browsers import DESKTOP, PHONE, save_screenshot, session_cookie_for, wait_until_true

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = 60


class TimedTab:
    """A page opened by Nadia, with its own clock."""

    def __init__(self, page, key):
        self.page, self.key = page, key
        self.posts = []
        page.on("request", lambda request: self.is_activity(request) and self.posts.append(request.url))

    @staticmethod
    def is_activity(request):
        """Heartbeats of the timer leave the session's time as it is."""
        return request.method == "POST" and "/timer/heartbeat/" not in request.url

    def wait(self, seconds):
        """Lets time pass without activity."""
        store = SessionStore(self.key)
        store[session_timeout.STARTED_AT_KEY] -= seconds
        store[session_timeout.LAST_ACTIVE_AT_KEY] -= seconds
        store.save()
        self.page.clock.fast_forward(seconds * 1000)

    @property
    def idle_left(self):
        return session_timeout.session_time_left(SessionStore(self.key)).idle_seconds

    def says(self, words):
        return self.page.get_by_role("dialog").get_by_text(words)


@pytest.fixture
def tab(open_browser_page, live_server, nadia, rosa):
    def tab(path=None, viewport=DESKTOP, **options):
        page = open_browser_page(viewport=viewport, base_url=live_server.url, **options)
        key = session_cookie_for(nadia)
        page.context.add_cookies([{"name": "sessionid", "value": key, "url": live_server.url}])
        page.clock.install()
        page.goto(path or reverse("patients:page", args=[rosa.pk]))
        return TimedTab(page, key)

    return tab


def check_dialog_accessibility(page, name):
    """Runs axe and saves a screenshot."""
    assert [rule["id"] for rule in Axe().run(page, context="dialog").response["violations"]] == []
    save_screenshot(page, name)


def test_session_timeout_dialog_extends_session_or_signs_out(tab, rosa):
    tab = tab(reverse("patients:list"))
    page = tab.page
    page.goto(reverse("patients:page", args=[rosa.pk]))
    tab.wait(13 * MINUTE + 2)
    tab.says("Are you still there?").wait_for()
    assert re.fullmatch(r"1:\d\d", page.locator("[data-time-left]").inner_text())
    check_dialog_accessibility(page, "session-idle")
    assert page.evaluate("document.activeElement.textContent") == "Stay signed in"
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate("!document.activeElement.closest('main, header')"), "the focus left the question"
    assert tab.posts == [], "while it asks, only an answer counts"

    with page.expect_response("**/accounts/alive/"):
        page.get_by_role("button", name="Stay signed in").click()
    page.get_by_role("dialog").wait_for(state="hidden")
    assert tab.idle_left > 14 * MINUTE
    assert page.get_by_role("heading", name="Rosa Delgado").is_visible()

    tab.wait(13 * MINUTE + 2)
    tab.says("Are you still there?").wait_for()
    tab.wait(2 * MINUTE)

    page.wait_for_url("**/accounts/login/?next=*")
    page.get_by_text("nothing was done for 15 minutes").wait_for()
    page.go_back()
    page.wait_for_url("**/accounts/login/?next=/patients/")
    assert "Delgado" not in page.content()


def test_session_activity_is_posted_once_a_minute_and_not_by_live_polls(tab, nadia, rosa):
    tab = tab(viewport=PHONE)
    page = tab.page
    tab.wait(MINUTE + 1)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.keyboard.press("Tab")
    page.evaluate("addEventListener('wheel', () => { window.turned = true; }, { passive: true })")
    page.mouse.wheel(0, 40)
    wait_until_true(lambda: page.evaluate("window.turned"))  # the event may arrive after the next key press
    for _ in range(5):
        page.keyboard.press("Tab")
    assert len(tab.posts) == 1
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.clock.fast_forward(MINUTE * 1000)  # activity within the minute is reported at its end
    assert len(tab.posts) == 2

    tab.wait(MINUTE + 1)
    page.mouse.move(100, 300)  # the first event only gives the position
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.mouse.move(140, 320)
    assert len(tab.posts) == 3

    rosa.live_version += 1
    rosa.save(update_fields=["live_version"])
    with page.expect_response(lambda answer: "/live/" in answer.url):
        tab.wait(2 * MINUTE)
    page.evaluate("window.scrollTo(0, 200)")
    tab.wait(MINUTE)

    assert len(tab.posts) == 3
    assert tab.idle_left <= 12 * MINUTE


def test_session_timeout_dialog_closes_when_another_tab_is_active(tab):
    tab = tab()
    tab.wait(13 * MINUTE + 2)
    tab.says("Are you still there?").wait_for()
    store = SessionStore(tab.key)
    session_timeout.record_activity(store)
    store.save()

    tab.page.clock.fast_forward(2 * MINUTE * 1000)

    tab.page.get_by_role("dialog").wait_for(state="hidden")
    assert tab.page.get_by_role("heading", name="Rosa Delgado").is_visible()


def test_session_end_dialog_appears_once_before_twelve_hours(tab):
    tab = tab(viewport=PHONE, color_scheme="dark")
    page = tab.page
    store = SessionStore(tab.key)
    store[session_timeout.STARTED_AT_KEY] -= 12 * 60 * MINUTE - 4 * MINUTE
    store.save()
    page.reload()
    page.clock.fast_forward(1500)

    tab.says("Twelve hours are almost over").wait_for()
    assert not tab.says("Are you still there?").is_visible()
    check_dialog_accessibility(page, "session-end")
    page.get_by_role("button", name="Continue until then").click()
    page.reload()
    page.clock.fast_forward(2000)
    assert page.get_by_role("dialog").count() == 0
    tab.wait(4 * MINUTE)

    page.wait_for_url("**/accounts/login/?next=*")
    page.get_by_text("signed out after 12 hours").wait_for()
