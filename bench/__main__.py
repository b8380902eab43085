"""`python -m bench`: build the large data set, measure, print a table with every figure beside its target."""

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console

from app.instance import SECRETS, Instance
from app.processes import configure_data
from app.schema import upgrade
from bench import (
    audit_log,
    browser,
    data,
    figures,
    imports,
    knowledge,
    noop,
    queries,
    running,
    server,
    subjects,
    tests_table,
    truth,
    workflow,
)
from bench.figures import Figure
from data import database
from data import redis as redis_connection

PARTS = ("start", "imports", "queries", "tests", "memory", "http", "workflow", "browser", "load", "truth")
_FILES = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
_STARTS = 3
_SETTLE_SECONDS = 30.0
out, err = Console(width=170), Console(stderr=True)


def main() -> int:
    asked = _arguments()
    directory = Path(asked.data_dir or tempfile.mkdtemp(prefix="aegis-bench-")).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    made: list[Figure] = []
    try:
        made.extend(_measure(asked, directory))
    finally:
        if made:
            figures.show(made, out)
            busy = os.getloadavg()[1]
            out.print(f"{time.perf_counter() - started:,.0f} seconds in all; load average {busy:.1f}.")
        if asked.json and made:
            Path(asked.json).write_bytes(figures.to_json(made, _about(asked)))
        if asked.keep or asked.data_dir:
            err.print(f"The data stays in {directory}.", markup=False)
        else:
            _remove(directory)
    return 1 if asked.strict and any(one.over for one in made) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--tests", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=200_000)
    parser.add_argument("--data-dir", help="where to keep the large data set, to use it again (never a user's)")
    parser.add_argument("--keep", action="store_true", help="do not remove the data set afterwards")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure only this; may be given again")
    parser.add_argument("--rounds", type=int, default=40, help="calls of each query (default: 40)")
    parser.add_argument(
        "--files",
        type=Path,
        default=os.environ.get("AEGIS_REALDATA_DIR", _FILES),
        help="folder of the real ATT&CK and Sigma files",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a figure is over its target")
    return parser.parse_args()  # fmt: skip


def _measure(asked: argparse.Namespace, directory: Path) -> Iterator[Figure]:
    wanted = set(asked.only or PARTS)
    files = Path(asked.files)
    if not (files / "attack").is_dir():
        _say(f"{files} holds no real files: no imports, and the built-in baseline as the map")
        wanted.discard("imports")
    if "start" in wanted:
        yield from _start(directory / "fresh")
    if not wanted - {"start"}:
        return
    instance = _large(asked, directory / "large", files)
    with instance.services(redis=True):
        if "imports" in wanted:
            yield from imports.measure(instance.cluster.url_of("postgres"), files, 3, _say)
        configure_data(instance.settings, process="bench")
        if "queries" in wanted:
            yield from queries.measure(subjects.queries(), asked.rounds, _say)
        if "truth" in wanted:
            yield from truth.measure(subjects.DOMAIN, _say)
        if "tests" in wanted:
            yield from tests_table.measure(max(3, asked.rounds // 4), _say)
    if wanted & {"memory", "http", "workflow", "browser", "load"}:
        yield from _running(asked, wanted, instance)


def _large(asked: argparse.Namespace, directory: Path, files: Path) -> Instance:
    """The bench's own instance, with ATT&CK and the large organisation in it."""
    instance = Instance.open(directory)
    today = datetime.now(UTC).date()
    with instance.services(redis=True):
        configure_data(instance.settings, process="bench")
        upgrade(say=_say)
        if data.is_built(database.url(), tests=asked.tests, rules=asked.rules):
            _say("the large data set is there already")
        else:
            imports.load_map(files)
            built = data.build(database.url(), tests=asked.tests, rules=asked.rules, today=today, say=_say)
            took = f"Built in {built.seconds:,.0f} s ({built.computed:,.0f} s of CPU to invent it): "
            out.print(took + ", ".join(f"{n:,} {table}" for table, n in built.rows.items()))
        audit_log.fill(database.url())
        knowledge.add(files, today, _say)
    return instance


def _start(directory: Path) -> Iterator[Figure]:
    """`aegis up` as it is for somebody new, with the demo organisation, and once more on the same data."""
    first, second = [], []
    for number in range(_STARTS):
        _say(f"aegis up, {number + 1} of {_STARTS}")
        fresh = directory.with_name(f"{directory.name}-{number}")
        with running.up(fresh) as started:
            first.append(started.seconds)
        with running.up(fresh) as started:
            second.append(started.seconds)
        _remove(fresh)
    for name, seconds, target in (("first", first, 20), ("second", second, 5)):
        what = f"{name} aegis up, until the login page"
        yield Figure("Start", what, median(seconds), unit="s", p95=max(seconds), n=_STARTS, target=target)


def _running(asked: argparse.Namespace, wanted: set[str], instance: Instance) -> Iterator[Figure]:
    """All that needs the running server, which finds no answers that other parts of the benchmark kept."""
    with instance.services(redis=True):
        configure_data(instance.settings, process="bench")
        redis_connection.client().flushdb()
    with running.up(instance.directory, "--no-demo") as started, noop.serving() as bare:
        if "memory" in wanted:
            yield _memory(started, instance, "idle after the start")
        client = running.sign_in(started, instance)
        if "http" in wanted:
            url = instance.settings.database_url or ""
            yield from server.measure(client, bare, url, asked.rounds, _say)
        if "workflow" in wanted:
            yield from workflow.measure(client, running.USER, asked.rounds * 5, _say)
        if "browser" in wanted:
            program = browser.path()
            if program is None:
                _say("no Chromium here: nothing measured in a browser")
            else:
                yield from browser.measure(program, client, bare, max(3, asked.rounds // 4), _say)
        if "load" in wanted:
            yield from server.under_load(client, bare, 4.0, _say)
        if "memory" in wanted:
            yield _memory(started, instance, "idle after all this")


def _memory(started: running.Running, instance: Instance, when: str) -> Figure:
    time.sleep(_SETTLE_SECONDS)
    megabytes, processes = running.memory_mb(started, instance)
    return Figure(
        "Memory (PSS of all processes)", when, megabytes, unit="MB", target=600, note=f"{processes} processes"
    )


def _about(asked: argparse.Namespace) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tests": asked.tests,
        "rules": asked.rules,
        "rounds": asked.rounds,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": psutil.cpu_count(),
        "load_average": os.getloadavg(),
    }


def _remove(directory: Path) -> None:
    """A directory of instances, and what their databases keep elsewhere."""
    for place in (directory, *directory.glob("*")):
        if (place / SECRETS).exists():
            Instance.open(place).cluster.destroy()
    shutil.rmtree(directory)


def _say(words: str) -> None:
    err.print(words, style="dim", markup=False)


if __name__ == "__main__":
    sys.exit(main())
