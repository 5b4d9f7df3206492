import pytest
import time_machine

from tests.clocks import let_the_database_think_it_is
from tests.patients.pages import NOW


@pytest.fixture
def noon(monkeypatch):
    let_the_database_think_it_is(NOW, monkeypatch)
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def second_step_required(settings):
    settings.MFA_REQUIRED = True
