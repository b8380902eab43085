"""Answers a second over many connections: a small client on plain sockets, so that it takes little from the server."""

import selectors
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from urllib.parse import urlsplit

import orjson

_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as bytes, and where to."""

    host: str
    port: int
    content: bytes


@dataclass(slots=True)
class Load:
    """`per_second` and `p95` (ms) are medians over the rounds; `failed` counts answers other than 200."""

    per_second: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    answers: int = 0
    failed: int = 0
    size: int = 0


def request(
    address: str, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: object = None
) -> Ask:
    parts = urlsplit(address)
    content = orjson.dumps(body) if body is not None else b""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: keep-alive"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return Ask(parts.hostname or "", parts.port or 80, "\r\n".join([*lines, "", ""]).encode() + content)


def by_turns(asks: Mapping[str, Ask], *, connections: int, seconds: float) -> dict[str, Load]:
    """Each for `seconds`, in several rounds, one after the other."""
    found = {name: Load() for name in asks}
    for number in range(_ROUNDS + 1):
        for name, ask in asks.items():
            times, failed, size, taken = _run(ask, connections, seconds if number else seconds / 4)
            if not number:
                continue  # warm-up
            load = found[name]
            load.per_second.append(len(times) / taken)
            load.p95.append(quantiles(times, n=20)[-1] if len(times) > 1 else 0.0)
            load.answers += len(times)
            load.failed += failed
            load.size = size
    return found


def per_second(load: Load) -> float:
    return median(load.per_second)


def p95(load: Load) -> float:
    return median(load.p95)


@dataclass(slots=True)
class _Line:
    """One connection: since when it waits, and what of the answer is here."""

    peer: socket.socket
    since: float = 0.0
    head: bytes = b""
    left: int = -1
    status: bytes = b""


def _run(ask: Ask, connections: int, seconds: float) -> tuple[list[float], int, int, float]:
    selector = selectors.DefaultSelector()
    clock = time.perf_counter
    for _ in range(connections):
        peer = socket.create_connection((ask.host, ask.port))
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(peer, clock())
        selector.register(peer, selectors.EVENT_READ, line)
        peer.sendall(ask.content)
    times: list[float] = []
    failed = size = 0
    started = clock()
    until = started + seconds
    while (now := clock()) < until:
        for key, _events in selector.select(timeout=0.5):
            line = key.data
            whole, length = _receive(line)
            if not whole:
                continue
            now = clock()
            times.append((now - line.since) * 1000)
            failed += line.status != b"200"
            size = length
            line.head, line.left, line.since = b"", -1, now
            line.peer.sendall(ask.content)
    taken = clock() - started
    for key in list(selector.get_map().values()):
        key.data.peer.close()
    selector.close()
    return times, failed, size, taken


def _receive(line: _Line) -> tuple[bool, int]:
    """Read what is there; whether the answer is whole, and its length."""
    data = line.peer.recv(262_144)
    if not data:
        raise ConnectionError("the server closed a connection under load")
    if line.left < 0:
        line.head += data
        end = line.head.find(b"\r\n\r\n")
        if end < 0:
            return False, 0
        head = line.head[:end].lower()
        line.status = head[9:12]
        at = head.find(b"content-length:")
        if at < 0:
            raise ConnectionError("the answer has no length")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        line.left = length - (len(line.head) - end - 4)
        line.head = line.head[: end + 4] + length.to_bytes(8, "big")
    else:
        line.left -= len(data)
    return line.left <= 0, int.from_bytes(line.head[-8:], "big")
