"""Services that take messages, listening on real sockets in the test's own process."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class HttpSink:
    """Answers POSTs with `status`, and keeps what they brought: (path, JSON)."""

    port: int = 0
    status: int = 200
    location: str = ""
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def address(self, path: str = "hook/topsecret") -> str:
        return f"json://127.0.0.1:{self.port}/{path}"


@contextmanager
def http_sink() -> Iterator[HttpSink]:
    sink = HttpSink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.got.append((self.path, json.loads(body)))
            self.send_response(sink.status)
            if sink.location:
                self.send_header("Location", sink.location)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sink.port = server.server_port
        with _serving(server):
            yield sink


@dataclass(slots=True)
class MailSink:
    """A mail server that takes every message, with its lines as they came."""

    port: int = 0
    got: list[str] = field(default_factory=list)

    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=aegis@example.org&to=ruth@example.org&mode=insecure"


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    sink = MailSink()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, words: str) -> None:
            self.wfile.write(f"{words}\r\n".encode())

        def handle(self) -> None:
            self.say("220 sink")
            for line in self.rfile:
                command = line[:4].upper().strip()
                if command == b"DATA":
                    self.say("354 go on")
                    sink.got.append("".join(iter(self._line, ".\r\n")))
                self.say("221 bye" if command == b"QUIT" else "250 ok")
                if command == b"QUIT":
                    return

        def _line(self) -> str:
            return self.rfile.readline().decode()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        sink.port = server.server_address[1]
        with _serving(server):
            yield sink


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
