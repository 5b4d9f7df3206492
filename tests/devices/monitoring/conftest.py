import pytest
from django.utils import timezone

from devices.monitoring import views as health_views
from patients.queueing.models import PeriodicJob
from tests.devices.monitoring.monitoring_data import count_webhook_at, time_ago
from tests.factories import SyncRunFactory

JOBS = ("beat", "worker ingest", "worker people", "worker background", "alarms", "nightly readings", "exceptions")


@pytest.fixture(autouse=True)
def fresh_health_cache(monkeypatch):
    monkeypatch.setattr(health_views, "cached_health", health_views.CachedHealth())


@pytest.fixture
def healthy_installation(db):
    """A database in which every check passes."""
    for name in (*JOBS, "look up unknown devices", "purge bodies"):
        PeriodicJob.objects.create(name=name, started_at=timezone.now(), succeeded_at=timezone.now())
    for kind in ("measurements", "devices", "gateways", "catalogue", "bulk_orders"):
        SyncRunFactory(
            kind=kind, nightly=kind == "measurements", started_at=time_ago(hours=9), finished_at=time_ago(hours=8)
        )
    for day in range(7):
        for hour in (0, 6, 12, 18):
            count_webhook_at(time_ago(days=day, hours=hour))
