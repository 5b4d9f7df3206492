"""A client that costs little: plain sockets kept open, requests made beforehand."""

import socket
import threading
import time


def build_request(path, body, *, secret):
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {secret}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class KeptConnection:
    """One kept connection; the answers that we measure have no body."""

    def __init__(self, address):
        self._address, self._socket = address, None

    def ask(self, wire):
        """Status. A connection that the server has closed is opened anew, once."""
        for _ in range(2):
            if self._socket is None:
                self._socket = socket.create_connection(self._address, timeout=30)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if status := self._exchange(wire):
                return status
        raise ConnectionError("closed twice")

    def _exchange(self, wire):
        try:
            self._socket.sendall(wire)
            answer = b""
            while b"\r\n\r\n" not in answer:
                chunk = self._socket.recv(4096)
                if not chunk:
                    raise ConnectionResetError
                answer += chunk
        except (ConnectionResetError, BrokenPipeError):
            self.close()
            return None
        if b"connection: close" in answer.lower():
            self.close()
        return int(answer[9:12])

    def close(self):
        if self._socket:
            self._socket.close()
        self._socket = None


def measure_throughput(address, wires, *, lines):
    """Requests a second over `lines` connections."""
    queue = iter(wires)
    lock, wrong = threading.Lock(), []

    def work():
        line = KeptConnection(address)
        while True:
            with lock:
                wire = next(queue, None)
            if wire is None:
                break
            if (status := line.ask(wire)) != 204:
                wrong.append(status)
        line.close()

    seconds = run_threads(work, lines)
    assert not wrong, wrong[:5]
    return len(wires) / seconds


def measure_latencies(address, wires, *, rate, lines):
    """Seconds that each took from when it was due, at `rate` a second: waiting for a free line counts too."""
    began, taken, wrong = time.perf_counter() + 0.2, [0.0] * len(wires), []

    def work(first):
        line = KeptConnection(address)
        for n in range(first, len(wires), lines):
            due = began + n / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            if (status := line.ask(wires[n])) != 204:
                wrong.append(status)
            taken[n] = time.perf_counter() - due
        line.close()

    run_threads(work, lines, numbered=True)
    assert not wrong, wrong[:5]
    return taken


def run_threads(work, count, *, numbered=False):
    threads = [threading.Thread(target=work, args=(n,) if numbered else ()) for n in range(count)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start
