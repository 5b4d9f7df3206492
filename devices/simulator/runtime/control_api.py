"""Control API for tests at `/_control/`: JSON in and out, authenticated by the header `X-Control: <token>`.

| method and path | body |
|---|---|
| GET, POST, DELETE faults | POST {kind, match, status, seconds, times, headers, body, applied}; see faults.py |
| GET, DELETE requests | the request log: at, key, method, path, query, body, status, applied |
| GET, POST webhooks | POST {drop_rate, duplicate_rate, late_rate, late_seconds, pause}; GET the log of what was sent |
| POST register_special_order_webhook | {endpoint, auth_key, auth_header}: as in the vendor's web app |
| GET, POST gateways | POST {gateway_uuid}: known and free from now on; GET lists the free ones |
| GET devices | all, raw |
| POST device | {name, external_id, patient, hardware_uuid, status}: one that was not ordered through the API |
| POST status | {hwi_device_id, status, moving}: `moving` lets the parcel advance from there |
| POST hold | {kind: device, replacement or bulk_order, key}: it moves no further by itself |
| POST ship | {hwi_device_id} |
| POST reading | {hwi_device_id, metric, value_1, value_2, timestamp, created, estimated, filter_params, webhook} |
| POST readings | a list of readings; those of one device and timestamp travel together |
| POST bulk_order | {contents: [{name, quantity, kit_id}]} |
| POST limits | {gap_seconds, retry_after: alternate, seconds, date or none} |
| POST corrected_orders | {released}: orders that wait for the client go on with a corrected or confirmed address |
| POST advance | {seconds} on the lifecycle clock |
| POST live | one live reading of the demo now |
| POST reset | everything as in a new state file |
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from devices.simulator.runtime.messages import ApiError, Json, Request, Response

CONTROL_PREFIX = "/_control/"
ControlActions = Mapping[tuple[str, str], Callable[[Any], Any]]  # (method, path): takes the parsed JSON body


class ControlApi:
    def __init__(self, actions: ControlActions, *, lock: AbstractContextManager[Any], token: str) -> None:
        self.actions, self.lock, self.token = actions, lock, token

    def handle_request(self, request: Request) -> Response:
        if request.headers.get("x-control") != self.token:
            return Response(403, {"detail": "X-Control: wrong or missing token."})
        action = self.actions.get((request.method, request.path.removeprefix(CONTROL_PREFIX).strip("/")))
        if not action:
            return Response(404, {"detail": "No such control.", "controls": sorted({path for _, path in self.actions})})
        try:
            body: Json | list[Json] = json.loads(request.body or b"{}")
            with self.lock:
                result = action(body)
                return Response(body=json.dumps({} if result is None else result).encode())
        except (TypeError, ValueError, KeyError) as error:
            return Response(400, {"detail": f"{type(error).__name__}: {error}"})
        except ApiError as refusal:
            return Response(refusal.status, refusal.data)
