import pytest
import time_machine

from tests.patients.pages import NOW


@pytest.fixture
def noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def second_step_required(settings):
    settings.MFA_REQUIRED = True
