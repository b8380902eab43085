"""The notifications page and the bell's endpoints: one's own notifications, one's own channels, no address in sight."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from data import messenger
from domain.notifications import Kind
from domain.roles import Role
from jobs import deliveries
from tests.callbacks.asking import Answer, Asking, links, said
from tests.conftest import Person
from tests.jobs.sinks import HttpSink, http_sink
from tests.jobs.syncing import execute, rows

AddPerson = Callable[..., Person]
ClientOf = Callable[..., FlaskClient]

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture
def ruth(client_of: ClientOf, add_person: AddPerson) -> Asking:
    return Asking(client_of(add_person("ruth", Role.RED_TECH)))


@pytest.fixture
def ada(client_of: ClientOf, add_person: AddPerson) -> Asking:
    return Asking(client_of(add_person("ada", Role.ADMIN)))


@pytest.fixture
def web() -> Iterator[HttpSink]:
    with http_sink() as sink:
        messenger.configure("https://aegis.example.org", ["127.0.0.1"])
        yield sink
        messenger.configure("")


def tell(username: str, number: int, *, read: bool = False) -> None:
    """So many notifications, a minute apart, the last now."""
    execute(
        "INSERT INTO notification (user_id, kind, title, body, link, event_key, created_at, read_at)"
        " SELECT u.id, 'mentioned', 'Note ' || n, 'Said so.', '/test/' || n, 'key ' || n || :read,"
        "   now() - n * interval '1 minute', CASE WHEN :read THEN now() END"
        " FROM user_account u, generate_series(1, :number) AS n WHERE username = :username",
        username=username, number=number, read=read,
    )  # fmt: skip


def add(asking: Asking, address: str = SLACK, **more: Any) -> Answer:
    values = {"name": "Ours", "address": address, "for": "", "new-kinds": [], "new-digest": "none", **more}
    given = {f"channel-{name}.value": value for name, value in values.items()}
    return asking.ask("channel-add.n_clicks", {"channel-add.n_clicks": 1, **given})


def acted(asking: Asking, button: str, **values: Any) -> Answer:
    chosen = values.pop("chosen", None) or channel_id()
    given = {f"{name.replace('_', '-')}.value": value for name, value in values.items()}
    return asking.ask(f"{button}.n_clicks", {f"{button}.n_clicks": 1, "channel-chosen.data": chosen, **given})


def channel_id() -> str:
    return str(rows("SELECT id FROM notification_channel")[0][0])


def page_of(asking: Asking, search: str = "") -> str:
    return str(said(asking.open("/notifications", search).outputs["page.children"]))


def items(answer: Answer) -> list[dict[str, Any]]:
    """What the list on the page shows."""
    found: list[dict[str, Any]] = []

    def look(node: Any) -> None:
        if isinstance(node, list):
            for one in node:
                look(one)
        elif isinstance(node, dict):
            if node.get("type") == "Inbox":
                found.extend(node["props"]["items"])
            look(node.get("props", {}).get("children"))

    look(answer.outputs["page.children"])
    return found


class TestReading:
    def test_the_newest_first_and_older_ones_behind_a_link(self, ruth: Asking, ada: Asking) -> None:
        tell("ruth", 20)
        first = ruth.open("/notifications")
        shown = items(first)
        assert [one["title"] for one in shown] == [f"Note {n}" for n in range(1, 16)]
        assert (shown[0]["link"], shown[0]["label"], shown[0]["read"]) == ("/test/1", "Mentioned", False)
        assert first.outputs["answer.children"] == "20 unread"
        older = links(first.outputs["page.children"])["Older"]
        rest = ruth.open("/notifications", older.removeprefix("/notifications"))
        assert [one["title"] for one in items(rest)] == [f"Note {n}" for n in range(16, 21)]
        assert "Nothing yet" in page_of(ada), "they are ruth's"

    def test_only_unread_ones(self, ruth: Asking) -> None:
        tell("ruth", 2, read=True)
        assert len(items(ruth.open("/notifications"))) == 2
        assert "All read" in page_of(ruth, "?show=unread")

    def test_what_was_told_in_one_moment_is_not_passed_over(self, ruth: Asking) -> None:
        tell("ruth", 20)
        execute("UPDATE notification SET created_at = now()")
        first = ruth.open("/notifications")
        older = links(first.outputs["page.children"])["Older"]
        rest = items(ruth.open("/notifications", older.removeprefix("/notifications")))
        assert len({one["id"] for one in [*items(first), *rest]}) == 20

    def test_nonsense_in_the_address_does_no_harm(self, ruth: Asking) -> None:
        tell("ruth", 1)
        for before in ("yesterday", "2026-01-01", "%00"):
            assert len(items(ruth.open("/notifications", f"?before={before}"))) == 1


class TestBell:
    def get(self, asking: Asking, path: str) -> Any:
        return asking.client.get(path).get_json()

    def post(self, asking: Asking, body: Any) -> Any:
        return asking.client.post("/api/notifications/read", json=body, headers=asking._headers())

    def test_counts_lists_and_marks(self, ruth: Asking, ada: Asking) -> None:
        tell("ruth", 10)
        assert self.get(ruth, "/api/notifications/count") == {"unread": 10}
        assert self.get(ada, "/api/notifications/count") == {"unread": 0}
        listed = self.get(ruth, "/api/notifications")
        assert (listed["unread"], listed["failed"], len(listed["items"])) == (10, 0, 8)
        one = listed["items"][3]
        assert self.post(ada, {"ids": [one["id"]]}).get_json() == {"unread": 0}
        assert self.post(ruth, {"ids": [one["id"]]}).get_json() == {"unread": 9}
        assert self.post(ruth, {"until": one["at"]}).get_json() == {"unread": 3}, "what came after it stays"

    @pytest.mark.parametrize(
        "body",
        [
            None,
            [],
            {},
            {"ids": "all"},
            {"ids": ["x"]},
            {"until": "now"},
            {"until": "2026-01-01"},
            {"ids": [], "until": ""},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, ruth: Asking, body: Any) -> None:
        tell("ruth", 1)
        assert self.post(ruth, body).status_code == 422
        assert self.get(ruth, "/api/notifications/count") == {"unread": 1}

    def test_it_is_for_people_who_are_signed_in_and_their_own_pages(self, client_of: ClientOf, ruth: Asking) -> None:
        assert client_of(None).get("/api/notifications").status_code == 401
        assert ruth.client.post("/api/notifications/read", json={"ids": []}).status_code == 422, "no token"

    def test_a_page_that_asks_by_itself_keeps_no_session_open(self, ruth: Asking) -> None:
        execute("UPDATE user_session SET last_seen_at = now() - interval '5 minutes'")
        seen = "SELECT last_seen_at > now() - interval '1 minute' FROM user_session"
        ruth.client.get("/api/notifications/count", headers={"X-Background": "1"})
        assert rows(seen) == [(False,)]
        ruth.client.get("/api/notifications/count")
        assert rows(seen) == [(True,)]


class TestChannels:
    def test_one_is_added_shown_without_its_secrets_and_removed(self, ruth: Asking) -> None:
        done = add(ruth, **{"new-kinds": ["mentioned"], "new-digest": "daily"})
        assert done.toast.startswith("The channel is added.")
        assert done.outputs["channel-address.value"] == ""
        whole = ruth.open("/notifications", f"?channel={channel_id()}")
        for words in ("Ours", "Slack (slack://)", "Mentioned", "Once a day", "Send a test"):
            assert words in said(whole.outputs["page.children"])
        for secret in ("T1JJ3T3L2", "TIiajkdnlazkcOXrIdevi7FQ"):
            assert secret not in done.text + whole.text
        gone = acted(ruth, "channel-remove")
        assert gone.toast.startswith("The channel is removed.")
        assert rows("SELECT count(*) FROM notification_channel") == [(0,)]

    def test_what_cannot_be_used_is_said(self, ruth: Asking) -> None:
        for address, more, sentence in (
            ("syslog://", {}, "Aegis sends nothing to syslog://"),
            ("json://10.0.0.1/x", {}, "10.0.0.1 is a private address"),
            (SLACK, {"name": " "}, "A name has 1 to 60 characters."),
            (SLACK, {"new-kinds": ["everything"]}, "There is no such kind"),
            (SLACK, {"new-digest": "hourly"}, "A channel is told at once"),
            (SLACK, {"for": "king"}, "There is no such role."),
            (SLACK, {"for": "red_tech"}, "This needs the role Administrator"),
        ):
            refused = add(ruth, address, **more)
            assert refused.toast.startswith(sentence)
            assert refused.outputs == {}
        assert rows("SELECT count(*) FROM notification_channel") == [(0,)]

    def test_it_is_changed_paused_and_resumed(self, ruth: Asking) -> None:
        add(ruth)
        values = {"channel_edit_name": "Phone", "channel_edit_kinds": ["overdue"], "channel_edit_digest": "weekly"}
        assert "Phone" in said(acted(ruth, "channel-save", **values).outputs["channels-list.children"])
        assert rows("SELECT name, kinds, digest FROM notification_channel") == [("Phone", ["overdue"], "weekly")]
        assert "Paused" in said(acted(ruth, "channel-pause").outputs["channels-list.children"])
        assert "Active" in said(acted(ruth, "channel-resume").outputs["channels-list.children"])

    def test_channels_of_roles_are_the_administrators(self, ruth: Asking, ada: Asking) -> None:
        add(ada, **{"for": "red_tech", "name": "Red room"})
        assert "Red room" in page_of(ada)
        assert "Red room" not in page_of(ruth)
        theirs = channel_id()
        assert "Send a test" not in page_of(ruth, f"?channel={theirs}")
        for button in ("channel-remove", "channel-pause", "channel-test"):
            refused = acted(ruth, button, chosen=theirs)
            assert refused.toast.startswith("There is no such channel.")
        assert rows("SELECT active FROM notification_channel") == [(True,)]

    def test_one_that_cannot_be_read_says_so(self, ruth: Asking) -> None:
        add(ruth)
        execute("UPDATE notification_channel SET address = 'xx'")
        assert "another AEGIS_SECRET_KEY" in page_of(ruth, f"?channel={channel_id()}")


class TestMessages:
    def follow(self, asking: Asking, message: str, looks: int = 1) -> Answer:
        given = {"channel-test-poll.n_intervals": looks, "channel-test-message.data": message}
        return asking.ask("channel-test-poll.n_intervals", given)

    def test_a_test_is_followed_to_its_end(self, ruth: Asking, ada: Asking, web: HttpSink) -> None:
        add(ruth, web.address())
        asked = acted(ruth, "channel-test")
        message = asked.outputs["channel-test-message.data"]
        waiting = self.follow(ruth, message)
        assert "Sending" in said(waiting.outputs["channel-test-result.children"])
        late = self.follow(ruth, message, looks=20)
        assert "No worker has taken it yet" in said(late.outputs["channel-test-result.children"])
        deliveries.send(channel_id())
        done = self.follow(ruth, message)
        assert "Sent." in said(done.outputs["channel-test-result.children"])
        assert done.outputs["channel-test-poll.disabled"] is True
        assert "gone" in said(self.follow(ada, message).outputs["channel-test-result.children"])

    def test_what_failed_is_shown_with_its_reason_and_tried_again(self, ruth: Asking, web: HttpSink) -> None:
        web.status = 403
        add(ruth, web.address())
        acted(ruth, "channel-test")
        deliveries.send(channel_id())
        whole = ruth.open("/notifications")
        assert whole.outputs["answer.children"] == "Nothing unread; 1 message not delivered"
        assert "error=403" in said(whole.outputs["page.children"])
        assert ruth.client.get("/api/notifications").get_json()["failed"] == 1
        web.status = 200
        message = str(rows("SELECT id FROM notification_delivery")[0][0])
        again = ruth.ask(({"type": "message-again", "message": message}, "n_clicks"))
        assert again.toast.startswith("It is on its way again.")
        deliveries.send(channel_id())
        assert rows("SELECT state FROM notification_delivery") == [("sent",)]


def test_every_kind_can_be_chosen(ruth: Asking) -> None:
    shown = page_of(ruth)
    for kind in Kind:
        assert kind.label in shown
