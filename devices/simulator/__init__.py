"""Simulated Tenovi HWI API. It reaches the product only by HTTP and imports nothing of it.

One WSGI application, used three ways: under the real client without a socket (`WSGITransport(app=Simulator())`),
as a process with scripted faults (`python -m devices.simulator`), and in the demo as the vendor (`--demo`).
"""

from devices.simulator.runtime.messages import ConnectionFault
from devices.simulator.simulator import Simulator

__all__ = ["ConnectionFault", "Simulator"]
