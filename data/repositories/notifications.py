"""Notifications as they are written: one for each person concerned, and one message for each of their channels."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.notifications import Notice, Subject

# Everybody concerned who can sign in, and who is not excepted.
_CONCERNED = """
SELECT id, role FROM user_account
WHERE disabled_at IS NULL AND NOT is_demo
  AND (id = ANY(:ids) OR lower(username) = ANY(:usernames) OR role = ANY(:roles))
  AND NOT id = ANY(:but)
"""
_TELL = text(f"""
INSERT INTO notification (user_id, kind, title, body, link, test_id, event_key)
SELECT id, :kind, :title, :body, :link, :test_id, :key FROM ({_CONCERNED}) AS concerned
ON CONFLICT (user_id, event_key) DO NOTHING
""")  # noqa: S608 - put together from constants
_SUBJECT = text("SELECT number, title, red_submitted_by, blue_submitted_by FROM security_test WHERE id = :id")


def subject(session: Session, test_id: UUID) -> Subject | None:
    """The test that something happened to; None when it is gone, as tests of the demo organisation go."""
    row = session.execute(_SUBJECT, {"id": test_id}).one_or_none()
    return Subject(**row._mapping) if row else None


def tell(session: Session, notices: Sequence[Notice]) -> None:
    """Write down what everybody concerned is told; telling again what was told changes nothing."""
    if notices:
        session.execute(_TELL, [_values(notice) for notice in notices])


def _values(notice: Notice) -> dict[str, object]:
    return {
        "ids": list(notice.to.ids),
        "usernames": sorted(notice.to.usernames),
        "roles": sorted(notice.to.roles),
        "but": list(notice.to.but),
        "kind": notice.kind,
        "title": notice.title,
        "body": notice.body,
        "link": notice.link,
        "test_id": notice.test_id,
        "key": notice.key,
    }
