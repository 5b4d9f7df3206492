"""The vendor's records of patients, as the simulator has them."""

PATIENT_WRITES = {"path_contains": "hwi-patients"}  # for scripted faults


def vendor_record(sim, patient):
    return sim.state.store.get("patient", patient.external_id.casefold())


def patient_requests(sim, method):
    """Every request for a patient's record that reached the vendor."""
    return sim.requests.matching_lines(method, "hwi-patients")
