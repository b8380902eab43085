"""Small sources on disk, and syncs of them as a command does them."""

from pathlib import Path
from typing import Any

from sqlalchemy import text

from data import database as db
from data.queries import sources
from jobs import syncs
from jobs.syncs import Outcome
from tests.data.sources import stix

RULE = """\
title: {title}
id: 00000000-0000-4000-8000-{number:012d}
status: {status}
author: Ada
tags: [{tags}]
logsource: {{product: windows}}
detection: {{s: [a], condition: s}}
level: {level}
"""


def rule(number: int, *claims: str, title: str = "A rule", status: str = "test", level: str = "high") -> str:
    tags = ", ".join(f"attack.{claim.lower()}" for claim in claims)
    return RULE.format(title=title, number=number, status=status, tags=tags, level=level)


def bundle_file(folder: Path, *objects: stix.Object, version: str = "18.1") -> Path:
    path = folder / f"enterprise-attack-{version}.json"
    path.write_bytes(stix.packed(*stix.FRAME, *objects))
    return path


def sync_attack(folder: Path, *objects: stix.Object, version: str = "18.1") -> Outcome:
    return syncs.sync_in_place("attack", input=at(bundle_file(folder, *objects, version=version)))


def sync_rules(folder: Path, **files: str) -> Outcome:
    """A directory holding exactly `files` (name without .yml -> text)."""
    place = folder / "rules-of-ours"
    place.mkdir(exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    for name, content in files.items():
        (place / f"{name}.yml").write_text(content)
    return syncs.sync_in_place("sigma", input=at(place))


def at(path: Path) -> dict[str, str]:
    return {"kind": "path", "path": str(path)}


def rows(statement: str, **parameters: object) -> list[tuple[Any, ...]]:
    with db.reading() as session:
        return [tuple(row) for row in session.execute(text(statement), parameters)]


def execute(statement: str, **parameters: object) -> None:
    with db.unit_of_work() as session:
        session.execute(text(statement), parameters)


def report(outcome: Outcome) -> dict[str, list[tuple[str, str | None, str]]]:
    """Kind -> (type, reference, detail) of every line of a run's report."""
    with db.reading() as session:
        run = sources.run(session, outcome.run_id)
        return {
            kind: [(item.object_type, item.ref, item.detail) for item in sources.items(session, run.id, kind)]
            for kind in run.kinds
        }
