"""Administrators let people in and keep them out; nobody else gets to see or do any of it."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from data.database import SYSTEM
from domain.roles import Role
from jobs import people
from tests.callbacks.asking import Answer, Asking, said
from tests.conftest import Person
from tests.jobs.syncing import execute, rows

AddPerson = Callable[..., Person]
ClientOf = Callable[..., FlaskClient]


@pytest.fixture
def admin(client_of: ClientOf, add_person: AddPerson) -> Asking:
    return Asking(client_of(add_person("ada", Role.ADMIN)))


@pytest.fixture
def bo(add_person: AddPerson) -> Person:
    return add_person("bo", Role.RED_TECH)


def acted(asking: Asking, button: str, **values: str) -> Answer:
    given = {"user-chosen.data": values.pop("who", "bo"), **{f"{name}.value": one for name, one in values.items()}}
    return asking.ask(f"{button}.n_clicks", {f"{button}.n_clicks": 1, **given})


def add(asking: Asking, username: str, role: str = "viewer", team: object = None) -> Answer:
    values = {"user-name.value": username, "user-display.value": "", "user-new-role.value": role}
    values |= {"user-new-team.value": team}
    return asking.ask("user-add.n_clicks", {"user-add.n_clicks": 1, **values})


def audited() -> list[tuple[str, str]]:
    """(who, did what) besides signing in."""
    return rows("SELECT actor_name, action FROM audit_log WHERE action NOT LIKE 'session%' ORDER BY seq")


class TestAdding:
    def test_a_person_is_added_with_a_password_that_works_once(self, admin: Asking, client_of: ClientOf) -> None:
        made = add(admin, " cleo ", "blue_lead", " Blue  north ")
        shown = said(made.outputs["user-secret.children"])
        assert "cleo was added." in shown
        assert "cleo" in said(made.outputs["users-list.children"])
        assert "Blue north" in said(made.outputs["users-list.children"])
        assert (made.outputs["user-name.value"], made.outputs["user-display.value"]) == ("", "")
        (password,) = re.findall(r"(?:\w{5}-){3}\w{5}", shown)
        client = client_of(None)
        client.get("/login", headers={"Accept": "text/html"})
        token = client.get_cookie("_csrf_token")
        assert token is not None
        form = {"username": "cleo", "password": password, "csrf_token": token.value}
        assert client.post("/login", data=form).status_code == 302
        assert rows("SELECT role, team, must_change_password FROM user_account WHERE username = 'cleo'") == [
            ("blue_lead", "Blue north", True)
        ]
        assert audited() == [("ada", "user.added")]

    def test_what_cannot_be_added_is_said(self, admin: Asking) -> None:
        for username, role, sentence in (
            ("root", "viewer", "The username root is reserved; choose another."),
            ("x", "viewer", "A username has 3 to 50 letters, digits, _ or -."),
            ("ADA", "viewer", "There is already a person called ADA."),
            ("cleo", "king", "There is no such role."),
        ):
            refused = add(admin, username, role)
            assert refused.toast.startswith(sentence)
            assert refused.outputs == {}
        assert admin.ask("user-add.n_clicks", {"user-name.value": "cleo"}).status == 204  # nobody has clicked
        assert rows("SELECT count(*) FROM user_account") == [(1,)]


@pytest.mark.usefixtures("bo")
class TestChanging:
    def test_disabling_signs_out_and_enabling_lets_in_again(
        self, admin: Asking, client_of: ClientOf, bo: Person
    ) -> None:
        theirs = client_of(bo)
        assert theirs.get("/_dash-layout").status_code == 200
        off = acted(admin, "user-disable")
        assert off.toast.startswith("bo is disabled and signed out everywhere.")
        assert "Disabled" in said(off.outputs["users-list.children"])
        assert "Enable" in said(off.outputs["user-panel.children"])
        assert theirs.get("/_dash-layout").status_code == 401
        on = acted(admin, "user-enable")
        assert "Disable" in said(on.outputs["user-panel.children"])
        assert theirs.get("/_dash-layout").status_code == 401  # the old session stays ended
        assert audited() == [("ada", "user.disabled"), ("ada", "user.enabled")]

    def test_a_new_password_is_shown_once_and_ends_their_sessions(
        self, admin: Asking, client_of: ClientOf, bo: Person
    ) -> None:
        done = acted(admin, "user-reset")
        assert re.search(r"bo has a new password\..*(?:\w{5}-){3}\w{5}", said(done.outputs["user-secret.children"]))
        assert "One-time password" in said(done.beside["users-list.children"])
        assert client_of(bo).get("/_dash-layout").status_code == 401
        assert audited() == [("ada", "user.password_reset")]

    def test_a_role_takes_effect_on_the_next_request(self, admin: Asking, client_of: ClientOf, bo: Person) -> None:
        theirs = Asking(client_of(bo))
        assert "Your role does not include this page" in said(theirs.open("/admin/users").outputs["page.children"])
        done = acted(admin, "user-set-role", **{"user-role": "admin"})
        assert done.toast.startswith("The role is changed.")
        assert "ada" in said(theirs.open("/admin/users").outputs["page.children"])
        assert audited() == [("ada", "user.role_changed")]

    def test_a_person_is_put_into_a_team_that_is_suggested_from_then_on(self, admin: Asking) -> None:
        done = acted(admin, "user-set-team", **{"user-team": " Blue  north "})
        assert done.toast.startswith("bo is in the team Blue north.")
        assert "Blue north" in said(done.outputs["users-list.children"])
        assert "Blue north" in said(done.outputs["user-panel.children"])
        assert rows("SELECT team FROM user_account WHERE username = 'bo'") == [("Blue north",)]
        panel = admin.open("/admin/users", "?user=ada")
        assert panel.text.count('"options":[["Blue north","Blue north"]]') == 2  # in both forms
        gone = acted(admin, "user-set-team", **{"user-team": ""})
        assert gone.toast.startswith("bo is in no team.")
        assert audited() == [("ada", "user.team_changed"), ("ada", "user.team_changed")]

    def test_a_team_that_cannot_be_is_refused_in_a_sentence(self, admin: Asking) -> None:
        for team, sentence in (("x" * 81, "at most 80 characters"), ("None", "No team can be called None")):
            refused = acted(admin, "user-set-team", **{"user-team": team})
            assert sentence in refused.toast
            assert refused.outputs == {}
            assert sentence in add(admin, "cleo", team=team).toast
        assert rows("SELECT username, team FROM user_account ORDER BY 1") == [("ada", ""), ("bo", "")]

    def test_the_last_administrator_stays_one(self, admin: Asking) -> None:
        for button, values in (("user-disable", {}), ("user-set-role", {"user-role": "viewer"})):
            refused = acted(admin, button, who="ada", **values)
            assert refused.toast.startswith("ada is the only administrator; make another one first.")
        assert rows("SELECT role, disabled_at FROM user_account WHERE username = 'ada'") == [("admin", None)]

    def test_a_person_who_is_gone_is_named(self, admin: Asking) -> None:
        assert acted(admin, "user-reset", who="nobody").toast.startswith("There is no person called nobody.")


class TestPanel:
    def test_it_follows_the_address(self, admin: Asking, bo: Person) -> None:
        def panel(search: str) -> str:
            asked = admin.ask("url.search", {"url.search": search, "url.pathname": "/admin/users"}, of="user-panel")
            return said(asked.outputs["user-panel.children"])

        assert "Reset password" in panel("?user=bo")
        assert "This is you." in panel("?user=ada")
        assert panel("?user=nobody") == panel("") == ""

    def test_demo_people_are_not_let_in(self, admin: Asking, bo: Person) -> None:
        execute("UPDATE user_account SET is_demo = true WHERE username = 'bo'")
        assert "Reset password" not in said(admin.open("/admin/users", "?user=bo").outputs["page.children"])
        assert acted(admin, "user-reset").toast.startswith("People of the demo organisation cannot sign in.")


def test_for_everybody_else_nothing_happens_and_nothing_leaks(client_of: ClientOf, add_person: AddPerson) -> None:
    people.add_user(SYSTEM, Role.ADMIN, "hidden-person", Role.ADMIN)
    eve = add_person("eve")
    theirs = Asking(client_of(eve))
    state = "SELECT username, password_hash, disabled_at, team FROM user_account ORDER BY 1"
    before = rows(state)
    search = {"url.search": "?user=hidden-person", "url.pathname": "/admin/users"}
    for role in set(Role) - {Role.ADMIN}:
        execute("UPDATE user_account SET role = :role WHERE username = 'eve'", role=role)
        asked = [
            add(theirs, "mallory", "admin"),
            acted(theirs, "user-reset", who="hidden-person"),
            acted(theirs, "user-set-role", who="eve", **{"user-role": "admin"}),
            acted(theirs, "user-set-team", who="hidden-person", **{"user-team": "mine"}),
            acted(theirs, "user-disable", who="hidden-person"),
            acted(theirs, "user-enable", who="hidden-person"),
            theirs.ask("url.search", search, of="user-panel"),
        ]
        for refused in asked:
            assert refused.outputs == {}
            assert "hidden-person" not in refused.text
            assert refused.toast.startswith(f"This needs the role Administrator; yours is {role.label}.")
        page = theirs.open("/admin/users", "?user=hidden-person")
        assert "Your role does not include this page" in said(page.outputs["page.children"])
        assert "hidden-person" not in page.text
        assert rows("SELECT role FROM user_account WHERE username = 'eve'") == [(role,)]
    assert rows(state) == before
