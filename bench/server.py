"""The running server: answers to callbacks and exports one by one, answers a second under load."""

from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import httpx
import psycopg

from bench import load
from bench.figures import Figure, of_samples
from bench.subjects import SCREENS, Screen
from bench.timing import by_turns
from data import database

GROUP = "Answers over HTTP"
LOAD = "Under load, 16 connections"
_CONNECTIONS = 16
_CALLBACK = "/_dash-update-component"
_EXPORTS = ("json", "csv", "svg")


def measure(
    client: httpx.Client, noop: str, database_url: str, rounds: int, say: Callable[[str], None]
) -> Iterator[Figure]:
    """Opening each page: kept (nothing changed) and computed (a generation moved before every request)."""
    bare = httpx.Client(base_url=noop)
    with psycopg.connect(database.libpq_url(database_url), autocommit=True) as connection:
        for screen in SCREENS:
            say(f"{screen.name} over HTTP")
            body = opening(screen)

            def kept(body: dict[str, Any] = body) -> None:
                _ask(client, body)

            def computed(body: dict[str, Any] = body) -> None:
                connection.execute("UPDATE data_generation SET number = number + 1 WHERE topic = 'tests'")
                _ask(client, body)

            def nothing() -> None:
                bare.post(_CALLBACK, json=_noop_body()).raise_for_status()

            size = len(_ask(client, body).content)
            samples = by_turns({"kept": kept, "computed": computed, "nothing": nothing}, rounds)
            floor = {"baseline": median(samples["nothing"]), "baseline_name": "a no-op callback"}
            yield of_samples(
                GROUP, f"{screen.name} opened, cached", samples["kept"], note=f"{size / 1024:.0f} KB", **floor
            )
            yield of_samples(GROUP, f"{screen.name} opened, computed", samples["computed"], **floor)
    for kind in _EXPORTS:
        say(f"export {kind}")
        size = len(client.get(f"/export/heatmap.{kind}").raise_for_status().content)
        samples = by_turns({"ours": partial(client.get, f"/export/heatmap.{kind}")}, rounds)
        yield of_samples(GROUP, f"heatmap as {kind}", samples["ours"], note=f"{size / 1024:.0f} KB")
    bare.close()


def under_load(client: httpx.Client, noop: str, seconds: float, say: Callable[[str], None]) -> Iterator[Figure]:
    say("load")
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items()),
        "X-CSRFToken": _csrf(client),
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
    }
    address = str(client.base_url)
    asks = {"a no-op callback": load.request(noop, "POST", _CALLBACK, body=_noop_body())}
    asks |= {one.name: load.request(address, "POST", _CALLBACK, headers=headers, body=opening(one)) for one in SCREENS}
    found = load.by_turns(asks, connections=_CONNECTIONS, seconds=seconds)
    floor = found.pop("a no-op callback")
    for name, one in found.items():
        failed = f", {one.failed} failed" if one.failed else ""
        yield Figure(
            LOAD, f"{name} opened, cached", load.per_second(one), unit="/s", n=one.answers,
            baseline=load.per_second(floor), baseline_name="a no-op callback",
            target=1500, at_least=True, note=f"{one.size / 1024:.0f} KB{failed}",
        )  # fmt: skip
        yield Figure(
            LOAD, f"{name}, 95 of 100 within", load.p95(one), n=one.answers,
            baseline=load.p95(floor), baseline_name="a no-op callback", target=25,
        )  # fmt: skip


def opening(screen: Screen) -> dict[str, Any]:
    """What Dash sends when a person goes to a page."""
    outputs = [{"id": name, "property": "children"} for name in ("page", "title", "answer")]
    return {
        "output": "..page.children...title.children...answer.children..",
        "outputs": outputs,
        "inputs": [{"id": "url", "property": "pathname", "value": screen.path}],
        "state": [{"id": "url", "property": "search", "value": ""}],
        "changedPropIds": ["url.pathname"],
    }


def _noop_body() -> dict[str, Any]:
    return {
        "output": "page.children",
        "outputs": {"id": "page", "property": "children"},
        "inputs": [{"id": "url", "property": "pathname", "value": "/"}],
        "changedPropIds": ["url.pathname"],
    }


def _csrf(client: httpx.Client) -> str:
    return client.cookies.get("_csrf_token") or ""


def _ask(client: httpx.Client, body: dict[str, Any]) -> httpx.Response:
    headers = {"X-CSRFToken": _csrf(client)}
    return client.post(_CALLBACK, json=body, headers=headers).raise_for_status()
