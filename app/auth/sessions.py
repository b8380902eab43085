"""Flask-Login over sessions that the server keeps: the cookie holds a signed random token, the database the session."""

from datetime import UTC, datetime, timedelta

from flask import Flask, request, session
from flask_login import LoginManager

from app.settings import Settings
from callbacks.viewer import Viewer
from data.repositories import people
from domain.roles import Role

COOKIE = "aegis_session"
# Sent with what an open page asks by itself, so that it does not keep a session alive that nobody uses.
BACKGROUND = "X-Background"
_TOKEN = "_user_id"  # noqa: S105 - the key under which Flask-Login keeps what identifies the user


def install(server: Flask, settings: Settings) -> None:
    server.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.session_cookie_secure,
    )
    manager = LoginManager()
    manager.session_protection = None  # the server's own session is the protection; addresses of phones change
    idle = timedelta(minutes=settings.session_idle_minutes)

    @manager.user_loader
    def load(token: str) -> Viewer | None:
        by_itself = BACKGROUND in request.headers
        found = people.signed_in(token, idle=idle, now=datetime.now(UTC), by_itself=by_itself)
        if found is None:
            return None
        return Viewer(
            id=found.user_id,
            session_id=found.session_id,
            username=found.username,
            display_name=found.display_name,
            role=Role(found.role),
            must_change_password=found.must_change_password,
            time_zone=found.time_zone,
            generations=found.generations,
        )

    manager.init_app(server, add_context_processor=False)  # no page needs it, least of all that of a lost database


def begin(token: str) -> None:
    """Put a new session's token into a fresh cookie; nothing of an older one is kept."""
    session.clear()
    session[_TOKEN] = token
    session["_fresh"] = True


def forget() -> None:
    session.clear()
