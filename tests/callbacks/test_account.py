"""My account: what I may change about myself, and my sessions, of which nobody else can end one."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from callbacks.account import device
from tests.callbacks.asking import Answer, Asking, said
from tests.conftest import Person
from tests.jobs.syncing import rows

ClientOf = Callable[..., FlaskClient]
AddPerson = Callable[..., Person]


@pytest.fixture
def vera(add_person: AddPerson) -> Person:
    return add_person("vera")


@pytest.fixture
def asking(client_of: ClientOf, vera: Person) -> Asking:
    return Asking(client_of(vera))


def save(asking: Asking, name: str | None, zone: str | None) -> Answer:
    values = {"account-name.value": name, "account-zone.value": zone, "account-save.n_clicks": 1}
    return asking.ask("account-save.n_clicks", values)


def end(asking: Asking, session: object) -> Answer:
    return asking.ask(({"type": "session-end", "session": str(session)}, "n_clicks"))


def sessions_of(username: str) -> list[str]:
    found = rows(
        "SELECT s.id FROM user_session AS s JOIN user_account AS u ON u.id = s.user_id"
        " WHERE u.username = :name AND s.revoked_at IS NULL ORDER BY s.created_at",
        name=username,
    )
    return [str(row[0]) for row in found]


class TestPreferences:
    def test_they_are_kept_and_told(self, asking: Asking) -> None:
        assert save(asking, " Vera Stein ", "Europe/Berlin").toast.startswith("Saved.")
        assert rows("SELECT display_name, time_zone FROM user_account") == [("Vera Stein", "Europe/Berlin")]
        assert rows("SELECT before, after FROM audit_log WHERE action = 'user.changed'") == [
            (
                {"display_name": "Vera", "time_zone": "UTC"},
                {"display_name": "Vera Stein", "time_zone": "Europe/Berlin"},
            )
        ]

    def test_what_cannot_be_is_said(self, asking: Asking) -> None:
        for name, zone, sentence in (
            ("Vera", "Mars/Olympus", "There is no time zone called Mars/Olympus."),
            (" ", "UTC", "A name has 1 to 100 characters."),
            (None, None, "A name has 1 to 100 characters."),
        ):
            assert save(asking, name, zone).toast.startswith(sentence)
        assert rows("SELECT display_name, time_zone FROM user_account") == [("Vera", "UTC")]


class TestSessions:
    def test_one_of_mine_is_ended_and_no_other(self, asking: Asking, client_of: ClientOf, vera: Person) -> None:
        other = client_of(None)
        other.get("/login", headers={"Accept": "text/html"})
        token = other.get_cookie("_csrf_token")
        assert token is not None
        other.post("/login", data={"username": "vera", "password": vera.password, "csrf_token": token.value})
        assert other.get("/_dash-layout").status_code == 200
        here, there = sessions_of("vera")
        done = end(asking, there)
        assert done.toast.startswith("The session is ended.")
        assert "this one" in said(done.outputs["account-sessions.children"])
        assert other.get("/_dash-layout").status_code == 401
        assert sessions_of("vera") == [here]
        assert end(asking, there).toast.startswith("This session is over already.")

    def test_nobody_ends_those_of_others(self, asking: Asking, add_person: AddPerson) -> None:
        add_person("ana")
        (theirs,) = sessions_of("ana")
        for ident in (theirs, uuid4()):
            assert end(asking, ident).toast.startswith("This session is over already.")
        assert end(asking, "nonsense").toast.startswith("This id is not one of ours.")
        assert sessions_of("ana") == [theirs]

    def test_all_of_mine_end_at_once(self, asking: Asking, client_of: ClientOf, add_person: AddPerson) -> None:
        ana = client_of(add_person("ana"))
        done = asking.ask("sessions-end-all.n_clicks", {"sessions-end-all.n_clicks": 1})
        assert "/login" in done.outputs.values()
        assert asking.client.get("/_dash-layout").status_code == 401
        assert ana.get("/_dash-layout").status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("Konqueror (X11; Linux)", "Linux"),
        ("<script>alert(1)</script>", "scriptalert1/script"),
        (None, "Unknown device"),
    ],
)
def test_a_device_is_named_in_words(user_agent: str | None, words: str) -> None:
    assert device(user_agent) == words
