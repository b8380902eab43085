"""Evidence as it is written: the row of a file, its tombstone, and which objects nobody knows."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.models import Evidence as EvidenceRow
from data.models import SecurityTest as TestRow
from domain.errors import NotFound
from domain.evidence import Evidence
from domain.file_kinds import Examined
from domain.testing.entity import SecurityTest
from domain.testing.person import Person, Team

PREFIX = "evidence/"


def test_id(session: Session, number: int) -> UUID:
    """The id of the test people call by this number. Raises NotFound."""
    found = session.scalar(select(TestRow.id).where(TestRow.number == number))
    if found is None:
        raise NotFound(f"There is no test {number}.")
    return found


def same(session: Session, test: UUID, side: Team, sha256: bytes) -> str | None:
    """The name under which this very content is there already on this side."""
    return session.scalar(
        select(EvidenceRow.name).where(
            EvidenceRow.test_id == test,
            EvidenceRow.side == side,
            EvidenceRow.sha256 == sha256,
            EvidenceRow.deleted_at.is_(None),
        )
    )


def count(session: Session, test: UUID) -> int:
    """Files of a test that are not deleted."""
    kept = select(func.count()).where(EvidenceRow.test_id == test, EvidenceRow.deleted_at.is_(None))
    return session.scalar(kept) or 0


def add(
    session: Session,
    test: SecurityTest,
    side: Team,
    file: Examined,
    *,
    key: str,
    caption: str,
    by: Person,
    at: datetime,
) -> Evidence:
    row = EvidenceRow(
        test_id=test.id,
        round=test.round,
        side=side,
        name=file.name,
        caption=caption,
        media_type=file.kind.media_type,
        size=file.size,
        sha256=file.sha256,
        object_key=key,
        uploaded_by=by.id,
        uploaded_by_name=by.name,
        uploaded_at=at,
    )
    session.add(row)
    session.flush()
    return _evidence(row)


def names(session: Session, test: UUID, files: Collection[UUID]) -> dict[UUID, str]:
    """Of these files those that belong to the test and are not deleted, with what they are called."""
    kept = select(EvidenceRow.id, EvidenceRow.name).where(
        EvidenceRow.test_id == test, EvidenceRow.id.in_(files), EvidenceRow.deleted_at.is_(None)
    )
    return {row.id: row.name for row in session.execute(kept)}


def test_of(session: Session, evidence_id: UUID) -> UUID:
    """The test a file belongs to. Raises NotFound."""
    found = session.scalar(select(EvidenceRow.test_id).where(EvidenceRow.id == evidence_id))
    if found is None:
        raise NotFound("There is no such file.")
    return found


def bury(session: Session, evidence_id: UUID, by: Person, reason: str, at: datetime) -> tuple[Evidence, str]:
    """Leave a tombstone; returns it with the key of the object that is to go. Raises NotFound, also the second time."""
    row = session.get(EvidenceRow, evidence_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such file.")
    if row.deleted_at is not None:
        raise NotFound(f"{row.name} was deleted already, by {row.deleted_by_name}.")
    row.deleted_at, row.deleted_by_name, row.deleted_reason = at, by.name, reason
    return _evidence(row), row.object_key


def known(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that a file which is not deleted is kept under."""
    return set(
        session.scalars(
            select(EvidenceRow.object_key).where(EvidenceRow.object_key.in_(keys), EvidenceRow.deleted_at.is_(None))
        )
    )


def _evidence(row: EvidenceRow) -> Evidence:
    return Evidence(
        id=row.id,
        side=Team(row.side),
        round=row.round,
        name=row.name,
        caption=row.caption,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256.hex(),
        uploaded_by=row.uploaded_by_name,
        uploaded_at=row.uploaded_at,
        deleted_at=row.deleted_at,
        deleted_by=row.deleted_by_name,
        deleted_reason=row.deleted_reason,
    )
