"""`aegis demo`: load and clear, in words and for scripts."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.main import app
from data import database as db
from domain.errors import AegisError, Duplicate, RuleViolated
from tests.data.sources import stix
from tests.jobs.syncing import bundle_file

Aegis = Callable[..., Result]


@pytest.fixture
def aegis(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aegis]:
    """Run a command on this test's database; expected failures come as the error itself."""
    monkeypatch.setenv("AEGIS_DATABASE_URL", database_url)
    monkeypatch.setenv("AEGIS_REDIS_URL", redis_url)
    monkeypatch.setenv("AEGIS_DATA_DIR", str(tmp_path / "instance"))

    def run(*arguments: object) -> Result:
        done = CliRunner().invoke(app, [str(part) for part in arguments])
        if isinstance(done.exception, AegisError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done

    yield run
    db.dispose()


def test_it_needs_a_map(aegis: Aegis) -> None:
    with pytest.raises(RuleViolated, match="ATT&CK"):
        aegis("demo", "load")


def test_load_and_clear(aegis: Aegis, tmp_path: Path) -> None:
    aegis(
        "sync", "attack", "--from", bundle_file(tmp_path, stix.SHELL, stix.POWERSHELL, stix.TASK), "--version", "18.1"
    )
    loaded = json.loads(aegis("demo", "load", "--json", "--seed", 7).stdout)
    assert loaded["security_test"] == 900
    with pytest.raises(Duplicate):
        aegis("demo", "load")
    cleared = json.loads(aegis("demo", "clear", "--json").stdout)
    assert cleared["removed"]["security_test"] == 900
    assert cleared["tools_kept"] == 0
    assert "no demo organisation" in aegis("demo", "clear").stdout
    assert "900 tests" in aegis("demo", "load").stdout
    assert "Removed: 900 tests" in aegis("demo", "clear").stdout
