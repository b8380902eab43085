"""People from the command line: their team is given, changed, listed and taken away."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from app.cli.main import app
from app.settings import Settings
from domain.errors import BadInput, NotFound

Aegis = Callable[..., Result]


@pytest.fixture
def aegis(database: Engine, redis_server: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Aegis:
    monkeypatch.setenv("AEGIS_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("AEGIS_REDIS_URL", str(settings.redis_url))
    monkeypatch.setenv("AEGIS_DATA_DIR", f"{settings.data_dir}/instance")
    return lambda *arguments: CliRunner().invoke(app, ["user", *arguments])


def teams(aegis: Aegis) -> dict[str, str]:
    return {row["username"]: row["team"] for row in json.loads(aegis("list", "--json").stdout)}


def test_a_team_is_given_changed_listed_and_taken_away(aegis: Aegis) -> None:
    aegis("add", "ana", "--role", "blue_tech", "--team", "Blue north")
    aegis("add", "bob")
    assert teams(aegis) == {"ana": "Blue north", "bob": ""}
    assert "ana is in the team Blue, [red] south." in aegis("team", "ana", "Blue,  [red] south").stdout
    listed = aegis("list").stdout
    assert "never signed in, team Blue, [red] south" in listed
    assert listed.count("team") == 1
    assert "ana is in no team." in aegis("team", "ana", "").stdout
    assert teams(aegis) == {"ana": "", "bob": ""}


def test_what_cannot_be_is_refused_and_changes_nothing(aegis: Aegis) -> None:
    aegis("add", "ana")
    assert isinstance(aegis("team", "ana", "x" * 81).exception, BadInput)
    assert isinstance(aegis("team", "bob", "North").exception, NotFound)
    assert isinstance(aegis("add", "bob", "--team", "none").exception, BadInput)
    assert teams(aegis) == {"ana": ""}
