"""Chromium at desktop and phone width; console errors and failed requests of a page fail its test."""

import os
import threading
import time
from urllib.parse import urlsplit

import pytest
from django.core.signals import request_finished, request_started
from django.test import Client

from config.launcher.chromium import find_installed_chromium
from config.launcher.paths import ROOT
from tests.timeouts import WAIT_TIMEOUT_SECONDS

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# Both widths and both themes in two runs. axe checks colours and sizes in all four combinations.
LIGHT_THEN_DARK = pytest.mark.parametrize(
    ("viewport", "theme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop light", "phone dark"]
)
DARK_THEN_LIGHT = pytest.mark.parametrize(
    ("viewport", "theme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop dark", "phone light"]
)
# Screenshots of the last run; ignored by git.
SCREENSHOTS_FOLDER = ROOT / ".test" / "screenshots"
CHROMIUM_MISSING = "No Chromium"
CHROMIUM_HINT = f"{CHROMIUM_MISSING}: install one, or set CHROMIUM to its path; `make test` finds or downloads it."


def pytest_itemcollected(item):
    if "chromium" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around pytest's own, which ends with its list of reasons
def pytest_terminal_summary(terminalreporter):
    """Prints above the summary line that a run had no browser."""
    yield
    skipped = [report for report in terminalreporter.getreports("skipped") if CHROMIUM_MISSING in str(report.longrepr)]
    if skipped:
        terminalreporter.section("BROWSER TESTS SKIPPED", red=True)
        terminalreporter.line(f"{len(skipped)} browser tests were skipped. {CHROMIUM_HINT}")


@pytest.fixture(scope="session")
def chromium():
    path = find_installed_chromium()
    if path is None and os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(CHROMIUM_HINT)
    if path is None:
        pytest.skip(CHROMIUM_HINT)
    from playwright.sync_api import sync_playwright  # slow to load, and only these tests need it

    with sync_playwright() as playwright:
        # Its event loop stays in this thread, and Django would refuse the queries of later tests as async.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page_errors():
    """Console errors and failed requests of this test's pages. A test that provokes an error removes it from here."""
    return []


@pytest.fixture
def open_browser_page(chromium, page_errors):
    """A function that opens a tab in a context of its own; the test fails if one had errors."""
    contexts = []

    def open_page(*, viewport=DESKTOP, base_url=None, **options):
        contexts.append(chromium.new_context(viewport=viewport, base_url=base_url, **options))
        contexts[-1].set_default_timeout(WAIT_TIMEOUT_SECONDS * 1000)
        page = contexts[-1].new_page()
        record_page_errors(page, page_errors, home=urlsplit(base_url).netloc if base_url else None)
        return page

    with RequestCounter() as answering:
        yield open_page
        for context in contexts:
            context.close()
        answering.wait()
    assert page_errors == []


class RequestCounter:
    """Number of requests that the live server's threads are answering.

    A page may have polled as it was closed; truncating the tables during that request would be a deadlock.
    """

    def __init__(self):
        self.count, self.changed = 0, threading.Condition()

    def __enter__(self):
        request_started.connect(self.began)
        request_finished.connect(self.ended)
        return self

    def __exit__(self, *_):
        request_started.disconnect(self.began)
        request_finished.disconnect(self.ended)

    def began(self, **_):
        self.add(1)

    def ended(self, **_):
        self.add(-1)

    def add(self, number):
        if threading.current_thread() is not threading.main_thread():
            with self.changed:
                self.count += number
                self.changed.notify_all()

    def wait(self):
        with self.changed:
            assert self.changed.wait_for(lambda: self.count <= 0, WAIT_TIMEOUT_SECONDS), f"{self.count} requests hang"


def wait_until_true(condition):
    """Polls the condition, because our CSP refuses Playwright's own waiting for an expression."""
    end = time.monotonic() + WAIT_TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < end, "the condition never became true"
        time.sleep(0.05)


def wait_until_painted(page):
    """Waits until fonts are loaded and two frames have been painted."""
    page.evaluate("document.fonts.ready.then(() => 0)")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")


def stop_clock(page):
    """Stops the page's clock from the start; only `page.clock.run_for(milliseconds)` moves it, so that timers run
    equally often on a slow machine.
    """
    now = time.time()
    page.clock.install(time=now - WAIT_TIMEOUT_SECONDS)  # before now, however long the next line takes to arrive
    page.clock.pause_at(now)


def save_screenshot(page, name):
    """Saves a screenshot of the full page."""
    page.wait_for_load_state()  # after a click the page may still be loading
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    look = f"{page.viewport_size['width']}-{'dark' if dark else 'light'}"
    page.screenshot(path=SCREENSHOTS_FOLDER / f"{name}-{look}.png", full_page=True)


def session_cookie_for(user):
    """Value of the session cookie of a browser in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@pytest.fixture
def open_page_as(open_browser_page, live_server):
    """A function that opens an address in a tab of its own, as `user` or, with None, anonymous.

    `stopped`: the page's clock moves by `run_for` only.
    """

    def open_tab(user, path, *, stopped=False, **options):
        page = open_browser_page(base_url=live_server.url, **options)
        if stopped:
            stop_clock(page)
        if user:
            page.context.add_cookies([{"name": "sessionid", "value": session_cookie_for(user), "url": live_server.url}])
        page.goto(path)
        return page

    return open_tab


@pytest.fixture(params=["desktop", "phone"])
def page(open_browser_page, stack, request):
    """A tab on the test stack, once at each width."""
    return open_browser_page(viewport=DESKTOP if request.param == "desktop" else PHONE, base_url=stack.base_url)


def record_page_errors(page, errors, *, home):
    """Records console errors (CSP violations too), script errors, and requests to any host but `home`."""
    page.on("console", lambda message: message.type == "error" and errors.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: errors.append(f"script: {error}"))
    page.on(
        "request", lambda request: is_foreign_request(request.url, home) and errors.append(f"foreign: {request.url}")
    )


def is_foreign_request(url, home):
    parts = urlsplit(url)
    return home is not None and parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != home
