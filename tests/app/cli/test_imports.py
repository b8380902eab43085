"""`aegis import tests`: looked through or brought in, in somebody's name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.main import app
from data import database as db
from domain.errors import AegisError, BadInput, NotFound, PermissionDenied
from domain.roles import Role
from jobs import people
from tests.data import world
from tests.jobs.syncing import rows

Aegis = Callable[..., Result]
CSV = "What,technique,platform\nFirst,T1059,Linux\nSecond,T9999,Linux\n"


@pytest.fixture
def aegis(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aegis]:
    """Run a command on this test's database; expected failures come as the error itself."""
    monkeypatch.setenv("AEGIS_DATABASE_URL", database_url)
    monkeypatch.setenv("AEGIS_REDIS_URL", redis_url)
    monkeypatch.setenv("AEGIS_DATA_DIR", str(tmp_path / "instance"))
    db.configure(database_url)
    world.technique("T1059", platforms=["Linux"])
    for name, role in (("lena", Role.RED_LEAD), ("vera", Role.VIEWER), ("gone", Role.BLUE_LEAD)):
        people.add_user(db.SYSTEM, Role.ADMIN, name, role)
    people.set_disabled(db.SYSTEM, Role.ADMIN, "gone", disabled=True)

    def run(*arguments: object) -> Result:
        done = CliRunner().invoke(app, [str(part) for part in arguments])
        if isinstance(done.exception, AegisError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done

    yield run
    db.dispose()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "tests.csv"
    made.write_text(CSV)
    return made


def test_looked_through_and_brought_in(aegis: Aegis, file: Path, database_url: str) -> None:
    looked = aegis("import", "tests", file, "--by", "lena", "--dry-run")
    assert "CSV table, 2 rows" in looked.stdout
    assert "1 would come in as drafts" in looked.stdout
    assert "row 3: T9999 is not on the loaded ATT&CK map." in looked.stderr
    with pytest.raises(BadInput, match=r"^Nothing was imported: 1 row is wrong\. Row 3:"):
        aegis("import", "tests", file, "--by", "lena")
    for told in ("1 added as drafts", "1 rows are tests already."):
        done = aegis("import", "tests", file, "--by", "lena", "--leave-out-wrong", "--map", "title=What")
        assert told in done.stdout
        assert "1 wrong rows were left out." in done.stdout
    db.configure(database_url)
    assert rows("SELECT title, actor_name FROM security_test JOIN test_timeline ON test_id = security_test.id") == [
        ("First", "lena")
    ]


def test_in_the_name_of_those_who_may(aegis: Aegis, file: Path) -> None:
    with pytest.raises(PermissionDenied, match="needs the role"):
        aegis("import", "tests", file, "--by", "vera")
    with pytest.raises(PermissionDenied, match="is closed"):
        aegis("import", "tests", file, "--by", "gone")
    with pytest.raises(NotFound):
        aegis("import", "tests", file, "--by", "nobody")


def test_what_cannot_be_read(aegis: Aegis, file: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        aegis("import", "tests", tmp_path / "nothing.csv", "--by", "lena")
    with pytest.raises(BadInput, match="--map takes FIELD=COLUMN"):
        aegis("import", "tests", file, "--by", "lena", "--map", "title")
    with pytest.raises(
        BadInput, match=r"^No column holds the techniques.* The columns are What, technique, platform\."
    ):
        aegis("import", "tests", file, "--by", "lena", "--dry-run", "--map", "technique=-")
