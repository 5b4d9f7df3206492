"""Periodic jobs: one at a time over all machines, and a record of how each ended."""

import threading

import pytest
from django.db import connection

from patients.queueing import periodic_jobs
from patients.queueing.models import PeriodicJob

pytestmark = pytest.mark.django_db(transaction=True)


def test_periodic_job_records_its_start_and_its_success():
    with periodic_jobs.run_exclusively("tidy") as mine:
        assert mine
        assert PeriodicJob.objects.get().succeeded_at is None

    job = PeriodicJob.objects.get(name="tidy")
    assert job.started_at <= job.succeeded_at


def in_other_session(act):
    """In another session of the database, as another machine would."""
    found = []

    def run():
        found.append(act())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def try_to_run(name):
    with periodic_jobs.run_exclusively(name) as mine:
        return mine


def test_periodic_job_does_not_run_twice_at_the_same_time():
    with periodic_jobs.run_exclusively("tidy"):
        assert in_other_session(lambda: try_to_run("tidy")) is False
        assert in_other_session(lambda: try_to_run("another job")) is True

    assert in_other_session(lambda: try_to_run("tidy")) is True


def test_periodic_job_failure_releases_its_lock_and_preserves_the_last_success():
    periodic_jobs.record_success("tidy")
    before = PeriodicJob.objects.get().succeeded_at

    with pytest.raises(ZeroDivisionError), periodic_jobs.run_exclusively("tidy"):
        _ = 1 / 0

    job = PeriodicJob.objects.get()
    assert (job.problem, job.succeeded_at) == ("ZeroDivisionError", before)
    assert in_other_session(lambda: try_to_run("tidy")) is True


def test_periodic_job_success_clears_the_recorded_problem():
    PeriodicJob.objects.create(name="tidy", problem="ZeroDivisionError")

    with periodic_jobs.run_exclusively("tidy"):
        pass

    assert PeriodicJob.objects.get().problem == ""
