"""A load generator small enough not to be what is measured: raw sockets, keep-alive, reconnecting now and then."""
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

RECONNECT_AFTER = 50
"""Requests per connection: with endless keep-alive all clients can land on one worker (libraries.md, gthread trap)."""


@dataclass
class Load:
    """What a run of requests did: how many a second, how long the median one took, which statuses came back."""

    requests: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        """Throughput, requests per second."""
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def p50_ms(self) -> float:
        """Median latency in milliseconds."""
        return median(self.latencies_ms) if self.latencies_ms else 0.0


def http_request(method: str, path: str, body: bytes = b"", token: str | None = None) -> bytes:
    """One HTTP/1.1 request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    if body:
        lines.append("Content-Type: application/json")
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _read_response(connection: socket.socket) -> int:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("closed before an answer")
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return int(head[9:12])


def _client(port: int, requests: Callable[[int], bytes], number: int, until: float, load: Load, lock: threading.Lock) -> None:
    done, latencies, statuses = 0, [], Counter[int]()
    connection = None
    while time.perf_counter() < until:
        try:
            if connection is None or done % RECONNECT_AFTER == 0:
                connection = _connect(port, connection)
            begin = time.perf_counter()
            connection.sendall(requests(number * 10_000_000 + done))
            statuses[_read_response(connection)] += 1
            latencies.append((time.perf_counter() - begin) * 1000)
        except OSError:  # counted as status 0: a broken connection is an answer to be seen, not to be hidden
            statuses[0] += 1
            connection = None
        done += 1
    if connection is not None:
        connection.close()
    with lock:
        load.requests += done
        load.latencies_ms += latencies
        load.statuses += statuses


def _connect(port: int, former: socket.socket | None) -> socket.socket:
    if former is not None:
        former.close()
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def run_load(port: int, requests: Callable[[int], bytes], *, clients: int = 8, seconds: float = 3.0) -> Load:
    """Send what `requests(n)` builds from `clients` threads for some seconds; n differs at every request."""
    load, lock = Load(), threading.Lock()
    begin = time.perf_counter()
    until = begin + seconds
    threads = [
        threading.Thread(target=_client, args=(port, requests, number, until, load, lock)) for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - begin
    return load
