"""The schema: from nothing to the newest and back, and equal to the models."""

import re
from pathlib import Path

from sqlalchemy import create_engine, inspect, text

from data import migrate
from data.database import psycopg_url
from tests.conftest import ROOT, new_database, url_of

VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))


def test_up_equals_the_models_and_down_leaves_nothing(postgres: str) -> None:
    with new_database(postgres) as name:
        engine = create_engine(psycopg_url(url_of(postgres, name)))
        assert migrate.current(engine) is None
        migrate.upgrade(engine)
        assert migrate.current(engine) == migrate.head()
        assert migrate.differences(engine) == []
        migrate.upgrade(engine)  # a second release finds nothing to do
        migrate.downgrade(engine, "base")
        assert inspect(engine).get_table_names() == ["alembic_version"]
        with engine.connect() as connection:
            functions = connection.execute(
                text("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
            ).all()
        assert functions == []
        engine.dispose()


def test_files_sort_in_the_order_they_apply() -> None:
    previous = None
    for file in VERSIONS:
        source = file.read_text()
        revision = re.search(r'^revision = "(.+)"$', source, re.MULTILINE)
        down = re.search(r'^down_revision = (?:"(.+)"|None)$', source, re.MULTILINE)
        assert revision, file
        assert down, file
        assert Path(file).name.startswith(revision.group(1)), file
        assert down.group(1) == previous, file
        previous = revision.group(1)


def test_migrations_give_up_early_rather_than_block_everybody(postgres: str) -> None:
    seen = {}
    with new_database(postgres) as name:
        engine = create_engine(psycopg_url(url_of(postgres, name)))

        from sqlalchemy import event

        def note(connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith("CREATE TABLE audit_log") or "CREATE TABLE audit_log" in statement:
                raw = connection.connection.cursor()  # type: ignore[attr-defined]
                seen["lock"] = raw.execute("SHOW lock_timeout").fetchone()[0]
                seen["statement"] = raw.execute("SHOW statement_timeout").fetchone()[0]

        event.listen(engine, "before_cursor_execute", note)
        migrate.upgrade(engine)
        engine.dispose()
    assert seen == {"lock": "4s", "statement": "2min"}
