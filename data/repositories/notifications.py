"""Notifications as they are written: one for each person concerned, and one message for each of their channels."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.notifications import Notice, Overdue, Subject

# Everybody concerned who can sign in, and who is not excepted.
_CONCERNED = """
SELECT id, role, display_name FROM user_account
WHERE disabled_at IS NULL AND NOT is_demo
  AND (id = ANY(:ids) OR lower(username) = ANY(:usernames) OR role = ANY(:roles))
  AND NOT id = ANY(:but)
"""
_TELL = text(f"""
INSERT INTO notification (user_id, kind, title, body, link, test_id, event_key)
SELECT id, :kind, :title, :body, :link, :test_id, :key FROM ({_CONCERNED}) AS concerned
ON CONFLICT (user_id, event_key) DO NOTHING
""")  # noqa: S608 - put together from constants
# A channel of a role carries what anybody of the role is told, and says whom.
_SEND = text(f"""
WITH concerned AS ({_CONCERNED})
INSERT INTO notification_delivery (channel_id, title, body, event_key, state)
SELECT channel.id, :title, concat_ws(E'\\n', CASE WHEN channel.role IS NOT NULL THEN 'For ' || their.names END,
    nullif(:body, ''), CASE WHEN :link <> '' THEN :base_url || :link END),
  :key, CASE channel.digest WHEN 'none' THEN 'queued' ELSE 'held' END
FROM notification_channel AS channel
CROSS JOIN LATERAL (
  SELECT string_agg(display_name, ', ' ORDER BY display_name) AS names FROM concerned
  WHERE concerned.id = channel.user_id OR concerned.role = channel.role
) AS their
WHERE channel.active AND their.names IS NOT NULL AND (channel.kinds = '{{}}' OR :kind = ANY(channel.kinds))
ON CONFLICT (channel_id, event_key) DO NOTHING
""")  # noqa: S608
_SUBJECT = text("SELECT number, title, red_submitted_by, blue_submitted_by FROM security_test WHERE id = :id")
# Overdue ones nobody was told of yet; the key is that of domain.notifications.of_overdue.
_OVERDUE = text("""
SELECT test.id AS test_id, test.number, test.title, remediation.due_on, owner.id AS owner_id
FROM remediation JOIN security_test AS test ON test.id = remediation.test_id
LEFT JOIN user_account AS owner ON owner.id = remediation.owner_id AND owner.disabled_at IS NULL
WHERE remediation.state IN ('open', 'in_progress') AND remediation.due_on < :today
  AND test.state = 'validated' AND NOT test.is_demo
  AND NOT EXISTS (
    SELECT FROM notification AS told WHERE told.test_id = test.id
      AND told.event_key = 'overdue:' || test.id || ':' || remediation.due_on)
ORDER BY remediation.due_on, test.number
""")
# Techniques a sync changed, by the people who have a test of them; a test that moved to a successor counts for both.
_CHANGED = text("""
WITH changed AS (
  SELECT DISTINCT ref FROM sync_item
  WHERE run_id = :run AND object_type = 'technique' AND ref IS NOT NULL
    AND kind IN ('changed', 'renamed', 'revoked', 'deprecated', 'vanished', 'reactivated')
), touched AS (
  SELECT changed.ref, test.red_assignee, test.blue_assignee, test.created_by
  FROM security_test AS test JOIN technique ON technique.id = test.technique_id
  JOIN changed ON changed.ref IN (technique.attack_id, test.claimed_technique)
  WHERE test.created_at >= :since AND test.state NOT IN ('rejected', 'cancelled') AND NOT test.is_demo
)
SELECT person.id, array_agg(DISTINCT touched.ref ORDER BY touched.ref) AS techniques
FROM touched CROSS JOIN LATERAL (VALUES (red_assignee), (blue_assignee), (created_by)) AS person (id)
WHERE person.id IS NOT NULL GROUP BY person.id
""")
_READ = text("""
UPDATE notification SET read_at = :now
WHERE user_id = :user AND read_at IS NULL AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(:ids)) AND created_at <= :until
""")
_FORGET = text("DELETE FROM notification WHERE read_at < :before")


def subject(session: Session, test_id: UUID) -> Subject | None:
    """The test that something happened to; None when it is gone, as tests of the demo organisation go."""
    row = session.execute(_SUBJECT, {"id": test_id}).one_or_none()
    return Subject(**row._mapping) if row else None


def tell(session: Session, notices: Iterable[Notice], base_url: str) -> None:
    """Write down what everybody concerned is told, and what goes through their channels, with links below `base_url`.

    Telling again what was told changes nothing.
    """
    values = [_values(notice) | {"base_url": base_url} for notice in notices]
    if values:
        session.execute(_TELL, values)
        session.execute(_SEND, values)


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


def overdue(session: Session, today: date) -> list[Overdue]:
    """Remediations whose due date was before `today` and of which nobody was told, oldest first."""
    return [Overdue(**row._mapping) for row in session.execute(_OVERDUE, {"today": today})]


def owners_of_changed(session: Session, run_id: UUID, since: datetime) -> list[tuple[UUID, Sequence[str]]]:
    """Who has tests, made since then, of techniques that this sync changed: person and ATT&CK ids."""
    return [(row.id, row.techniques) for row in session.execute(_CHANGED, {"run": run_id, "since": since})]


def mark_read(session: Session, user_id: UUID, ids: Sequence[UUID] | None, *, until: datetime, now: datetime) -> None:
    """Mark these of the person's as read, or all; only what was there at `until`."""
    listed = None if ids is None else list(ids)
    session.execute(_READ, {"user": user_id, "ids": listed, "until": until, "now": now})


def forget(session: Session, before: datetime) -> None:
    """Remove what was read before then."""
    session.execute(_FORGET, {"before": before})
