import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from patients.tasks import forget_old_sessions


@pytest.mark.django_db
def test_sessions_that_are_over_are_forgotten():
    now = timezone.now()
    Session.objects.create(session_key="over", session_data="", expire_date=now - dt.timedelta(seconds=1))
    Session.objects.create(session_key="live", session_data="", expire_date=now + dt.timedelta(hours=1))

    forget_old_sessions()

    assert list(Session.objects.values_list("session_key", flat=True)) == ["live"]
