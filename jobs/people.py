"""What is done with accounts and sessions. Every act, and every attempt to sign in, stands in the audit log."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from data import passwords
from data.database import Actor, unit_of_work
from data.models import User
from data.repositories import audit, people
from domain.errors import BadInput, Duplicate, NotFound, NotSignedIn, RuleViolated
from domain.people import check_password, check_team, check_username, one_time_password
from domain.roles import Permission, Role, require

_NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where an attempt comes from, and how long a session may last."""

    ip: str | None
    user_agent: str | None
    request_id: str | None
    lifetime: timedelta


def sign_in(username: str, password: str, attempt: SignIn) -> str:
    """A session token. The same sentence and the same time whether the name or the password is wrong."""
    now = datetime.now(UTC)
    with unit_of_work() as session:
        user = people.by_username(session, username)
        good = passwords.matches(user.password_hash if user else None, password)
        refused = None if good and user and user.disabled_at is None else _why_refused(user, good=good)
        actor = Actor(
            name=username[:_NAME_MAX], id=user.id if user else None, ip=attempt.ip, request_id=attempt.request_id
        )
        entity = ("user", str(user.id)) if user else None
        token = None
        if refused is None and user is not None:
            if passwords.outdated(user.password_hash or ""):
                user.password_hash = passwords.hashed(password)
            user.last_signed_in_at = now
            token = people.start_session(
                session, user, lifetime=attempt.lifetime, ip=attempt.ip, user_agent=attempt.user_agent, now=now
            )
            audit.record(session, actor, "session.started", entity=entity)
        else:
            audit.record(session, actor, "session.refused", entity=entity, after={"reason": refused})
    if token is None:
        raise NotSignedIn("The username or the password is wrong.")
    return token


def _why_refused(user: User | None, *, good: bool) -> str:
    if user is None:
        return "unknown username"
    return "account is disabled" if good else "wrong password"


def sign_out(actor: Actor, session_id: UUID) -> None:
    end_session(actor, session_id, action="session.ended")


def end_session(actor: Actor, session_id: UUID, *, action: str = "session.revoked") -> None:
    """End one of the actor's own sessions."""
    owner = _id_of(actor)
    with unit_of_work() as session:
        if not people.end_session(session, owner, session_id, datetime.now(UTC)):
            raise NotFound("This session is over already.")
        audit.record(session, actor, action, entity=("session", str(session_id)))


def end_all_sessions(actor: Actor) -> int:
    """Log the actor out everywhere, here too; returns how many sessions ended."""
    owner = _id_of(actor)
    with unit_of_work() as session:
        ended = people.end_sessions(session, owner, datetime.now(UTC))
        audit.record(session, actor, "session.all_revoked", entity=("user", str(owner)), after={"sessions": ended})
    return ended


def change_password(actor: Actor, session_id: UUID, old: str, new: str) -> None:
    """Set a new password for the actor; their other sessions end."""
    now = datetime.now(UTC)
    owner = _id_of(actor)
    with unit_of_work() as session:
        user = people.get(session, owner, lock=True)
        if not passwords.matches(user.password_hash, old):
            raise BadInput("The current password is wrong.", errors={"old": "wrong"})
        check_password(new, username=user.username)
        if passwords.matches(user.password_hash, new):
            raise BadInput("The new password must differ from the current one.", errors={"new": "the same"})
        user.password_hash = passwords.hashed(new)
        user.password_changed_at = now
        user.must_change_password = False
        people.end_sessions(session, user.id, now, but=session_id)
        audit.record(session, actor, "user.password_changed", entity=("user", str(user.id)))


def set_preferences(actor: Actor, *, display_name: str, time_zone: str) -> None:
    from zoneinfo import available_timezones

    if not 1 <= len(display_name.strip()) <= _NAME_MAX:
        raise BadInput(f"A name has 1 to {_NAME_MAX} characters.", errors={"display_name": "1-100 characters"})
    if time_zone not in available_timezones():
        raise BadInput(f"There is no time zone called {time_zone[:60]}.", errors={"time_zone": "unknown"})
    with unit_of_work() as session:
        user = people.get(session, _id_of(actor), lock=True)
        before = {"display_name": user.display_name, "time_zone": user.time_zone}
        user.display_name, user.time_zone = display_name.strip(), time_zone
        after = {"display_name": user.display_name, "time_zone": user.time_zone}
        audit.record(session, actor, "user.changed", entity=("user", str(user.id)), before=before, after=after)


