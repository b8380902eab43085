"""The floor: Dash and granian with one callback that does nothing, served as Aegis serves its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from bench.running import ROOT, free_port

THREADS = 4


def make_app() -> Any:
    import dash
    from dash import Input, Output, dcc, html

    app = dash.Dash("noop", enable_mcp=False, serve_locally=True, update_title=None)
    app.layout = html.Div([dcc.Location(id="url"), html.Div(id="page")])

    @app.callback(Output("page", "children"), Input("url", "pathname"))
    def nothing(_path: str | None) -> Any:
        return html.H2("Nothing")

    return app.server


@contextmanager
def serving() -> Iterator[str]:
    """The address of the app that does nothing."""
    port = free_port()
    code = f"from bench.noop import serve; serve({port})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.perf_counter() + 60
        while not _answers(address):
            if time.perf_counter() > deadline or process.poll() is not None:
                raise SystemExit("The app that does nothing did not start.")
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def serve(port: int) -> None:
    from granian.constants import Interfaces
    from granian.server import Server

    Server(
        "bench.noop:app", address="127.0.0.1", port=port, interface=Interfaces.WSGI, workers=1,
        blocking_threads=THREADS, runtime_blocking_threads=1, log_enabled=False,
    ).serve(target_loader=_load, wrap_loader=False)  # fmt: skip


def _load() -> Any:
    return make_app()


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
