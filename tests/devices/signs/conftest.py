import pytest
from django.utils import timezone

from devices.models import PeriodicJob
from devices.monitoring import views as health_views
from tests.devices.signs.house import ago, hook_at
from tests.factories import SyncRunFactory

JOBS = ("beat", "worker ingest", "worker people", "worker background", "alarms", "nightly readings")


@pytest.fixture(autouse=True)
def new_process(monkeypatch):
    monkeypatch.setattr(health_views, "_glance", health_views.Glance())


@pytest.fixture
def running(db):
    """A house in which all that must run runs."""
    for name in (*JOBS, "look up unknown devices", "purge bodies"):
        PeriodicJob.objects.create(name=name, started_at=timezone.now(), succeeded_at=timezone.now())
    for kind in ("measurements", "devices", "gateways", "catalogue"):
        SyncRunFactory(kind=kind, nightly=kind == "measurements", started_at=ago(hours=9), finished_at=ago(hours=8))
    for day in range(7):
        for hour in (0, 6, 12, 18):
            hook_at(ago(days=day, hours=hour))
