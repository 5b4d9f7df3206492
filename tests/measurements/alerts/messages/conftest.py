"""A clock at an instant within the clinic's working hours, a responsible clinician and a colleague."""

import pytest

from tests.factories import CareTeamMemberFactory, UserFactory
from tests.measurements.alerts.messages.alert_mails import MORNING


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(MORNING, tick=False)
    return time_machine


@pytest.fixture
def responsible(rosa, nadia):
    CareTeamMemberFactory(patient=rosa, user=nadia, is_responsible=True)
    return nadia


@pytest.fixture
def colleague(elm):
    return UserFactory(email="dana@example.org", role="clinician", clinics=[elm])
