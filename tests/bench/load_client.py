"""Load client with little overhead: plain persistent sockets, requests built beforehand."""

import socket
import threading
import time


def build_request(path, body, *, secret):
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {secret}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class PersistentConnection:
    """One persistent connection; the measured responses have no body."""

    def __init__(self, address):
        self._address, self._socket = address, None

    def ask(self, request):
        """Status. A connection that the server has closed is opened anew, once."""
        for _ in range(2):
            if self._socket is None:
                self._socket = socket.create_connection(self._address, timeout=30)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if status := self._exchange(request):
                return status
        raise ConnectionError("closed twice")

    def _exchange(self, request):
        try:
            self._socket.sendall(request)
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


def measure_throughput(address, requests, *, lines):
    """Requests a second over `lines` connections."""
    queue = iter(requests)
    lock, wrong = threading.Lock(), []

    def work():
        line = PersistentConnection(address)
        while True:
            with lock:
                request = next(queue, None)
            if request is None:
                break
            if (status := line.ask(request)) != 204:
                wrong.append(status)
        line.close()

    seconds = run_threads(work, lines)
    assert not wrong, wrong[:5]
    return len(requests) / seconds


def measure_latencies(address, requests, *, rate, lines):
    """Seconds that each took from when it was due, at `rate` a second: waiting for a free line counts too."""
    began, taken, wrong = time.perf_counter() + 0.2, [0.0] * len(requests), []

    def work(first):
        line = PersistentConnection(address)
        for n in range(first, len(requests), lines):
            due = began + n / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            if (status := line.ask(requests[n])) != 204:
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
