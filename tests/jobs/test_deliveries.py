"""Messages through real sockets: sent once, tried again, visible when they failed; what happened is never undone."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from rq import Queue
from sqlalchemy import Engine

from data import messenger, secrets
from data import redis as redis_connection
from data.database import Actor
from data.repositories.deliveries import MAX_ATTEMPTS
from domain.digests import Digest
from domain.errors import BadInput, NotFound, PermissionDenied, RuleViolated
from domain.notifications import Kind
from domain.roles import Role
from domain.testing import actions
from domain.testing.person import Team
from jobs import channels, deliveries, outbox
from jobs.channels import Wishes
from tests.data import world
from tests.jobs.acting import do, person, planned
from tests.jobs.sinks import HttpSink, MailSink, http_sink, mail_sink
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture(autouse=True)
def _own_network(database: Engine) -> Iterator[None]:
    world.tactics("execution")
    secrets.configure("a secret of the tests, long enough for all of them")
    messenger.configure("https://aegis.example.org", ["127.0.0.0/8"])
    yield
    messenger.configure("")


@pytest.fixture
def web() -> Iterator[HttpSink]:
    with http_sink() as sink:
        yield sink


@pytest.fixture
def mail() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture
def ruth() -> Actor:
    return person("ruth", Role.RED_TECH)


def _add(who: Actor, address: str, *, role: Role = Role.RED_TECH, for_role: Role | None = None, **wishes: Any) -> UUID:
    return channels.add(who, role, address, Wishes(name="Mine", **wishes), for_role=for_role)


def _assign(ruth: Actor) -> None:
    """Something that tells ruth, and nobody else."""
    do(planned(ruth), person("rita", Role.RED_LEAD), actions.Assign(team=Team.RED, assignee_id=ruth.id))
    outbox.deliver()


def _send(later: timedelta = timedelta()) -> None:
    """What a worker does about every channel, so much later."""
    execute("UPDATE notification_delivery SET available_at = available_at - CAST(:later AS interval)", later=later)
    for (channel,) in rows("SELECT DISTINCT channel_id FROM notification_delivery"):
        deliveries.send(str(channel))


def _states() -> list[tuple[str, int, str | None]]:
    return rows("SELECT state, attempts, last_error FROM notification_delivery ORDER BY created_at, id")


def test_a_person_is_told_through_their_channels(ruth: Actor, web: HttpSink, mail: MailSink) -> None:
    _add(ruth, web.address())
    _add(ruth, mail.address())
    _assign(ruth)
    _send()
    _send()
    ((path, told),) = web.got
    number = rows("SELECT number FROM security_test")[0][0]
    assert path == "/hook/topsecret"
    assert told["title"] == f"Test {number} is yours to execute: Encoded command"
    assert told["message"] == f"By Rita.\nhttps://aegis.example.org/test/{number}"
    (letter,) = mail.got
    assert f"Subject: Test {number} is yours to execute" in letter
    assert [state for state, *_ in _states()] == ["sent", "sent"]


def test_a_channel_carries_the_kinds_it_was_asked_to(ruth: Actor, web: HttpSink) -> None:
    _add(ruth, web.address(), kinds=[Kind.MENTIONED])
    _assign(ruth)
    _send()
    assert web.got == []


def test_a_channel_of_a_role_says_whom_it_concerns(ruth: Actor, web: HttpSink) -> None:
    ada = person("ada", Role.ADMIN)
    _add(ada, web.address("red"), role=Role.ADMIN, for_role=Role.RED_TECH)
    _add(ada, web.address("blue"), role=Role.ADMIN, for_role=Role.BLUE_TECH)
    _assign(ruth)
    _send()
    assert [(path, told["message"].splitlines()[0]) for path, told in web.got] == [("/red", "For Ruth")]


@pytest.mark.parametrize(
    ("what", "messages"), [("disabled_at = NULL", 1), ("disabled_at = now()", 0), ("is_demo = true", 0)]
)
def test_disabled_people_and_those_of_the_demo_are_sent_nothing(ruth: Actor, what: str, messages: int) -> None:
    _add(ruth, SLACK)
    do(planned(ruth), person("rita", Role.RED_LEAD), actions.Assign(team=Team.RED, assignee_id=ruth.id))
    execute(f"UPDATE user_account SET {what} WHERE username = 'ruth'")
    outbox.deliver()
    assert rows("SELECT count(*) FROM notification_delivery") == [(messages,)]
    assert rows("SELECT count(*) FROM notification") == [(messages,)]


def test_a_service_that_fails_is_asked_again_later_and_then_no_more(ruth: Actor, web: HttpSink) -> None:
    web.status = 500
    _add(ruth, web.address())
    _assign(ruth)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        _send(timedelta(days=1))
        assert len(web.got) == attempt
        _send()
        assert len(web.got) == attempt, "before its time"
    ((state, attempts, reason),) = _states()
    assert (state, attempts) == ("failed", MAX_ATTEMPTS)
    assert reason == "Failed to send JSON POST notification: Internal server error, error=500."
    assert rows("SELECT count(*) FROM notification") == [(1,)], "the bell has it all the same"
    assert rows("SELECT red_assignee FROM security_test") == [(ruth.id,)]
    web.status = 200
    (failed,) = rows("SELECT id FROM notification_delivery")
    channels.try_again(ruth, Role.RED_TECH, failed[0])
    _send()
    assert [state for state, *_ in _states()] == ["sent"]


def test_what_waits_behind_a_failure_waits_as_long(ruth: Actor, web: HttpSink) -> None:
    web.status = 503
    _add(ruth, web.address())
    _assign(ruth)
    _assign(ruth)
    _send()
    _send()
    assert len(web.got) == 1
    web.status = 200
    _send(timedelta(minutes=1))
    assert [state for state, *_ in _states()] == ["sent", "sent"]


def test_nobody_listens(ruth: Actor) -> None:
    _add(ruth, "json://127.0.0.1:1/hook/topsecret")
    _assign(ruth)
    _send()
    ((state, attempts, reason),) = _states()
    assert (state, attempts) == ("queued", 1)
    assert reason == "A Connection error occurred sending JSON notification to 127.0.0.1."


def test_a_test_message_is_tried_once(ruth: Actor, web: HttpSink) -> None:
    web.status = 404
    channel = _add(ruth, web.address())
    channels.send_test(ruth, Role.RED_TECH, channel)
    _send()
    assert [(state, attempts) for state, attempts, _ in _states()] == [("failed", 1)]
    web.status = 200
    channels.send_test(ruth, Role.RED_TECH, channel)
    _send()
    assert [told["title"] for _, told in web.got][1] == "Aegis: this channel works"


def test_workers_that_die_while_sending_do_not_go_on_for_ever(ruth: Actor, web: HttpSink) -> None:
    _add(ruth, web.address())
    _assign(ruth)
    execute("UPDATE notification_delivery SET attempts = :most", most=MAX_ATTEMPTS)
    _send()
    assert web.got == []
    assert [(state, reason) for state, _, reason in _states()] == [
        ("failed", "Every worker that tried to send it ended while doing so.")
    ]


class TestAddresses:
    def test_none_is_kept_or_said_in_the_clear(
        self, ruth: Actor, web: HttpSink, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        web.status = 500
        _add(ruth, web.address())
        _assign(ruth)
        _add(ruth, SLACK)
        _send()
        kept = str(rows("SELECT address FROM notification_channel")) + str(rows("SELECT * FROM audit_log"))
        for secret in ("topsecret", "T1JJ3T3L2", "TIiajkdnlazkcOXrIdevi7FQ"):
            assert secret not in kept
            assert secret not in caplog.text
            assert secret not in str(_states())

    def test_with_another_key_it_says_so_and_stops(self, ruth: Actor, web: HttpSink) -> None:
        _add(ruth, web.address())
        _assign(ruth)
        secrets.configure("another secret of the tests, just as long as the one")
        _send()
        ((state, _, reason),) = _states()
        assert state == "failed"
        assert "another AEGIS_SECRET_KEY" in str(reason)

    def test_private_ones_are_refused_when_they_are_added(self, ruth: Actor) -> None:
        for host in ("10.0.0.5", "169.254.169.254", "[::1]", "localhost", "192.168.1.1", "[::ffff:10.0.0.5]"):
            with pytest.raises(BadInput, match="private address"):
                _add(ruth, f"json://{host}/x")
        with pytest.raises(BadInput, match="private address"):
            _add(ruth, "mailto://u:p@example.org?smtp=10.0.0.5")

    def test_private_ones_are_refused_when_a_name_leads_there(self, ruth: Actor, web: HttpSink) -> None:
        messenger.configure("", [])
        _add(ruth, f"json://2130706433:{web.port}/x")  # 127.0.0.1, as some resolvers read it
        _assign(ruth)
        _send()
        assert web.got == []
        assert "private address" in str(_states())

    def test_a_redirect_is_not_followed(self, ruth: Actor, web: HttpSink) -> None:
        web.status, web.location = 307, "http://169.254.169.254/latest"
        _add(ruth, web.address() + "?redirect=yes")
        _assign(ruth)
        _send()
        assert "error=307" in str(_states())

    @pytest.mark.parametrize(
        ("address", "sentence"),
        [
            ("syslog://", "Aegis sends nothing to syslog://"),
            ("dbus://", "Aegis sends nothing to dbus://"),
            ("file:///etc/passwd", "No service has such an address"),
            ("apprise://10.0.0.1/token", "Aegis sends nothing to apprise://"),
            ("slack://a", "not a complete address of Slack"),
            ("nonsense", "No service has such an address"),
            ("", "An address has 1 to"),
            (f"{SLACK}?template=/etc/passwd", "The option template is not allowed"),
            ("mailto://u:p@example.org?PGPKey=/etc/passwd", "is not allowed"),
        ],
    )
    def test_what_cannot_be_used_is_refused_with_the_reason(self, ruth: Actor, address: str, sentence: str) -> None:
        with pytest.raises(BadInput, match=sentence):
            _add(ruth, address)
        assert rows("SELECT count(*) FROM notification_channel") == [(0,)]


class TestRights:
    def test_channels_of_a_role_are_for_administrators(self, ruth: Actor) -> None:
        with pytest.raises(PermissionDenied):
            _add(ruth, SLACK, for_role=Role.RED_TECH)
        ada = person("ada", Role.ADMIN)
        channel = _add(ada, SLACK, role=Role.ADMIN, for_role=Role.RED_TECH)
        with pytest.raises(NotFound):
            channels.remove(ruth, Role.RED_LEAD, channel)
        channels.remove(person("abe", Role.ADMIN), Role.ADMIN, channel)

    def test_somebody_elses_is_not_there_even_for_administrators(self, ruth: Actor, web: HttpSink) -> None:
        web.status = 500
        channel = _add(ruth, web.address())
        failed = channels.send_test(ruth, Role.RED_TECH, channel)
        _send()
        ada = person("ada", Role.ADMIN)
        for act in (
            lambda: channels.remove(ada, Role.ADMIN, channel),
            lambda: channels.change(ada, Role.ADMIN, channel, Wishes(name="Hers")),
            lambda: channels.set_active(ada, Role.ADMIN, channel, active=False),
            lambda: channels.send_test(ada, Role.ADMIN, channel),
            lambda: channels.try_again(ada, Role.ADMIN, failed),
        ):
            with pytest.raises(NotFound):
                act()
        assert rows("SELECT name, active FROM notification_channel") == [("Mine", True)]

    def test_a_person_has_a_bounded_number(self, ruth: Actor) -> None:
        for _ in range(channels.OWN_MAX):
            _add(ruth, SLACK)
        with pytest.raises(RuleViolated, match="10 channels already"):
            _add(ruth, SLACK)

    def test_every_act_is_in_the_audit_log(self, ruth: Actor) -> None:
        channel = _add(ruth, SLACK)
        channels.change(ruth, Role.RED_TECH, channel, Wishes(name="Ours", digest=Digest.DAILY))
        channels.set_active(ruth, Role.RED_TECH, channel, active=False)
        channels.set_active(ruth, Role.RED_TECH, channel, active=False)
        channels.remove(ruth, Role.RED_TECH, channel)
        done = rows("SELECT action, after ->> 'service' FROM audit_log WHERE entity_type = 'channel' ORDER BY seq")
        assert done == [
            ("channel.added", "Slack (slack://)"), ("channel.changed", None),
            ("channel.paused", None), ("channel.removed", None),
        ]  # fmt: skip


class TestDigests:
    def test_what_was_held_comes_together_in_the_morning(self, ruth: Actor, web: HttpSink) -> None:
        execute("UPDATE user_account SET time_zone = 'Asia/Tokyo'")
        channel = _add(ruth, web.address(), digest=Digest.DAILY)
        for _ in range(2):
            _assign(ruth)
        _send()
        assert web.got == []
        ((due,),) = rows("SELECT digest_due_at FROM notification_channel")
        assert (due.hour, due.minute) == (23, 0), "08:00 in Tokyo"
        assert deliveries.digests(due - timedelta(seconds=1)) == 0
        assert deliveries.digests(due) == 1
        assert deliveries.digests(due) == 0
        _send()
        ((_, told),) = web.got
        assert told["title"] == "Aegis: 2 notifications"
        assert told["message"].count("is yours to execute: Encoded command\n  https://aegis.example.org/test/") == 2
        assert rows("SELECT digest_due_at FROM notification_channel WHERE id = :id", id=channel) == [
            (due + timedelta(days=1),)
        ]

    def test_a_day_without_news_sends_nothing(self, ruth: Actor, web: HttpSink) -> None:
        _add(ruth, web.address(), digest=Digest.WEEKLY)
        assert deliveries.digests(datetime.now(UTC) + timedelta(days=8)) == 0
        assert rows("SELECT digest_due_at > now() + interval '8 days' FROM notification_channel") == [(True,)]

    def test_a_digest_given_up_sends_what_it_held(self, ruth: Actor, web: HttpSink) -> None:
        channel = _add(ruth, web.address(), digest=Digest.DAILY)
        _assign(ruth)
        channels.change(ruth, Role.RED_TECH, channel, Wishes(name="Mine"))
        _send()
        assert len(web.got) == 1


def test_a_crowd_of_messages_becomes_one(ruth: Actor, web: HttpSink) -> None:
    channel = _add(ruth, web.address())
    for _ in range(deliveries.CROWD):
        _assign(ruth)
    channels.send_test(ruth, Role.RED_TECH, channel)
    _send()
    assert len(web.got) == deliveries.CROWD + 1, "not yet a crowd"
    for _ in range(deliveries.CROWD + 1):
        _assign(ruth)
    _send()
    (last,) = web.got[deliveries.CROWD + 1 :]
    assert last[1]["title"] == "Aegis: 6 notifications"
    assert {state for state, *_ in _states()} == {"sent"}


def test_what_waits_for_somebody_who_left_is_not_sent(ruth: Actor, web: HttpSink) -> None:
    _add(ruth, web.address())
    _add(ruth, web.address(), digest=Digest.DAILY)
    _assign(ruth)
    execute("UPDATE user_account SET disabled_at = now() WHERE username = 'ruth'")
    assert deliveries.hand_out(datetime.now(UTC)) == 0
    assert deliveries.digests(datetime.now(UTC) + timedelta(days=2)) == 0
    _send()
    assert web.got == []
    execute("UPDATE user_account SET disabled_at = NULL")
    _send()
    assert len(web.got) == 1


class TestHandingOut:
    def test_one_job_waits_for_a_channel(self, ruth: Actor, web: HttpSink) -> None:
        _add(ruth, web.address())
        _assign(ruth)
        now = datetime.now(UTC)
        assert [deliveries.hand_out(now), deliveries.hand_out(now)] == [1, 0]
        queue = Queue(deliveries.QUEUE, connection=redis_connection.client())
        assert queue.jobs[-1].func_name == "jobs.deliveries.send"

    def test_a_paused_channel_waits(self, ruth: Actor, web: HttpSink) -> None:
        channel = _add(ruth, web.address())
        _assign(ruth)
        channels.set_active(ruth, Role.RED_TECH, channel, active=False)
        assert deliveries.hand_out(datetime.now(UTC)) == 0
        _send()
        assert web.got == []
        channels.set_active(ruth, Role.RED_TECH, channel, active=True)
        _send()
        assert len(web.got) == 1

    def test_an_action_calls_for_delivery_once(self, ruth: Actor) -> None:
        queue = Queue(deliveries.QUEUE, connection=redis_connection.client())
        test_id = planned(ruth)
        do(test_id, person("rita", Role.RED_LEAD), actions.Assign(team=Team.RED, assignee_id=ruth.id))
        assert [job.func_name for job in queue.jobs] == ["jobs.outbox.answer_call"]
        assert rows("SELECT count(*) FROM notification") == [(0,)]
        outbox.answer_call()
        assert rows("SELECT count(*) FROM notification") == [(1,)]
        outbox.call()
        assert len(queue.jobs) == 2, "after the answer it is called anew"
