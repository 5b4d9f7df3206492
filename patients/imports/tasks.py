from __future__ import annotations

from celery import shared_task

from patients.files import stored_files
from patients.imports import purge, runs
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import DrainEnd


@shared_task
def process_imports() -> None:
    if runs.process_due_imports().end is DrainEnd.TIME_UP:
        wake_worker(runs.WORK)


@shared_task
def purge_old_files() -> None:
    purge.purge_old_imports()
    stored_files.purge_expired_files()
