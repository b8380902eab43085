"""`aegis act`: in somebody's name, by the rules of their role, fields as text or JSON."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from app.cli.main import app
from app.settings import Settings
from data import database as db
from domain.errors import AegisError, BadInput, NeedsConfirmation, NotFound, PermissionDenied
from domain.roles import Role
from tests.data import world
from tests.jobs import acting
from tests.jobs.syncing import rows

Aegis = Callable[..., Result]


@pytest.fixture
def aegis(database: Engine, redis_server: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aegis]:
    """Run a command on a database with one draft; expected failures come as the error itself."""
    monkeypatch.setenv("AEGIS_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("AEGIS_REDIS_URL", str(settings.redis_url))
    monkeypatch.setenv("AEGIS_DATA_DIR", str(settings.data_dir / "instance"))
    world.tactics("execution")
    acting.planned(acting.person("rosa", Role.RED_LEAD))
    acting.person("ben", Role.BLUE_TECH)

    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(app, ["act", "1", *arguments])
        if isinstance(done.exception, AegisError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done

    yield run
    db.dispose()


def test_an_action_with_its_fields(aegis: Aegis) -> None:
    assert aegis("start", "--by", "rosa").output == "Test 1: start is done; version 2.\n"
    fields = ("--set", "executed_at=2026-01-02T10:20:30Z", "--set", "attack_succeeded=true", "--set", "notes=a=b")
    with pytest.raises(NeedsConfirmation, match="is the date right"):
        aegis("submit_red", "--by", "rosa", *fields)
    aegis("submit_red", "--by", "rosa", *fields, "--set", "confirmed=true")
    assert rows("SELECT attack_succeeded, red_notes FROM test_round") == [(True, "a=b")]
    named = rows("SELECT DISTINCT actor_name FROM audit_log WHERE action = 'test.execution_started'")
    assert named == [("rosa (command line)",)]


def test_a_text_that_looks_like_json_is_quoted(aegis: Aegis) -> None:
    aegis("comment", "--by", "rosa", "--set", 'text="5"')
    assert rows("SELECT note FROM test_timeline WHERE action = 'commented'") == [("5",)]


def test_what_the_role_does_not_allow(aegis: Aegis) -> None:
    with pytest.raises(PermissionDenied, match="yours is Blue operator"):
        aegis("start", "--by", "ben")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("start", "--by", "nobody"), NotFound),
        (("explode", "--by", "rosa"), BadInput),
        (("comment", "--by", "rosa", "--set", "text"), BadInput),
        (("comment", "--by", "rosa", "--set", "words=x"), BadInput),
    ],
)
def test_what_cannot_be_meant(aegis: Aegis, arguments: tuple[str, ...], error: type[AegisError]) -> None:
    with pytest.raises(error):
        aegis(*arguments)
    assert rows("SELECT version FROM security_test") == [(1,)]
