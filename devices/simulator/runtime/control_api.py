"""`/_control/`: the tester's hands, JSON in and out, behind the header `X-Control: <token>`.

| method and path | body |
|---|---|
| GET, POST, DELETE faults | POST {kind, match, status, seconds, times, headers, body, applied}; see faults.py |
| GET, DELETE requests | what the API was asked: at, key, method, path, query, status, applied |
| GET, POST webhooks | POST {drop_rate, duplicate_rate, late_rate, late_seconds, pause}; GET the log of what was sent |
| POST register_special_order_webhook | {endpoint, auth_key, auth_header}: as in the vendor's web app |
| GET, POST gateways | POST {gateway_uuid}: known and free from now on; GET the free ones |
| GET devices | all, raw |
| POST device | {name, external_id, patient, hardware_uuid, status}: one that nobody ordered here |
| POST status | {hwi_device_id, status, moving}: `moving` lets the parcel go on from there |
| POST ship | {hwi_device_id} |
| POST reading | {hwi_device_id, metric, value_1, value_2, timestamp, created, estimated, filter_params, webhook} |
| POST readings | a list of such; those of one device and timestamp travel together |
| POST bulk_order | {contents: [{name, quantity, kit_id}]} |
| POST limits | {gap_seconds, retry_after: alternate, seconds, date or none} |
| POST advance | {seconds} on the lifecycle clock |
| POST live | one live reading of the demo now |
| POST reset | everything as on the first day |
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from devices.simulator.runtime.messages import ApiError, Json, Request, Response

if TYPE_CHECKING:
    from devices.simulator.simulator import Simulator

CONTROL_PREFIX = "/_control/"


class ControlApi:
    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator
        self.actions: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "faults"): lambda _: [asdict(fault) for fault in simulator.faults.pending_faults()],
            ("POST", "faults"): lambda body: asdict(simulator.faults.add(**body)),
            ("DELETE", "faults"): lambda _: simulator.faults.clear(),
            ("GET", "requests"): lambda _: list(simulator.requests),
            ("DELETE", "requests"): lambda _: simulator.requests.clear(),
            ("GET", "webhooks"): lambda _: simulator.webhooks.report(),
            ("POST", "webhooks"): lambda body: simulator.webhooks.configure(**body),
            ("POST", "register_special_order_webhook"): lambda body: simulator.register_special_order_webhook(**body),
            ("GET", "gateways"): lambda _: simulator.free_gateways(),
            ("POST", "gateways"): lambda body: simulator.add_gateway(**body),
            ("GET", "devices"): lambda _: simulator.devices(),
            ("POST", "device"): lambda body: simulator.add_device(**body),
            ("POST", "status"): lambda body: simulator.set_status(**body),
            ("POST", "ship"): lambda body: simulator.ship(**body),
            ("POST", "reading"): lambda body: simulator.add_readings([body]),
            ("POST", "readings"): simulator.add_readings,
            ("POST", "bulk_order"): lambda body: simulator.place_bulk_order(**body),
            ("POST", "limits"): lambda body: simulator.set_limits(**body),
            ("POST", "advance"): lambda body: {"steps": simulator.advance(**body)},
            ("POST", "live"): lambda _: simulator.live.send_next_reading(),
            ("POST", "reset"): lambda _: simulator.reset(),
        }

    def handle_request(self, request: Request) -> Response:
        if request.headers.get("x-control") != self.simulator.control_token:
            return Response(403, {"detail": "X-Control: wrong or missing token."})
        action = self.actions.get((request.method, request.path.removeprefix(CONTROL_PREFIX).strip("/")))
        if not action:
            return Response(404, {"detail": "No such control.", "controls": sorted({path for _, path in self.actions})})
        return self.run_action(action, request)

    def run_action(self, action: Callable[[Any], Any], request: Request) -> Response:
        try:
            body: Json | list[Json] = json.loads(request.body or b"{}")
            with self.simulator.state.lock:
                result = action(body)
                answer = json.dumps({} if result is None else result).encode()
        except (TypeError, ValueError, KeyError) as error:
            return Response(400, {"detail": f"{type(error).__name__}: {error}"})
        except ApiError as refusal:
            return Response(refusal.status, refusal.data)
        return Response(body=answer)
