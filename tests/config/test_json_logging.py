"""Lines of the log: what they hold, and what of a library's words they leave out."""

import json
import logging
import threading

import pytest

from config.json_logging import JsonLogFormatter, log_uncaught_exceptions, request_id

SECRET = "Quetzalia"


def format_log_line(name="devices.inbox.processing", message="delivery %s failed", args=(7,), **extra):
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, extra.pop("exc_info", None))
    record.__dict__.update(extra)
    return json.loads(JsonLogFormatter().format(record))


def exception_info(error, cause=None):
    try:
        try:
            raise cause or KeyError(SECRET)
        except Exception as first:
            raise error from first
    except ValueError as caught:
        return type(caught), caught, caught.__traceback__


def test_json_log_line_preserves_our_message_with_request_id():
    token = request_id.set("abc123")
    said = format_log_line(facts={"delivery": 7})
    request_id.reset(token)

    assert (said["message"], said["request"], said["delivery"]) == ("delivery 7 failed", "abc123", 7)
    assert (said["level"], said["logger"]) == ("error", "devices.inbox.processing")


def test_json_log_line_of_exception_has_type_place_and_cause_without_text():
    said = format_log_line(exc_info=exception_info(ValueError(f"bad name {SECRET}")))

    assert [cause["kind"] for cause in said["error"]] == ["builtins.ValueError", "builtins.KeyError"]
    assert "tests/config/test_json_logging.py" in said["error"][0]["where"][-1]
    assert SECRET not in json.dumps(said)


@pytest.mark.parametrize(
    ("name", "message", "args", "written"),
    [
        ("django.request", "Internal Server Error: %s", (f"/{SECRET}/",), "Internal Server Error: ..."),
        ("gunicorn.error", "Error handling request %s %s", ("GET", f"/{SECRET}"), "Error handling request ... ..."),
        ("celery.app.trace", "Task %(name)s[%(id)s]: %(exc)s", ({"name": "t", "id": "1", "exc": SECRET},),
         "Task ...[...]: ..."),
        ("library", f"no template {SECRET}", (), "..."),
    ],
)  # fmt: skip
def test_json_log_line_of_library_error_omits_message_arguments(name, message, args, written):
    said = format_log_line(name, message, args, exc_info=exception_info(ValueError(SECRET)))

    assert said["message"] == written
    assert SECRET not in json.dumps(said)


def test_json_log_line_of_invalid_request_omits_its_text():
    said = format_log_line("gunicorn.error", f"Invalid request from ip=192.0.2.7: Invalid Request Line '/{SECRET}'", ())

    assert said["message"] == "Invalid request from ip"


def test_json_log_line_of_failed_task_names_task():
    data = {"name": "devices.tasks.record_heartbeat", "id": "77", "args": SECRET, "exc": SECRET}
    said = format_log_line(
        "celery.app.trace", "Task %(name)s", (data,), data=data, exc_info=exception_info(ValueError(SECRET))
    )

    assert (said["task"], said["task_id"]) == ("devices.tasks.record_heartbeat", "77")
    assert SECRET not in json.dumps(said)


def test_json_log_line_escapes_line_breaks():
    record = logging.LogRecord("devices", logging.INFO, __file__, 1, "one\n%s", ('{"level": "fake"}',), None)

    assert "\n" not in JsonLogFormatter().format(record)


def test_json_log_line_of_uncaught_thread_exception_omits_its_text(monkeypatch, caplog):
    monkeypatch.setattr("sys.excepthook", None)
    monkeypatch.setattr(threading, "excepthook", None)
    log_uncaught_exceptions()

    def fail():
        raise ValueError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    said = json.loads(JsonLogFormatter().format(caplog.records[-1]))
    assert (said["message"], said["error"][0]["kind"]) == ("uncaught in a thread", "builtins.ValueError")
    assert SECRET not in json.dumps(said)
