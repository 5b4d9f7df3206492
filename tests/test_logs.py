"""Lines of the log: what they hold, and what of a library's words they leave out."""

import json
import logging
import threading

import pytest

from config.json_logging import JsonLines, log_the_uncaught, request_id

SECRET = "Quetzalia"


def line(name="devices.inbox.processing", message="delivery %s failed", args=(7,), **extra):
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, extra.pop("exc_info", None))
    record.__dict__.update(extra)
    return json.loads(JsonLines().format(record))


def raised(error, cause=None):
    try:
        try:
            raise cause or KeyError(SECRET)
        except Exception as first:
            raise error from first
    except ValueError as caught:
        return type(caught), caught, caught.__traceback__


def test_our_own_words_stay_and_carry_the_request():
    token = request_id.set("abc123")
    said = line(facts={"delivery": 7})
    request_id.reset(token)

    assert (said["message"], said["request"], said["delivery"]) == ("delivery 7 failed", "abc123", 7)
    assert (said["level"], said["logger"]) == ("error", "devices.inbox.processing")


def test_an_exception_is_its_kind_its_place_and_its_cause_never_its_text():
    said = line(exc_info=raised(ValueError(f"bad name {SECRET}")))

    assert [cause["kind"] for cause in said["error"]] == ["builtins.ValueError", "builtins.KeyError"]
    assert "tests/test_logs.py" in said["error"][0]["where"][-1]
    assert SECRET not in json.dumps(said)


@pytest.mark.parametrize(
    ("name", "message", "args", "kept"),
    [
        ("django.request", "Internal Server Error: %s", (f"/{SECRET}/",), "Internal Server Error: ..."),
        ("gunicorn.error", "Error handling request %s %s", ("GET", f"/{SECRET}"), "Error handling request ... ..."),
        ("celery.app.trace", "Task %(name)s[%(id)s]: %(exc)s", ({"name": "t", "id": "1", "exc": SECRET},),
         "Task ...[...]: ..."),
        ("anybody", f"no template {SECRET}", (), "..."),
    ],
)  # fmt: skip
def test_of_a_librarys_error_the_template_stays_and_what_fills_it_goes(name, message, args, kept):
    said = line(name, message, args, exc_info=raised(ValueError(SECRET)))

    assert said["message"] == kept
    assert SECRET not in json.dumps(said)


def test_a_request_that_could_not_be_read_is_not_quoted():
    said = line("gunicorn.error", f"Invalid request from ip=192.0.2.7: Invalid Request Line '/{SECRET}'", ())

    assert said["message"] == "Invalid request from ip"


def test_a_failed_task_is_named():
    data = {"name": "devices.tasks.sign_of_life", "id": "77", "args": SECRET, "exc": SECRET}
    said = line("celery.app.trace", "Task %(name)s", (data,), data=data, exc_info=raised(ValueError(SECRET)))

    assert (said["task"], said["task_id"]) == ("devices.tasks.sign_of_life", "77")
    assert SECRET not in json.dumps(said)


def test_a_line_break_makes_no_second_line():
    record = logging.LogRecord("devices", logging.INFO, __file__, 1, "one\n%s", ('{"level": "fake"}',), None)

    assert "\n" not in JsonLines().format(record)


def test_what_ends_a_thread_is_logged_without_its_text(monkeypatch, caplog):
    monkeypatch.setattr("sys.excepthook", None)
    monkeypatch.setattr(threading, "excepthook", None)
    log_the_uncaught()

    def fail():
        raise ValueError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    said = json.loads(JsonLines().format(caplog.records[-1]))
    assert (said["message"], said["error"][0]["kind"]) == ("uncaught in a thread", "builtins.ValueError")
    assert SECRET not in json.dumps(said)
