import pytest


@pytest.fixture
def mfa_required(settings):
    settings.MFA_REQUIRED = True
