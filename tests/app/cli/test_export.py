"""`aegis export`: the same files as the page gives, with the same filters."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.main import app
from data import database as db
from domain.errors import AegisError, BadInput, NotFound
from domain.navigator import parse
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


def test_without_content_it_says_so(aegis: Aegis) -> None:
    with pytest.raises(NotFound, match="No ATT&CK content is loaded"):
        aegis("export", "csv")


def test_files_and_standard_output(aegis: Aegis, tmp_path: Path) -> None:
    bundle = bundle_file(tmp_path, stix.SHELL, stix.POWERSHELL, stix.TASK)
    aegis("sync", "attack", "--from", bundle, "--version", "18.1")

    target = tmp_path / "a layer.json"
    said = aegis("export", "navigator", "-o", target, "--colour", "claimed", "--tactic", "execution", "--sub")
    (layer,) = parse(target.read_bytes())
    assert {note.tactic for note in layer.notes} == {"execution"}
    assert json.loads(target.read_bytes())["layout"]["expandedSubtechniques"] == "all"
    assert f"{target.stat().st_size:,} bytes" in said.stderr

    rows = aegis("export", "csv", "--query", "?q=powershell").stdout_bytes.decode("utf-8-sig").splitlines()
    assert [row.split(",")[0] for row in rows] == ["technique_id", "T1059.001"]
    assert aegis("export", "svg").stdout.startswith("<svg ")

    with pytest.raises(BadInput, match="Amiga"):
        aegis("export", "csv", "--platform", "Amiga")
    with pytest.raises(BadInput, match="cannot be written"):
        aegis("export", "csv", "-o", tmp_path)
