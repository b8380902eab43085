"""Accounts and their sessions."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from data import lane
from data.models import User, UserSession
from domain.errors import NotFound

_TOKEN_BYTES = 32
_USER_AGENT_MAX = 300


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person and the session behind a request, and the data's generations when it came."""

    user_id: UUID
    session_id: UUID
    username: str
    display_name: str
    role: str
    must_change_password: bool
    time_zone: str
    generations: Mapping[str, int]


def by_username(session: Session, username: str) -> User | None:
    return session.scalars(select(User).where(func.lower(User.username) == username.lower())).first()


def get(session: Session, user_id: UUID, *, lock: bool = False) -> User:
    user = session.get(User, user_id, with_for_update=lock or None)
    if user is None:
        raise NotFound("There is no such person.")
    return user


def named(session: Session, username: str) -> User:
    user = by_username(session, username)
    if user is None:
        raise NotFound(f"There is no person called {username}.")
    return user


def everyone(session: Session) -> Sequence[User]:
    return session.scalars(select(User).order_by(func.lower(User.username))).all()


def enabled_administrators(session: Session) -> int:
    """Administrators who can sign in, locked so that two removals at once do not leave none."""
    rows = session.scalars(
        select(User.id)
        .where(User.role == "admin", User.disabled_at.is_(None), User.password_hash.is_not(None))
        .with_for_update()
    )
    return len(rows.all())


def start_session(
    session: Session, user: User, *, lifetime: timedelta, ip: str | None, user_agent: str | None, now: datetime
) -> str:
    """A new session; the returned token is known to the browser only."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.add(
        UserSession(
            token_hash=_digest(token),
            user_id=user.id,
            last_seen_at=now,
            expires_at=now + lifetime,
            ip=ip,
            user_agent=(user_agent or "")[:_USER_AGENT_MAX] or None,
        )
    )
    return token


_SIGNED_IN = """
  SELECT s.id, u.id, u.username, u.display_name, u.role, u.must_change_password, u.time_zone,
         s.last_seen_at < %(now)s - interval '1 minute',
         (SELECT jsonb_object_agg(topic, number) FROM data_generation)
  FROM user_session AS s JOIN user_account AS u ON u.id = s.user_id
  WHERE s.token_hash = %(token)s AND s.revoked_at IS NULL AND s.expires_at > %(now)s
    AND s.last_seen_at > %(idle_since)s AND u.disabled_at IS NULL
"""
_SEEN = "UPDATE user_session SET last_seen_at = %(now)s WHERE id = %(id)s RETURNING 1"


def signed_in(token: str, *, idle: timedelta, now: datetime, by_itself: bool = False) -> SignedIn | None:
    """Who holds this token, if the session is neither revoked nor over and the account is enabled.

    Asked by every request, so it goes through the short lane and brings the generations along; the time last seen is
    kept to the minute. What a page asks `by_itself` does not count as being there.
    """
    rows = lane.ask(_SIGNED_IN, {"token": _digest(token), "now": now, "idle_since": now - idle})
    if not rows:
        return None
    session_id, user_id, username, display_name, role, must_change_password, time_zone, outdated, numbers = rows[0]
    if outdated and not by_itself:
        lane.ask(_SEEN, {"id": session_id, "now": now})
    return SignedIn(user_id, session_id, username, display_name, role, must_change_password, time_zone, numbers)


def open_sessions(session: Session, user_id: UUID, now: datetime) -> Sequence[UserSession]:
    return session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > now)
        .order_by(UserSession.last_seen_at.desc())
    ).all()


def open_session_counts(session: Session, now: datetime) -> dict[UUID, int]:
    """How many sessions each person has open; who has none is missing."""
    rows = session.execute(
        select(UserSession.user_id, func.count())
        .where(UserSession.revoked_at.is_(None), UserSession.expires_at > now)
        .group_by(UserSession.user_id)
    )
    return {user_id: count for user_id, count in rows}  # noqa: C416 - a row is not a tuple for the type checker


def end_session(session: Session, user_id: UUID, session_id: UUID, now: datetime) -> bool:
    """Revoke one of this person's sessions; False when it is not theirs or over already."""
    ended = session.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(UserSession.id)
    ).all()
    return bool(ended)


def end_sessions(session: Session, user_id: UUID, now: datetime, *, but: UUID | None = None) -> int:
    """Revoke all sessions of a person, except `but`; returns how many were open."""
    statement = update(UserSession).where(
        UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > now
    )
    if but is not None:
        statement = statement.where(UserSession.id != but)
    return len(session.execute(statement.values(revoked_at=now).returning(UserSession.id)).all())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
