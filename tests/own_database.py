"""One database that a process's tests use one after the other, each finding it as the template left it.

Copying a database costs ten times what most tests do with it; taking out what a test put in does not. Where a test has
changed more than rows, or the server lets nobody put triggers aside, there is a new copy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

# The schema as numbers: whatever is added, altered, dropped or switched off changes one of them.
_SCHEMA = """
SELECT
  (SELECT sum(hashtextextended(concat_ws(' ', c.oid, c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull), 0))
   FROM pg_class AS c LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace),
  (SELECT sum(hashtextextended(concat_ws(' ', oid, tgname, tgenabled), 0)) FROM pg_trigger),
  (SELECT sum(hashtextextended(concat_ws(' ', oid, conname, convalidated), 0)) FROM pg_constraint),
  (SELECT sum(hashtextextended(concat_ws(' ', oid, prosrc), 0)) FROM pg_proc
   WHERE pronamespace = 'public'::regnamespace)
"""
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_VACUUM_AFTER = 25  # tests: rows that are gone still lie in the files


@dataclass(slots=True)
class OwnDatabase:
    """`create()` makes a copy of the template and names it, `drop(name)` removes it, `url(name)` leads to it."""

    create: Callable[[], str]
    drop: Callable[[str], None]
    url: Callable[[str], str]
    name: str | None = None
    _schema: tuple[object, ...] | None = None
    _kept: Mapping[str, bytes] = field(default_factory=dict)  # table -> its rows in the template, as COPY has them
    _tables: list[str] = field(default_factory=list)
    _sequences: Mapping[str, tuple[int, bool]] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)
    _used: int = 0

    def fresh(self) -> str:
        """Name of the database, as the template is."""
        if self.name is None or not self._clean(self.name):
            self.close()
            self.name = self.create()
            self._remember(self.name)
        self._used += 1
        return self.name

    def close(self) -> None:
        if self.name is not None:
            self.drop(self.name)
            self.name = None

    def _remember(self, name: str) -> None:
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            self._schema = connection.execute(_SCHEMA).fetchone()
            self._tables = [row[0] for row in connection.execute(_TABLES)]
            self._kept = {table: _rows(connection, table) for table in self._filled(connection)}
            found = connection.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'").fetchall()
            self._sequences = {
                one: connection.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(_id(one))).fetchone()  # type: ignore[misc]
                for (one,) in found
            }

    def _clean(self, name: str) -> bool:
        """Whether the database is again as it was."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(_OTHERS)
            if connection.execute(_SCHEMA).fetchone() != self._schema:
                return False
            filled = self._filled(connection)
            try:
                with connection.transaction():
                    connection.execute("SET LOCAL session_replication_role = replica")  # nothing fires, nothing refers
                    for table in filled:
                        connection.execute(sql.SQL("DELETE FROM {}").format(_id(table)))
                    for table, rows in self._kept.items():
                        _put(connection, table, rows)
                    for sequence, (value, called) in self._sequences.items():
                        connection.execute("SELECT setval(%s::regclass, %s, %s)", (sequence, value, called))
            except psycopg.errors.InsufficientPrivilege:
                return False
            self._touched.update(filled)
            if self._used % _VACUUM_AFTER == 0:
                connection.execute(sql.SQL("VACUUM {}").format(sql.SQL(", ").join(map(_id, sorted(self._touched)))))
                self._touched.clear()
        return True

    def _filled(self, connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
        """Tables that hold anything."""
        each = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        asked = sql.SQL(" UNION ALL ").join(each.format(sql.Literal(table), _id(table)) for table in self._tables)
        return [str(row[0]) for row in connection.execute(asked)]


def _id(name: str) -> sql.Identifier:
    return sql.Identifier(name)


def _rows(connection: psycopg.Connection[tuple[object, ...]], table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(_id(table))) as copied:
        return b"".join(bytes(part) for part in copied)


def _put(connection: psycopg.Connection[tuple[object, ...]], table: str, rows: bytes) -> None:
    with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(_id(table))) as copied:
        copied.write(rows)
