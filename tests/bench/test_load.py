"""The little client counts whole answers, also when they come in pieces."""

import socket
import threading
from collections.abc import Iterator

import pytest

from bench import load

BODY = b"x" * 300_000


@pytest.fixture
def address() -> Iterator[str]:
    """A server that answers every second request with an error and sends its body in pieces."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def answer(peer: socket.socket) -> None:
        number = 0
        with peer:
            while not ended.is_set():
                try:
                    if not peer.recv(65_536):
                        return
                    number += 1
                    status = b"200 OK" if number % 2 else b"500 No"
                    peer.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(BODY))
                    for at in range(0, len(BODY), 100_000):
                        peer.sendall(BODY[at : at + 100_000])
                except OSError:
                    return

    def serve() -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(peer,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    ended.set()
    listening.close()


def test_it_counts_answers_errors_and_bytes(address: str) -> None:
    asked = load.request(address, "POST", "/x", headers={"Cookie": "a=b"}, body={"n": 1})
    assert b"Cookie: a=b\r\n" in asked.content
    assert asked.content.endswith(b'Content-Length: 7\r\n\r\n{"n":1}')
    found = load.by_turns({"one": asked}, connections=4, seconds=0.1)["one"]
    assert found.size == len(BODY)
    assert found.answers > 0
    assert 0.3 < found.failed / found.answers < 0.7
    assert load.per_second(found) > 0
