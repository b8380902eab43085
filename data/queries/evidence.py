"""Evidence as it is shown: the files of a test, and one file by its id."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from data.queries import reader
from domain.errors import NotFound
from domain.evidence import Evidence
from domain.testing.person import Team

_COLUMNS = """id::text, side, round, name, caption, media_type, size, encode(sha256, 'hex') AS sha256, object_key,
  uploaded_by_name, uploaded_at, deleted_at, deleted_by_name, deleted_reason"""
_OF_TEST = f"SELECT {_COLUMNS} FROM evidence WHERE test_id = $1::uuid ORDER BY uploaded_at DESC, id DESC"
_ONE = f"SELECT {_COLUMNS} FROM evidence WHERE id = $1::uuid"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file and where it is kept."""

    evidence: Evidence
    key: str


def of_test(test_id: UUID) -> Sequence[Evidence]:
    """Newest first, both sides, with the tombstones of what was deleted."""
    return [_evidence(row) for row in reader.rows(_OF_TEST, str(test_id))]


def file(evidence_id: UUID) -> Kept:
    """Raises NotFound, also for a file that was deleted."""
    found = reader.rows(_ONE, str(evidence_id))
    if not found:
        raise NotFound("There is no such file.")
    (row,) = found
    made = _evidence(row)
    if made.deleted_at is not None:
        raise NotFound(f"{made.name} was deleted by {made.deleted_by}: {made.deleted_reason}")
    return Kept(made, row["object_key"])


def _evidence(row: dict[str, Any]) -> Evidence:
    return Evidence(
        id=UUID(row["id"]),
        side=Team(row["side"]),
        round=row["round"],
        name=row["name"],
        caption=row["caption"],
        media_type=row["media_type"],
        size=row["size"],
        sha256=row["sha256"],
        uploaded_by=row["uploaded_by_name"],
        uploaded_at=row["uploaded_at"],
        deleted_at=row["deleted_at"],
        deleted_by=row["deleted_by_name"],
        deleted_reason=row["deleted_reason"],
    )
