"""The example units for systemd: how they stop and restart processes."""

import configparser

import pytest

from config import celery
from devices.tenovi.transport import CALL_DEADLINE_SECONDS
from patients.queueing.work_item import SLICE_SECONDS
from tests.source_code import ROOT

UNITS = sorted((ROOT / "docs" / "units").glob("*.service"))
WORKER_UNITS = [path for path in UNITS if path.stem.removeprefix("vitals-") in celery.QUEUES]


def read_unit(path):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(path)
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_unit_restarts_its_process_without_limit(path):
    unit = read_unit(path)

    assert unit["Service"]["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"


def test_worker_units_stop_the_main_process_alone_and_wait_for_its_item():
    """By default systemd ends the pool processes too, and with them the call to the vendor that one is sending."""
    assert len(WORKER_UNITS) == len(celery.QUEUES)
    for path in WORKER_UNITS:
        service = read_unit(path)["Service"]
        assert service["KillMode"] == "mixed"
        assert int(service["TimeoutStopSec"]) > SLICE_SECONDS + CALL_DEADLINE_SECONDS


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_unit_has_no_privileges_that_the_product_does_not_need(path):
    service = read_unit(path)["Service"]

    assert service["User"] != "root"
    assert service["UMask"] == "0077"
    assert service["CapabilityBoundingSet"] == ""
    assert set(service["RestrictAddressFamilies"].split()) == {"AF_UNIX", "AF_INET", "AF_INET6"}
    assert service["SystemCallFilter"] == "@system-service"
    assert service["ProtectSystem"] == "strict"
    for name in ("NoNewPrivileges", "PrivateDevices", "PrivateTmp", "ProtectHome", "RestrictNamespaces"):
        assert service[name] == "yes", name
