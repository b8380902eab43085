"""The times of the metrics page for scripts: the same figures, and a word about what is not understood."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from app.cli.main import app
from app.settings import Settings
from data.queries import durations
from domain.durations_view import View
from domain.errors import BadInput
from tests.data import world

Aegis = Callable[..., Result]


@pytest.fixture
def aegis(database: Engine, redis_server: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Aegis:
    monkeypatch.setenv("AEGIS_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("AEGIS_REDIS_URL", str(settings.redis_url))
    monkeypatch.setenv("AEGIS_DATA_DIR", f"{settings.data_dir}/instance")
    world.release()
    world.tactics("execution")
    home = world.technique("T1001", under=["execution"])
    for number in range(3):
        attack = world.days_ago(20)
        detected = attack + timedelta(hours=2) if number else None
        world.security_test(
            home, "none/alerted" if number else "none/missed", executed_at=attack, detected_at=detected,
            watched_until=attack + timedelta(hours=8),
        )  # fmt: skip

    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(app, ["metrics", *arguments])
        if isinstance(done.exception, BadInput):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done

    return run


def test_it_prints_what_the_page_shows(aegis: Aegis) -> None:
    found = json.loads(aegis("--json").stdout)
    page = durations.metrics(View(months=0))
    assert found["figures"] == page["figures"]
    assert found["figures"]["median"] == 7200
    assert [row["key"] for row in found["groups"]] == ["execution"]
    assert "curve" not in found["groups"][0]
    lines = aegis("detect", "--by", "platform").stdout
    assert "Windows" in lines
    assert "cases 3, happened 2, median 7,200, p90 not reached" in lines


@pytest.mark.parametrize(
    "arguments", [("--by", "colour"), ("recover",), ("--months", "5"), ("contain", "--by", "tool"), ("--tactic", "<x>")]
)
def test_what_it_does_not_know_it_says(aegis: Aegis, arguments: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="is no"):
        aegis(*arguments)
