"""One stack for all fault tests, restored after each: they run in one pytest worker, one after the other."""

import pytest

from config.launcher import paths
from tests import environment
from tests.faults.delivery_log import DeliveryLog
from tests.faults.fault_stack import FaultStack, fault_plan
from tests.stacks import VENDOR_SETUP_SCRIPT, running_test_stack


@pytest.fixture(scope="session")
def running_fault_stack(django_db_setup):
    state = paths.create_private_folder(environment.run_folder("faults"))
    try:
        with running_test_stack(fault_plan(state)) as stack:
            stack.run_manage_command("shell", "-v", "0", "-c", VENDOR_SETUP_SCRIPT)
            running = FaultStack(stack)
            yield running
            running.close()
    finally:
        paths.remove_state(state)


@pytest.fixture
def fault_stack(running_fault_stack):
    running_fault_stack.clear_requests()
    before = running_fault_stack.deadlocks()
    yield running_fault_stack
    running_fault_stack.restore()
    assert running_fault_stack.deadlocks() <= before, "two of our transactions waited for each other"


@pytest.fixture
def enrolled_patients(fault_stack):
    return fault_stack.create_records("create_patients", count=5)


@pytest.fixture
def delivery_log(fault_stack, enrolled_patients):
    return DeliveryLog(fault_stack, enrolled_patients)
