"""Commands and long-running processes: light to start, patient with outages."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import structlog
from sqlalchemy import text

from app import doctor, logs, scheduler, schema
from app.instance import Instance
from app.settings import ROOT, Settings
from data import database as db
from data import redis as redis_connection
from domain.errors import Unavailable


def printed_by(program: str) -> str:
    """What a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    return done.stdout


def modules_after(statement: str) -> set[str]:
    return set(json.loads(printed_by(f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))")))


def test_a_settled_process_leaves_alone_what_it_has_loaded() -> None:
    # in a process of its own: it would stay so for the tests that follow
    program = "import gc; from app.processes import settle; settle(); print(gc.get_freeze_count(), *gc.get_threshold())"
    frozen, young, *_ = map(int, printed_by(program).split())
    assert frozen > 1_000
    assert young > 700  # Python's own


def test_the_command_line_imports_nothing_heavy() -> None:
    heavy = {
        "sqlalchemy",
        "psycopg",
        "pydantic",
        "polars",
        "pandas",
        "dash",
        "redis",
        "rq",
        "flask",
        "granian",
        "httpx",
    }
    assert modules_after("import app.cli.main") & heavy == set()


def test_the_worker_can_be_forked_safely() -> None:
    from app.worker import FORBIDDEN

    assert modules_after("import app.worker; app.worker.preload()") & set(FORBIDDEN) == set()


def test_the_worker_refuses_to_fork_with_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    from app import worker

    monkeypatch.setitem(sys.modules, "polars", sys)
    with pytest.raises(RuntimeError, match="polars"):
        worker.preload()


def test_the_first_of_several_workers_serves_only_the_queue_people_wait_for() -> None:
    from app import worker

    every = ("workflow", "sync", "reports", "default")
    assert worker.queues_of(Settings(workers=3)) == [("workflow",), every, every]
    assert worker.queues_of(Settings(workers=1)) == [every]


def test_the_web_servers_main_process_has_no_polars() -> None:
    assert modules_after("import app.web") & {"polars", "dash", "pandas", "pyarrow"} == set()


def test_the_web_application_needs_neither_pandas_nor_pyarrow() -> None:
    loaded = modules_after("import app.server, callbacks, pages, data.queries.reader")
    assert "polars" in loaded
    assert loaded & {"pandas", "pyarrow"} == set()


class Ticks:
    """Stands in for `jobs.schedule.tick`: raises what it is given in turn, then stops the loop."""

    def __init__(self, *outcomes: Exception | int) -> None:
        self.outcomes, self.stop = list(outcomes), threading.Event()

    def __call__(self) -> int:
        outcome = self.outcomes.pop(0)
        if not self.outcomes:
            self.stop.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.mark.parametrize(
    "failure", [Unavailable("The database is away."), redis.ConnectionError("away"), ValueError("bug")]
)
def test_the_scheduler_survives_failures(
    failure: Exception, monkeypatch: pytest.MonkeyPatch, redis_server: None
) -> None:
    ticks = Ticks(failure, failure, 3)
    monkeypatch.setattr("jobs.schedule.tick", ticks)
    with structlog.testing.capture_logs() as lines:
        scheduler.loop(ticks.stop, every=0.001)
    assert ticks.outcomes == []
    assert [line["event"] for line in lines][-2:] == ["everything answers again", "due work"]
    assert redis_connection.client().get(scheduler.HEARTBEAT)


def test_an_outage_is_logged_once(monkeypatch: pytest.MonkeyPatch, redis_server: None) -> None:
    ticks = Ticks(*[Unavailable("The database is away.")] * 4)
    monkeypatch.setattr("jobs.schedule.tick", ticks)
    with structlog.testing.capture_logs() as lines:
        scheduler.loop(ticks.stop, every=0.001)
    assert [line["event"] for line in lines] == ["a service does not answer"]


def test_migrating_gives_up_with_a_sentence_when_nobody_answers() -> None:
    from data import database

    database.configure("postgresql://nobody@127.0.0.1:1/none")
    said: list[str] = []
    with pytest.raises(Unavailable, match="could not be migrated"):
        schema.upgrade(patience=0.3, say=said.append)
    assert said
    database.dispose()


def test_migrating_twice_changes_nothing(database: object) -> None:
    assert schema.upgrade() is False


def test_a_database_of_a_newer_version_is_left_alone(database: object, tmp_path: Path) -> None:
    with db.unit_of_work() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    with pytest.raises(schema.SchemaNewer, match="newer version of Aegis"):
        schema.upgrade()
    (finding,) = doctor._run("Schema", lambda: doctor.schema(Instance.open(tmp_path)))
    assert (finding.state, "newer version of Aegis" in finding.words) == (doctor.FAILED, True)


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("form", ["json", "text"])
def test_tracebacks_show_no_values(tmp_path: Path, logging_restored: None, form: str) -> None:
    with (tmp_path / "log").open("w") as stream:
        logs.configure("test", Settings(log_format=form), stream=stream)
        try:
            password = "hunter" + "2"
            int(password[:2])
        except ValueError:
            structlog.get_logger("x").exception("it broke")
            logging.getLogger("y").exception("it broke here too")
    written = (tmp_path / "log").read_text()
    assert written.count("ValueError") >= 2
    assert "hunter2" not in written


def test_log_lines_carry_the_ids_of_their_context(tmp_path: Path, logging_restored: None) -> None:
    with (tmp_path / "log").open("w") as stream:
        logs.configure("test", Settings(log_format="json"), stream=stream)
        logs.bind(request_id="r1", user="alice", job_id=None)
        structlog.get_logger("x").warning("it happened", count=2)
        logs.bind(user=None)
        structlog.get_logger("x").warning("again")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert lines[0].items() >= {"request_id": "r1", "user": "alice", "count": 2, "process": "test"}.items()
    assert "user" not in lines[1]