def add_user(
    actor: Actor, actor_role: Role, username: str, role: Role, *, display_name: str = "", team: str = ""
) -> str:
    """A new person with a one-time password, which is returned and kept nowhere."""
    require(actor_role, Permission.MANAGE_USERS)
    with unit_of_work() as session:
        return _add(session, actor, username, role, display_name=display_name, team=team)


def add_first_administrator(username: str) -> str | None:
    """The first person of an empty instance and their one-time password; None when somebody is there already."""
    with unit_of_work() as session:
        if any(not user.is_demo for user in people.everyone(session)):
            return None
        return _add(session, Actor(name="Aegis"), username, Role.ADMIN, display_name="First administrator", team="")


def _add(session: Session, actor: Actor, username: str, role: Role, *, display_name: str, team: str) -> str:
    check_username(username)
    team = check_team(team)
    if len(display_name) > _NAME_MAX:
        raise BadInput(f"A name has at most {_NAME_MAX} characters.", errors={"display_name": "too long"})
    if people.by_username(session, username) is not None:
        raise Duplicate(f"There is already a person called {username}.", errors={"username": "taken"})
    password = one_time_password()
    user = User(
        username=username,
        display_name=display_name.strip() or username,
        role=role,
        team=team,
        password_hash=passwords.hashed(password),
        must_change_password=True,
    )
    session.add(user)
    session.flush()
    after = {"username": username, "role": role, "display_name": user.display_name, "team": team}
    audit.record(session, actor, "user.added", entity=("user", str(user.id)), after=after)
    return password


def set_disabled(actor: Actor, actor_role: Role, username: str, *, disabled: bool) -> None:
    """Disable or enable an account; disabling ends its sessions at once."""
    require(actor_role, Permission.MANAGE_USERS)
    now = datetime.now(UTC)
    with unit_of_work() as session:
        user = people.named(session, username)
        if disabled == (user.disabled_at is not None):
            return
        if disabled:
            _keep_an_administrator(session, user)
            people.end_sessions(session, user.id, now)
        user.disabled_at = now if disabled else None
        audit.record(session, actor, "user.disabled" if disabled else "user.enabled", entity=("user", str(user.id)))


def set_role(actor: Actor, actor_role: Role, username: str, role: Role) -> None:
    require(actor_role, Permission.MANAGE_USERS)
    with unit_of_work() as session:
        user = people.named(session, username)
        if user.role == role:
            return
        if user.role == Role.ADMIN:
            _keep_an_administrator(session, user)
        before = {"role": user.role}
        user.role = role
        audit.record(
            session, actor, "user.role_changed", entity=("user", str(user.id)), before=before, after={"role": role}
        )


def set_team(actor: Actor, actor_role: Role, username: str, team: str) -> str:
    """Put a person into a team, or with '' into none; their past tests go with them. Returns its name as it is kept."""
    require(actor_role, Permission.MANAGE_USERS)
    team = check_team(team)
    with unit_of_work() as session:
        user = people.named(session, username)
        if user.team == team:
            return team
        before, user.team = {"team": user.team}, team
        audit.record(
            session, actor, "user.team_changed", entity=("user", str(user.id)), before=before, after={"team": team}
        )
    return team


def reset_password(actor: Actor, actor_role: Role, username: str) -> str:
    """A new one-time password; all sessions of that person end."""
    require(actor_role, Permission.MANAGE_USERS)
    now = datetime.now(UTC)
    with unit_of_work() as session:
        user = people.named(session, username)
        if user.is_demo:
            raise RuleViolated("People of the demo organisation cannot sign in.")
        password = one_time_password()
        user.password_hash = passwords.hashed(password)
        user.must_change_password = True
        user.password_changed_at = now
        people.end_sessions(session, user.id, now)
        audit.record(session, actor, "user.password_reset", entity=("user", str(user.id)))
    return password


def _keep_an_administrator(session: Session, user: User) -> None:
    if user.role == Role.ADMIN and user.disabled_at is None and people.enabled_administrators(session) <= 1:
        raise RuleViolated(f"{user.username} is the only administrator; make another one first.")


def _id_of(actor: Actor) -> UUID:
    if actor.id is None:
        raise NotSignedIn("Sign in first.")
    return actor.id
