"""Accounts: who may change them, what ends a session, and what the audit log says."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from data.database import SYSTEM, Actor, reading, unit_of_work
from data.models import AuditEntry, DataGeneration, User
from data.repositories import people as repository
from domain.errors import BadInput, Duplicate, NotFound, NotSignedIn, PermissionDenied, RuleViolated
from domain.roles import Role
from jobs import people

pytestmark = pytest.mark.usefixtures("database")
ATTEMPT = people.SignIn(ip="192.0.2.9", user_agent="tests", request_id="r1", lifetime=timedelta(hours=1))
NEW = "Another passw0rd!"


def _signed_in(token: str, *, idle: timedelta = timedelta(minutes=30), later: timedelta = timedelta()) -> bool:
    return repository.signed_in(token, idle=idle, now=datetime.now(UTC) + later) is not None


def _actions() -> list[tuple[str, str | None]]:
    with reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.seq))
        return [(entry.action, (entry.after or {}).get("reason")) for entry in entries]


def _actor(username: str) -> tuple[Actor, str]:
    """An administrator who chose a password, and a token of theirs."""
    first = people.add_user(SYSTEM, Role.ADMIN, username, Role.ADMIN)
    token = people.sign_in(username, first, ATTEMPT)
    found = repository.signed_in(token, idle=timedelta(hours=1), now=datetime.now(UTC))
    assert found is not None
    actor = Actor(name=username, id=found.user_id)
    people.change_password(actor, found.session_id, first, NEW)
    return actor, token


def test_one_time_password_signs_in_and_must_be_changed() -> None:
    password = people.add_first_administrator("owner")
    assert password is not None
    token = people.sign_in("OWNER", password, ATTEMPT)
    found = repository.signed_in(token, idle=timedelta(hours=1), now=datetime.now(UTC))
    assert found is not None
    assert found.must_change_password
    assert people.add_first_administrator("second") is None


def test_every_attempt_is_in_the_audit_log_with_its_reason() -> None:
    password = people.add_user(SYSTEM, Role.ADMIN, "ana", Role.VIEWER)
    for name, tried in (("ana", "wrong"), ("nobody", "wrong")):
        with pytest.raises(NotSignedIn, match="username or the password"):
            people.sign_in(name, tried, ATTEMPT)
    people.sign_in("ana", password, ATTEMPT)
    people.set_disabled(SYSTEM, Role.ADMIN, "ana", disabled=True)
    with pytest.raises(NotSignedIn):
        people.sign_in("ana", password, ATTEMPT)
    assert _actions()[1:] == [
        ("session.refused", "wrong password"),
        ("session.refused", "unknown username"),
        ("session.started", None),
        ("user.disabled", None),
        ("session.refused", "account is disabled"),
    ]


def test_sessions_end_when_idle_expired_revoked_or_disabled() -> None:
    actor, token = _actor("ana")
    assert _signed_in(token)
    assert not _signed_in(token, idle=timedelta(minutes=30), later=timedelta(minutes=31))
    assert not _signed_in(token, idle=timedelta(days=9), later=timedelta(minutes=61))
    assert not _signed_in(token + "x")
    assert people.end_all_sessions(actor) == 1
    assert not _signed_in(token)


def test_changing_the_password_keeps_this_session_and_ends_the_others() -> None:
    actor, token = _actor("ana")
    other = people.sign_in("ana", NEW, ATTEMPT)
    found = repository.signed_in(token, idle=timedelta(hours=1), now=datetime.now(UTC))
    assert found is not None
    with pytest.raises(BadInput, match="current password is wrong"):
        people.change_password(actor, found.session_id, "nope", "Brand new passw0rd!")
    with pytest.raises(BadInput, match="differ"):
        people.change_password(actor, found.session_id, NEW, NEW)
    assert _signed_in(other)
    people.change_password(actor, found.session_id, NEW, "Brand new passw0rd!")
    assert _signed_in(token)
    assert not _signed_in(other)


def test_only_administrators_manage_people() -> None:
    for role in set(Role) - {Role.ADMIN}:
        with pytest.raises(PermissionDenied):
            people.add_user(SYSTEM, role, "new", Role.ADMIN)
        with pytest.raises(PermissionDenied):
            people.reset_password(SYSTEM, role, "new")
        with pytest.raises(PermissionDenied):
            people.set_team(SYSTEM, role, "new", "North")
    with reading() as session:
        assert session.scalars(select(User)).all() == []


def test_names_are_unique_in_any_case_and_checked() -> None:
    people.add_user(SYSTEM, Role.ADMIN, "Ana", Role.VIEWER)
    with pytest.raises(Duplicate, match="already"):
        people.add_user(SYSTEM, Role.ADMIN, "aNA", Role.VIEWER)
    with pytest.raises(BadInput, match="reserved"):
        people.add_user(SYSTEM, Role.ADMIN, "admin", Role.VIEWER)


def test_the_last_administrator_stays() -> None:
    _actor("ana")
    with pytest.raises(RuleViolated, match="only administrator"):
        people.set_disabled(SYSTEM, Role.ADMIN, "ana", disabled=True)
    with pytest.raises(RuleViolated, match="only administrator"):
        people.set_role(SYSTEM, Role.ADMIN, "ana", Role.VIEWER)
    people.add_user(SYSTEM, Role.ADMIN, "bob", Role.ADMIN)
    people.set_role(SYSTEM, Role.ADMIN, "ana", Role.VIEWER)


def test_resetting_a_password_ends_the_sessions() -> None:
    _, token = _actor("ana")
    password = people.reset_password(SYSTEM, Role.ADMIN, "ana")
    assert not _signed_in(token)
    with pytest.raises(NotSignedIn):
        people.sign_in("ana", NEW, ATTEMPT)
    assert people.sign_in("ana", password, ATTEMPT)


def test_a_person_is_put_into_a_team_and_out_of_it() -> None:
    people.add_user(SYSTEM, Role.ADMIN, "ana", Role.BLUE_TECH, team=" North ")
    assert people.set_team(SYSTEM, Role.ADMIN, "ANA", "North") == "North"
    assert people.set_team(SYSTEM, Role.ADMIN, "ana", "  South  east ") == "South east"
    for bad in ("x" * 81, "none"):
        with pytest.raises(BadInput):
            people.set_team(SYSTEM, Role.ADMIN, "ana", bad)
        with pytest.raises(BadInput):
            people.add_user(SYSTEM, Role.ADMIN, "bob", Role.BLUE_TECH, team=bad)
    with pytest.raises(NotFound, match="bob"):
        people.set_team(SYSTEM, Role.ADMIN, "bob", "South east")
    assert people.set_team(SYSTEM, Role.ADMIN, "ana", " ") == ""
    with reading() as session:
        assert session.scalars(select(User.team)).all() == [""]
        entries = [
            (entry.action, (entry.before or {}).get("team"), (entry.after or {})["team"])
            for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.seq))
        ]
    assert entries == [
        ("user.added", None, "North"),
        ("user.team_changed", "North", "South east"),
        ("user.team_changed", "South east", ""),
    ]


def test_names_and_teams_make_answers_about_tests_anew_and_nothing_else_of_a_person_does() -> None:
    def generation() -> int:
        with reading() as session:
            return session.scalars(select(DataGeneration.number).where(DataGeneration.topic == "tests")).one()

    start = generation()
    actor, _ = _actor("ana")  # adds a person, signs in, changes the password
    people.add_user(SYSTEM, Role.ADMIN, "bob", Role.ADMIN)
    people.set_role(SYSTEM, Role.ADMIN, "bob", Role.VIEWER)
    assert generation() == start
    people.set_team(SYSTEM, Role.ADMIN, "bob", "North")
    assert generation() == start + 1
    people.set_team(SYSTEM, Role.ADMIN, "bob", "North")
    assert generation() == start + 1
    people.set_preferences(actor, display_name="Anna", time_zone="UTC")
    assert generation() == start + 2


def test_a_session_seen_lately_is_not_written_again(database: Engine) -> None:
    _, token = _actor("ana")
    now = datetime.now(UTC)
    repository.signed_in(token, idle=timedelta(hours=1), now=now + timedelta(seconds=30))
    with unit_of_work() as session:
        (row,) = repository.open_sessions(session, session.scalars(select(User.id)).one(), now)
        assert row.last_seen_at < now + timedelta(seconds=1)
    repository.signed_in(token, idle=timedelta(hours=1), now=now + timedelta(minutes=2))
    with unit_of_work() as session:
        (row,) = repository.open_sessions(session, session.scalars(select(User.id)).one(), now)
        assert row.last_seen_at == now + timedelta(minutes=2)
