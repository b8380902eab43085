"""`aegis audit`: the point to keep elsewhere, and the log held against it."""

from collections.abc import Callable, Iterator

import orjson
import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner, Result

from app.cli.main import app
from app.settings import Settings
from data import database as db
from data.database import SYSTEM, unit_of_work
from data.repositories import audit

Aegis = Callable[..., Result]


@pytest.fixture
def aegis(database: Engine, redis_server: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aegis]:
    monkeypatch.setenv("AEGIS_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("AEGIS_REDIS_URL", str(settings.redis_url))
    monkeypatch.setenv("AEGIS_DATA_DIR", str(settings.data_dir / "instance"))
    for number in range(4):
        with unit_of_work() as session:
            audit.record(session, SYSTEM, "thing.changed", entity=("thing", str(number)))

    yield lambda *arguments: CliRunner().invoke(app, ["audit", *arguments])
    db.dispose()


def test_the_log_is_held_against_a_point_kept_elsewhere(aegis: Aegis, database: Engine, settings: Settings) -> None:
    point = aegis("head").output.strip()
    assert point.startswith("4:")
    assert "is whole: 4 entries" in aegis("verify", "--expect", point).output
    db.configure(str(settings.database_url))
    with db.unit_of_work() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM audit_log WHERE seq > 1"))
    assert aegis("verify").exit_code == 0  # what is left is a whole chain
    cut = aegis("verify", "--expect", point)
    assert cut.exit_code == 1
    assert "of 4 entries the last 3 are gone" in " ".join(cut.output.split())
    told = aegis("verify", "--expect", point, "--json")
    assert (told.exit_code, orjson.loads(told.stdout)["holds"]) == (1, False)
    other = aegis("verify", "--expect", "1:" + "0" * 64)
    assert "its entry 1 is not the one that was expected" in " ".join(other.output.split())
