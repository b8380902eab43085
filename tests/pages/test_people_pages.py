"""Account and users: what may be done to whom."""

from dataclasses import replace
from datetime import UTC, datetime

from domain.roles import Role
from pages import account, users
from tests.pages.reading import ids

NOW = datetime(2026, 11, 14, 12, 0, tzinfo=UTC)
JONAS = users.User(
    username="jonas",
    display_name="Jonas Weber",
    role=Role.RED_LEAD,
    disabled=False,
    must_change_password=False,
    last_signed_in_at=NOW,
    created_at=NOW,
    sessions=2,
)
HERE = account.Session(
    id="s1", device="Firefox on Linux", ip="10.0.0.1", created_at=NOW, last_seen_at=NOW, current=True
)


def test_the_present_session_cannot_be_ended_alone() -> None:
    rows = account.render_sessions([HERE, replace(HERE, id="s2", current=False)])
    found = [each for part in rows for each in ids(part) if isinstance(each, dict)]
    assert found == [{"type": "session-end", "session": "s2"}]


def test_an_enabled_person_can_be_disabled_and_a_disabled_one_enabled() -> None:
    assert "user-disable" in ids(users.user_panel(JONAS, []))
    disabled = ids(users.user_panel(replace(JONAS, disabled=True), []))
    assert "user-enable" in disabled
    assert "user-disable" not in disabled


def test_nobody_changes_themselves_or_the_demo_people() -> None:
    actions = {"user-set-role", "user-reset", "user-disable", "user-enable"}
    assert actions.isdisjoint(ids(users.user_panel(replace(JONAS, me=True), [])))
    assert actions.isdisjoint(ids(users.user_panel(replace(JONAS, demo=True), [])))


def test_everybody_but_the_demo_people_can_be_put_into_a_team() -> None:
    for person, offered in ((JONAS, True), (replace(JONAS, me=True), True), (replace(JONAS, demo=True), False)):
        assert ("user-set-team" in ids(users.user_panel(person, []))) is offered


def test_teams_are_suggested_once_each_and_by_name() -> None:
    everyone = [replace(JONAS, team=team) for team in ("South", "", "North", "South")]
    assert users.teams(everyone) == ["North", "South"]


def test_only_people_who_can_sign_in_are_counted() -> None:
    everyone = [JONAS, replace(JONAS, disabled=True), replace(JONAS, demo=True)]
    assert users.answer(everyone) == "1 person can sign in"


def test_the_state_of_a_person_is_a_word() -> None:
    states = [
        users._row(person)[4]["t"]
        for person in (
            JONAS,
            replace(JONAS, disabled=True),
            replace(JONAS, must_change_password=True),
            replace(JONAS, demo=True),
        )
    ]
    assert states == ["Active", "Disabled", "One-time password", "Demo, cannot sign in"]
