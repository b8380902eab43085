"""Frameworks of one's own: a table is looked through, and taken in as a whole or not at all.

Taken in again under the same name it replaces what was there; what was decided about its controls stays with their
codes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any
from uuid import UUID

from data.database import Actor, reading, unit_of_work
from data.repositories import audit, claims, frameworks
from data.sources import own_framework
from data.sources.own_framework import Problem, Table
from domain.errors import BadInput, NotFound, RuleViolated
from domain.roles import Permission, Role, require
from jobs import kept_files

_STATEMENT_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a table holds: `not_placed` are ids that lie nowhere on the loaded maps; they come in and count nowhere."""

    name: str
    table: Table
    not_placed: Sequence[str]

    @property
    def problems(self) -> Sequence[Problem]:
        return self.table.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """`slug` is where it stands; `controls` are counts by change ("added", "changed", ...), empty for no change."""

    slug: str
    name: str
    changed: bool
    controls: Mapping[str, int]
    not_placed: int


def keep(actor: Actor, role: Role, stream: IO[bytes], name: str) -> UUID:
    """Keep an uploaded table for its owner; returns its id."""
    require(role, Permission.MANAGE_FRAMEWORKS)
    return kept_files.keep(actor, stream, name)


def preview(actor: Actor, role: Role, upload_id: UUID) -> Preview:
    """Raises BadInput, TooLarge, NotFound with one sentence."""
    require(role, Permission.MANAGE_FRAMEWORKS)
    content, name = kept_files.content(actor, upload_id)
    return look_at_content(role, content, name)


def look_at_content(role: Role, content: bytes, name: str) -> Preview:
    require(role, Permission.MANAGE_FRAMEWORKS)
    table = own_framework.read(content)
    with reading() as session:
        loaded = claims.index(session)
    nowhere = sorted({one.technique for one in table.mappings if loaded.place(one.technique).key is None})
    return Preview(name=name, table=table, not_placed=nowhere)


def run(actor: Actor, role: Role, upload_id: UUID, *, name: str, version: str) -> Done:
    """Take a kept table in."""
    require(role, Permission.MANAGE_FRAMEWORKS)
    content, file = kept_files.content(actor, upload_id)
    done = run_content(actor, role, content, file, name=name, version=version)
    kept_files.discard(actor, upload_id)
    return done


def run_content(actor: Actor, role: Role, content: bytes, file: str, *, name: str, version: str) -> Done:
    """All of the table or nothing: one row that is wrong refuses it."""
    require(role, Permission.MANAGE_FRAMEWORKS)
    table = own_framework.read(content)
    if table.problems:
        raise BadInput(refusal(table.problems))
    record = table.framework(name, version)
    with unit_of_work(statement_timeout_ms=_STATEMENT_MS) as session:
        made = frameworks.add_own(session, record, now=datetime.now(UTC))
        controls = made.counts.get("objects", {}).get("control", {})
        if made.changed:
            after: dict[str, Any] = {
                "name": record.name,
                "version": record.version,
                "file": file,
                "sha256": hashlib.sha256(content).hexdigest(),
                "controls": controls,
            }
            audit.record(session, actor, "framework.imported", entity=("framework", record.slug), after=after)
    return Done(
        slug=record.slug,
        name=record.name,
        changed=made.changed,
        controls=controls,
        not_placed=made.counts["not_placed"],
    )


def discard(actor: Actor, role: Role, upload_id: UUID) -> None:
    require(role, Permission.MANAGE_FRAMEWORKS)
    kept_files.discard(actor, upload_id)


def remove(actor: Actor, role: Role, slug: str) -> str:
    """Take a framework away; returns its name. ATT&CK's own goes and comes with ATT&CK."""
    require(role, Permission.MANAGE_FRAMEWORKS)
    with unit_of_work() as session:
        held = frameworks.remove(session, slug, datetime.now(UTC))
        if held is None:
            raise NotFound("There is no framework of that name.")
        if held.origin == "attack":
            raise RuleViolated("The mitigations of ATT&CK come with it and cannot be removed.")
        audit.record(session, actor, "framework.removed", entity=("framework", slug), before={"name": held.name})
        return held.name


def refusal(problems: Sequence[Problem]) -> str:
    """Why a table is not taken in, with the first of what is wrong."""
    rows_are = "1 row is" if len(problems) == 1 else f"{len(problems):,} rows are"
    return f"Nothing was imported: {rows_are} wrong. Row {problems[0].number}: {problems[0].sentence}"
