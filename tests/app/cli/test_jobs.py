"""`aegis jobs`: the list for people and for scripts, and the two commands."""

from collections.abc import Callable, Iterator
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from app.cli.main import app
from app.settings import Settings
from data import database as db
from domain.errors import AegisError, InvalidTransition
from tests.jobs.syncing import execute, rows

Aegis = Callable[..., Result]
KEY = UUID(int=7)


@pytest.fixture
def aegis(database: Engine, redis_server: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aegis]:
    """Run a command where one action has failed; expected failures come as the error itself."""
    monkeypatch.setenv("AEGIS_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("AEGIS_REDIS_URL", str(settings.redis_url))
    monkeypatch.setenv("AEGIS_DATA_DIR", str(settings.data_dir / "instance"))
    execute(
        "INSERT INTO workflow_action (id, kind, test_id, actor_id, actor_name, state, attempts, detail, finished_at)"
        " VALUES (:id, 'start', uuidv7(), uuidv7(), 'ruth', 'failed', 8, 'It broke.', now())",
        id=KEY,
    )

    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(app, ["jobs", *arguments])
        if isinstance(done.exception, AegisError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done

    yield run
    db.dispose()


def test_the_list(aegis: Aegis) -> None:
    assert f"Start a test  action:{KEY}  It broke.\n" in aegis("list").output
    assert aegis("list").output.endswith("1 failed, 0 waiting, 0 events to be told.\n")
    told = orjson.loads(aegis("list", "--json").output)
    assert (told["failed"], told["work"][0]["reference"], told["work"][0]["by"]) == (1, f"action:{KEY}", "ruth")
    assert [queue["name"] for queue in told["queues"]] == ["workflow", "sync", "reports", "default"]


def test_retry_and_cancel(aegis: Aegis) -> None:
    assert aegis("retry", f"action:{KEY}").output == "The action is tried again.\n"
    told = orjson.loads(aegis("cancel", f"action:{KEY}", "--json").output)
    assert told == {"reference": f"action:{KEY}", "result": "The action was taken back before it was done."}
    with pytest.raises(InvalidTransition):
        aegis("cancel", f"action:{KEY}")
    assert rows("SELECT state FROM workflow_action") == [("cancelled",)]
