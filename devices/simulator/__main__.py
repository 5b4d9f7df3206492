"""Command line of the simulator, `python -m devices.simulator`. SIGTERM or Ctrl-C stops it cleanly."""

import argparse
import os
import signal
from threading import Event, Thread
from typing import Any

from devices.simulator.runtime.server import SimulatorServer, parse_bind_address
from devices.simulator.simulator import Simulator


def parse_arguments() -> dict[str, Any]:
    """Arguments of Simulator, and `bind`."""
    parser = argparse.ArgumentParser(prog="python -m devices.simulator", description="A simulated Tenovi HWI API.")
    parser.add_argument("--bind", default="127.0.0.1:0", help="address:port; port 0 takes any free one")
    parser.add_argument("--state", dest="state_path", default=":memory:", help="state file, reused after a restart")
    parser.add_argument("--domain", default="acme-rpm", help="the account's segment after /clients/")
    parser.add_argument("--keys", default=os.environ.get("SIMULATOR_KEYS", "key-people,key-background"))
    parser.add_argument("--demo", action="store_true", help="fill with invented people and send live readings")
    parser.add_argument("--stage-seconds", type=float, default=20.0, help="length of one stage of a parcel")
    parser.add_argument("--live-seconds", type=float, default=5.0, help="between live readings of the demo")
    parser.add_argument("--gap-seconds", type=float, default=1.0, help="least time between requests of one key")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--control-token", default=os.environ.get("SIMULATOR_CONTROL", "control"))
    options = vars(parser.parse_args())
    options["keys"] = [key.strip() for key in options["keys"].split(",") if key.strip()]
    return options


def main() -> None:
    options = parse_arguments()
    stopped = Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopped.set())
    bind_address = parse_bind_address(options.pop("bind"))
    simulator = Simulator(**options)
    server = SimulatorServer(bind_address, simulator)
    simulator.start()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="server", daemon=True).start()
    print(f"simulator ready on {server.url}", flush=True)
    stopped.wait()
    server.shutdown()
    simulator.stop()
    simulator.state.lock.acquire()  # never released: no running request meets a closed state file
    simulator.state.store.close()


if __name__ == "__main__":
    main()
