"""Tests of other tools: a file is kept, looked through, and brought in as a whole or not at all.

The file stays in the object store until it has been imported, or for a day. A preview changes nothing; what it says is
worked out anew by the import itself, in the transaction that writes.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session

from data import redis as redis_connection
from data.database import Actor, reading, unit_of_work
from data.repositories import audit, people, test_imports
from data.repositories.test_imports import Origin
from data.sources.test_imports import reading as files
from data.sources.test_imports.records import Table
from domain.errors import BadInput, PermissionDenied
from domain.outcomes import TestState
from domain.platforms import PLATFORMS
from domain.roles import Permission, Role, require
from domain.test_imports.fields import check
from domain.test_imports.rows import Asked, ImportRow, Problem, rows
from jobs import kept_files

LEFT_OUT = "-"  # in a mapping: no column for this field
_STATEMENT_MS = 10 * 60 * 1000
_SWEPT = "aegis:imports:swept"
_SWEEP_SECONDS = 3600
_JOB_SECONDS = 600
_TOLD_EVERY = 5_000

Tell = Callable[[str, int, int], None]  # what is done now; how many of how many rows, or 0 of 0


def _silent(_step: str, _done: int, _total: int) -> None:
    """Nobody waits for word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the person says about a file. `mapping` changes the proposed one; LEFT_OUT takes a field away."""

    kind: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    platform: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an import would do now. `new` are the rows that would become tests, `there` those that are tests already.

    `lacks` says what is wrong with the mapping; nothing was looked at then.
    """

    name: str
    table: Table
    mapping: Mapping[str, str]
    lacks: str = ""
    new: Sequence[ImportRow] = ()
    there: int = 0
    problems: Sequence[Problem] = ()
    new_tools: Sequence[str] = ()

    def count(self, state: TestState) -> int:
        return sum(row.state is state for row in self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Tests that were added by their state, rows that were tests already, rows left out because they were wrong."""

    validated: int
    with_blue: int
    drafts: int
    there: int
    left_out: int

    @property
    def added(self) -> int:
        return self.validated + self.with_blue + self.drafts


def keep(actor: Actor, role: Role, stream: IO[bytes], name: str) -> UUID:
    """Keep an uploaded file for its owner; returns its id."""
    require(role, Permission.IMPORT_TESTS)
    return kept_files.keep(actor, stream, name)


def size(actor: Actor, upload_id: UUID) -> tuple[int, str]:
    """Bytes and name of a kept file. Raises NotFound."""
    return kept_files.size(actor, upload_id)


def preview(actor: Actor, role: Role, upload_id: UUID, said: Said, tell: Tell = _silent) -> Preview:
    """BadInput, NotFound with one sentence when the file cannot be used as it is said to be."""
    require(role, Permission.IMPORT_TESTS)
    content, name = kept_files.content(actor, upload_id)
    with reading() as session:
        return _look(session, content, name, said, tell)


def run(
    actor: Actor, role: Role, upload_id: UUID, said: Said, *, leave_out: bool = False, tell: Tell = _silent
) -> Done:
    """Import a kept file. One wrong row stops all of it, unless `leave_out` says that wrong rows stay outside."""
    require(role, Permission.IMPORT_TESTS)
    content, name = kept_files.content(actor, upload_id)
    done = run_content(actor, role, content, name, said, leave_out=leave_out, tell=tell)
    kept_files.discard(actor, upload_id)
    return done


def discard(actor: Actor, role: Role, upload_id: UUID) -> None:
    require(role, Permission.IMPORT_TESTS)
    kept_files.discard(actor, upload_id)


def look_at_content(role: Role, content: bytes, name: str, said: Said) -> Preview:
    """A preview of a file that nobody has uploaded."""
    require(role, Permission.IMPORT_TESTS)
    with reading() as session:
        return _look(session, content, name, said)


def run_content(
    actor: Actor,
    role: Role,
    content: bytes,
    name: str,
    said: Said,
    *,
    leave_out: bool = False,
    tell: Tell = _silent,
) -> Done:
    """Import a file's content; see `run`."""
    require(role, Permission.IMPORT_TESTS)
    with unit_of_work(statement_timeout_ms=_STATEMENT_MS) as session:
        test_imports.lock(session)
        found = _look(session, content, name, said, tell)
        if found.lacks or (found.problems and not leave_out):
            raise BadInput(found.lacks or refusal(found))
        done = Done(
            validated=found.count(TestState.VALIDATED),
            with_blue=found.count(TestState.BLUE_EVALUATING),
            drafts=found.count(TestState.DRAFT),
            there=found.there,
            left_out=len(found.problems),
        )
        if not found.new:
            return done
        tell("Writing the tests", 0, 0)
        kind = found.table.kind
        test_imports.store(session, found.new, Origin(file=name, kind=kind, actor=actor, at=datetime.now(UTC)))
        after = {
            "file": name,
            "kind": kind,
            "sha256": hashlib.sha256(content).hexdigest(),
            "validated": done.validated,
            "with_blue": done.with_blue,
            "drafts": done.drafts,
            "there": done.there,
            "left_out": done.left_out,
        }
        audit.record(session, actor, "tests.imported", after=after)
    return done


def named(username: str) -> tuple[Actor, Role]:
    """Somebody in whose name a command imports. Raises NotFound, and PermissionDenied for a closed account."""
    with reading() as session:
        user = people.named(session, username)
        if user.disabled_at is not None:
            raise PermissionDenied(f"The account {user.username} is closed.")
        return Actor(name=user.username, id=user.id), Role(user.role)


def plan_sweep() -> None:
    """Queue a sweep when none was queued for an hour, whoever asks. Raises what Redis raises."""
    from rq import Queue

    client = redis_connection.client()
    if client.set(_SWEPT, b"1", nx=True, ex=_SWEEP_SECONDS):
        Queue("default", connection=client).enqueue("jobs.test_imports.sweep", job_timeout=_JOB_SECONDS, result_ttl=0)


def sweep(now: datetime | None = None) -> int:
    """Forget files that nobody imported within a day; returns how many."""
    return kept_files.sweep(now)


def refusal(found: Preview) -> str:
    """Why a file with wrong rows is not imported, with the first of them."""
    first, count = found.problems[0], len(found.problems)
    rows_are = "1 row is" if count == 1 else f"{count:,} rows are"
    return f"Nothing was imported: {rows_are} wrong. Row {first.number}: {first.sentence}"


def _look(session: Session, content: bytes, name: str, said: Said, tell: Tell = _silent) -> Preview:
    tell("Reading the file", 0, 0)
    table = files.read(content, said.kind)
    mapping = {**table.mapping, **({} if table.fixed else said.mapping)}
    mapping = {key: column for key, column in mapping.items() if column != LEFT_OUT}
    try:
        if not table.fixed:
            check(mapping, table.columns)
    except BadInput as error:
        return Preview(name=name, table=table, mapping=mapping, lacks=error.detail)
    asked = Asked(kind=table.kind, mapping=mapping, zone=_zone(said.zone), platform=_platform(said.platform))
    good: list[ImportRow] = []
    wrong: list[Problem] = []
    for count, one in enumerate(rows(table.read(mapping), asked, datetime.now(UTC), test_imports.lookup(session))):
        if count % _TOLD_EVERY == 0:
            tell("Looking through the rows", count, len(table.rows))
        if isinstance(one, Problem):
            wrong.append(one)
        else:
            good.append(one)
    tell("Looking for what is there already", 0, 0)
    held = test_imports.there(session, [row.import_key for row in good])
    new = [row for row in good if row.import_key not in held]
    names = {name.casefold(): name for row in new for name in row.tools}
    known = test_imports.tools(session, names.values())
    return Preview(
        name=name,
        table=table,
        mapping=mapping,
        new=new,
        there=len(held),
        problems=wrong,
        new_tools=sorted(names[key] for key, found in known.items() if found is None),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f"{name[:40]!r} is not a time zone; write one such as Europe/Berlin.") from None


def _platform(name: str) -> str:
    if name and name not in PLATFORMS:
        raise BadInput(f"{name[:40]!r} is not a platform of ATT&CK; there are {', '.join(PLATFORMS)}.")
    return name
