from pathlib import Path

import httpx2

from config.launcher import paths
from tests.timeouts import WAIT_TIMEOUT_SECONDS


def test_stack_health_endpoint_returns_200(stack):
    assert httpx2.get(f"{stack.base_url}/healthz/", timeout=WAIT_TIMEOUT_SECONDS).status_code == 200


def test_stack_manage_commands_use_the_same_database(stack):
    printed = stack.run_manage_command(
        "shell", "-v", "0", "-c", "from django.db import connection as c; print(c.settings_dict)"
    )

    assert stack.env["DATABASE_URL"].rpartition("=")[2] in printed


def test_simulator_control_api_requires_control_token(simulator_control):
    assert simulator_control.get("gateways").status_code == 200
    assert simulator_control.get("gateways", headers={"X-Control": "a guess"}).status_code == 403


def test_stack_temporary_files_are_in_a_folder_removed_with_it(stack):
    """A killed process cleans up nothing."""
    temporary = Path(stack.env["TMPDIR"])

    assert list(temporary.glob("vitals-counts-*"))
    assert temporary.parent == paths.socket_folder(stack.plan.state)
