"""Sending what people are told through their channels: each message a row first, sent by a worker, never by a page.

A service that does not answer holds up its own channel alone. What happened has happened, whether or not the message
about it arrives.
"""

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import redis

from data import messenger
from data import redis as redis_connection
from data.database import unit_of_work
from data.repositories import channels, deliveries
from data.repositories.deliveries import Message
from data.secrets import Unreadable
from domain.digests import digest_of
from domain.errors import BadInput

log = logging.getLogger(__name__)

QUEUE = "default"
# More new messages than this are put together into one.
CROWD = 5
# A worker stays with one channel for so many messages or so long; what is left comes with the next job.
_MESSAGES_MAX = 25
_SECONDS_MAX = 60.0
_JOB_SECONDS = 180
# One job a channel waits at a time; when it was lost another is made after this long.
_ASKED = "aegis:channel:{channel}"
_ASKED_SECONDS = 60
_UNEXPECTED = "Something went wrong that should not have ({name})."


def hand_out(now: datetime) -> int:
    """Make a job for every channel that has something to send; returns how many. Raises redis.RedisError."""
    from rq import Queue

    with unit_of_work() as session:
        due = deliveries.due_channels(session, now)
    client = redis_connection.client()
    asked = [one for one in due if client.set(_ASKED.format(channel=one), b"1", nx=True, ex=_ASKED_SECONDS)]
    for channel_id in asked:
        Queue(QUEUE, connection=client).enqueue(
            "jobs.deliveries.send", str(channel_id), job_timeout=_JOB_SECONDS, result_ttl=0, failure_ttl=7 * 24 * 3600
        )
    return len(asked)


def hand_out_soon() -> None:
    """`hand_out` for whoever has just written a message; without Redis the scheduler does it later."""
    try:
        hand_out(datetime.now(UTC))
    except redis.RedisError as error:
        log.warning("Messages wait for Redis: %s", error)


def send(channel_id: str) -> None:
    """The job: send what is due on a channel, oldest first, until it is done or the service refuses one."""
    key = UUID(channel_id)
    redis_connection.client().delete(_ASKED.format(channel=key))
    _put_together(key)
    began = time.monotonic()
    for _ in range(_MESSAGES_MAX):
        with unit_of_work() as session:
            message = deliveries.take(session, key, datetime.now(UTC))
        if message is None or not _send(key, message) or time.monotonic() - began > _SECONDS_MAX:
            return


def _put_together(channel_id: UUID) -> None:
    """A crowd of messages, as of somebody who is assigned a whole campaign, becomes one."""
    now = datetime.now(UTC)
    with unit_of_work() as session:
        crowd = deliveries.take_crowd(session, channel_id, now, over=CROWD)
        if crowd:
            deliveries.add(session, [_digest(channel_id, crowd)])


def _send(channel_id: UUID, message: Message) -> bool:
    """Send one message that was taken; False when it did not go."""
    with unit_of_work() as session:
        channel = channels.get(session, channel_id)
    if channel is None:
        return False
    final, why = False, ""
    try:
        if message.attempts > deliveries.MAX_ATTEMPTS:
            final, why = True, "Every worker that tried to send it ended while doing so."
        else:
            _, address = channels.opened(channel)
            messenger.send(address, message.title, message.body)
    except messenger.NotSent as error:
        why = error.detail
    except (BadInput, Unreadable) as error:  # the address itself: no later attempt does better
        final, why = True, error.detail
    except Exception as error:
        # its words and its traceback may hold the address
        log.error("Message %s of channel %s could not be sent: %s", message.id, channel_id, type(error).__name__)  # noqa: TRY400
        why = _UNEXPECTED.format(name=type(error).__name__)
    now = datetime.now(UTC)
    with unit_of_work() as session:
        if why:
            deliveries.refused(session, channel_id, message, why, now, final=final)
        else:
            deliveries.sent(session, message, now)
    return not why


def digests(now: datetime) -> int:
    """Put what waited on channels whose digest is due into one message each; returns how many that was."""
    with unit_of_work() as session:
        due = channels.with_digest_due(session, now)
        held = deliveries.take_held(session, due) if due else {}
        return len(deliveries.add(session, [_digest(channel_id, waited) for channel_id, waited in held.items()]))


def _digest(channel_id: UUID, waited: Sequence[tuple[str, str]]) -> dict[str, object]:
    title, body = digest_of([(title, _link(text)) for title, text in waited], messenger.base_url())
    return {"channel_id": channel_id, "title": title, "body": body, "event_key": f"digest:{uuid4()}"}


def _link(text: str) -> str:
    """The address at the end of a message."""
    last = text.rpartition("\n")[2]
    return last if last.startswith(("http://", "https://")) else ""
