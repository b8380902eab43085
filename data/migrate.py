"""The schema's versions: where a database stands, and bringing it to the newest."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

from data.models import Base

_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    made.set_main_option("path_separator", "newline")
    made.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    return made


def head() -> str:
    revision = ScriptDirectory.from_config(config()).get_current_head()
    if revision is None:  # pragma: no cover - a checkout without migrations is broken
        raise RuntimeError("The migrations folder holds no migration.")
    return revision


def current(engine: Engine) -> str | None:
    """The revision the database stands at; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def knows(revision: str) -> bool:
    """Whether there is a migration of that name here; there is none of what a newer version has made of a database."""
    try:
        ScriptDirectory.from_config(config()).get_revision(revision)
    except CommandError:
        return False
    return True


def upgrade(engine: Engine, revision: str = "head") -> None:
    made = config()
    with engine.connect() as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, revision)


def downgrade(engine: Engine, revision: str) -> None:
    made = config()
    with engine.connect() as connection:
        made.attributes["connection"] = connection
        command.downgrade(made, revision)


def differences(engine: Engine) -> list[object]:
    """What the models say and the database does not have, or the other way round."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))
