from pathlib import Path

import httpx2

from config.launcher import paths
from tests.patience import PATIENCE_SECONDS


def test_the_house_stands_and_says_so(house):
    assert httpx2.get(f"{house.base_url}/healthz/", timeout=PATIENCE_SECONDS).status_code == 200


def test_its_manage_commands_see_the_same_database(house):
    printed = house.manage("shell", "-v", "0", "-c", "from django.db import connection as c; print(c.settings_dict)")

    assert house.env["DATABASE_URL"].rpartition("=")[2] in printed


def test_the_simulated_vendor_can_be_steered_by_us_alone(vendor):
    assert vendor.get("gateways").status_code == 200
    assert vendor.get("gateways", headers={"X-Control": "a guess"}).status_code == 403


def test_what_its_processes_keep_in_passing_lies_in_a_folder_that_goes_with_it(house):
    """Whoever is killed tidies nothing up."""
    kept = Path(house.env["TMPDIR"])

    assert list(kept.glob("vitals-counts-*"))
    assert kept.parent == paths.sockets(house.plan.state)
