"""Many rows at once: COPY into a temporary table inside the caller's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import ColumnElement, TableClause, Text, any_, column, literal, table
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

_AS_IT_IS = (str, int, float)


def driver(session: Session) -> psycopg.Connection[Any]:
    """The psycopg connection under `session`, in its transaction."""
    connection: psycopg.Connection[Any] | None = session.connection().connection.driver_connection
    if connection is None:
        raise RuntimeError("The session has no connection.")
    return connection


def copy_rows(session: Session, target: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """COPY `rows` into the table `target`; mappings are written as JSON."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(target), names)
    with driver(session).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_written(value) for value in row])


def stage(
    session: Session, name: str, like: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> TableClause:
    """A temporary table `name` with these columns of `like`, filled; it is gone after the transaction."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    made = sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    with driver(session).cursor() as cursor:
        cursor.execute(made.format(sql.Identifier(name), names, sql.Identifier(like)))
    copy_rows(session, name, columns, rows)
    return table(name, *(column(each) for each in columns))


def among(attribute: Any, values: Collection[str]) -> ColumnElement[bool]:
    """`attribute = ANY(values)`: one parameter, however many values."""
    return attribute == any_(literal(list(values), ARRAY(Text)))  # type: ignore[no-any-return]


def _written(value: object) -> object:
    if value is None or isinstance(value, _AS_IT_IS):  # most of a million values: asking for a Mapping takes longer
        return value
    if isinstance(value, Mapping):
        return orjson.dumps(value).decode()
    return list(value) if isinstance(value, tuple) else value
