"""Periodic jobs: one at a time over all machines, and a record of how each ended."""

import threading

import pytest
from django.db import connection

from devices.models import PeriodicJob
from patients.queueing import periodic_jobs

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_says_when_it_began_and_ended_well():
    with periodic_jobs.run_alone("tidy") as mine:
        assert mine
        assert PeriodicJob.objects.get().succeeded_at is None

    job = PeriodicJob.objects.get(name="tidy")
    assert job.started_at <= job.succeeded_at


def elsewhere(act):
    """In another session of the database, as another machine would."""
    found = []

    def run():
        found.append(act())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def tried(name):
    with periodic_jobs.run_alone(name) as mine:
        return mine


def test_a_second_beat_finds_it_at_work_and_does_nothing():
    with periodic_jobs.run_alone("tidy"):
        assert elsewhere(lambda: tried("tidy")) is False
        assert elsewhere(lambda: tried("another job")) is True

    assert elsewhere(lambda: tried("tidy")) is True


def test_a_job_that_fails_is_free_again_and_its_success_stays_the_old_one():
    periodic_jobs.succeeded("tidy")
    before = PeriodicJob.objects.get().succeeded_at

    with pytest.raises(ZeroDivisionError), periodic_jobs.run_alone("tidy"):
        _ = 1 / 0

    job = PeriodicJob.objects.get()
    assert (job.problem, job.succeeded_at) == ("ZeroDivisionError", before)
    assert elsewhere(lambda: tried("tidy")) is True


def test_a_success_clears_the_problem():
    PeriodicJob.objects.create(name="tidy", problem="ZeroDivisionError")

    with periodic_jobs.run_alone("tidy"):
        pass

    assert PeriodicJob.objects.get().problem == ""
