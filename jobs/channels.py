"""What people do with channels: their own, and, for those who may, the ones of a whole role.

The address of a channel goes in here and comes out at the worker that sends; nothing else ever shows it whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from data import messenger
from data.database import Actor, unit_of_work
from data.models import NotificationChannel
from data.repositories import audit, channels, deliveries
from domain.digests import Digest, next_digest
from domain.errors import BadInput, NotFound, NotSignedIn, RuleViolated
from domain.notifications import Kind
from domain.roles import Permission, Role, may, require
from jobs.deliveries import hand_out_soon

NAME_MAX = 60
OWN_MAX = 10
ROLES_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a channel is called and what it carries. No kinds means every kind, those to come as well."""

    name: str
    kinds: Sequence[str] = ()
    digest: str = Digest.NONE


def add(actor: Actor, role: Role, address: str, wishes: Wishes, *, for_role: Role | None = None) -> UUID:
    """A channel of one's own, or of everybody with `for_role`; returns its id."""
    require(role, Permission.MANAGE_CHANNELS if for_role else Permission.READ)
    _check(wishes)
    shown = messenger.describe(address.strip())
    now = datetime.now(UTC)
    with unit_of_work() as session:
        owner = None if for_role else _id_of(actor)
        most = OWN_MAX if owner else ROLES_MAX
        if channels.count(session, user_id=owner) >= most:
            raise RuleViolated(f"There are {most} channels already; remove one first.")
        channel = NotificationChannel(user_id=owner, role=for_role, address=channels.sealed(address.strip(), shown))
        _apply(session, channel, wishes, now)
        made = channels.add(session, channel)
        audit.record(session, actor, "channel.added", entity=("channel", str(made)), after=_facts(channel, shown))
        return made


def change(actor: Actor, role: Role, channel_id: UUID, wishes: Wishes) -> None:
    """Another name, other kinds, another digest. What waited for a digest that is given up is sent."""
    _check(wishes)
    now = datetime.now(UTC)
    with unit_of_work() as session:
        channel = _allowed(session, actor, role, channel_id)
        before = _facts(channel)
        _apply(session, channel, wishes, now)
        if channel.digest == Digest.NONE:
            deliveries.release(session, channel_id)
        entity = ("channel", str(channel_id))
        audit.record(session, actor, "channel.changed", entity=entity, before=before, after=_facts(channel))


def set_active(actor: Actor, role: Role, channel_id: UUID, *, active: bool) -> None:
    """Pause or resume: a paused channel is told nothing, and what waits for it waits on."""
    with unit_of_work() as session:
        channel = _allowed(session, actor, role, channel_id)
        if channel.active == active:
            return
        channel.active = active
        action = "channel.resumed" if active else "channel.paused"
        audit.record(session, actor, action, entity=("channel", str(channel_id)), after={"name": channel.name})


def remove(actor: Actor, role: Role, channel_id: UUID) -> None:
    """Forget a channel, its address and what waits for it."""
    with unit_of_work() as session:
        channel = _allowed(session, actor, role, channel_id)
        audit.record(session, actor, "channel.removed", entity=("channel", str(channel_id)), before=_facts(channel))
        channels.remove(session, channel)


def send_test(actor: Actor, role: Role, channel_id: UUID) -> UUID:
    """Send one message now, tried once; returns its id."""
    with unit_of_work() as session:
        channel = _allowed(session, actor, role, channel_id)
        if not channel.active:
            raise RuleViolated("This channel is paused; resume it first.")
        if deliveries.has_open_test(session, channel_id):
            raise RuleViolated("A test of this channel is on its way already.")
        row = {
            "channel_id": channel_id,
            "title": "Aegis: this channel works",
            "body": f"{actor.name} asked for this test of the channel {channel.name}.\n{messenger.base_url()}",
            "event_key": f"test:{uuid4()}",
        }
        (made,) = deliveries.add(session, [row])
    hand_out_soon()
    return made


def try_again(actor: Actor, role: Role, delivery_id: UUID) -> None:
    """Let a message that failed be sent anew."""
    with unit_of_work() as session:
        channel_id = deliveries.channel_of(session, delivery_id)
        if channel_id is None:
            raise NotFound("This message is no longer kept.")
        _allowed(session, actor, role, channel_id)
        if not deliveries.try_again(session, delivery_id):
            raise RuleViolated("This message is on its way already.")
    hand_out_soon()


def _allowed(session: Session, actor: Actor, role: Role, channel_id: UUID) -> NotificationChannel:
    """The channel, locked, when it is the actor's own or a role's they may manage; others are not there."""
    require(role, Permission.READ)
    channel = channels.locked(session, channel_id)
    if channel.user_id == _id_of(actor) or (channel.role is not None and may(role, Permission.MANAGE_CHANNELS)):
        return channel
    raise NotFound("There is no such channel.")


def _check(wishes: Wishes) -> None:
    if not 1 <= len(wishes.name.strip()) <= NAME_MAX or not wishes.name.isprintable():
        raise BadInput(f"A name has 1 to {NAME_MAX} characters.", errors={"name": "length"})
    if len(wishes.kinds) > len(Kind) or not set(wishes.kinds) <= set(Kind):
        raise BadInput("There is no such kind of notification.", errors={"kinds": "unknown"})
    if wishes.digest not in set(Digest):
        raise BadInput("A channel is told at once, once a day or once a week.", errors={"digest": "unknown"})


def _apply(session: Session, channel: NotificationChannel, wishes: Wishes, now: datetime) -> None:
    channel.name = wishes.name.strip()
    channel.kinds = [kind for kind in Kind if kind in wishes.kinds]
    channel.digest = wishes.digest
    zone = channels.zone_of(session, channel.user_id)
    channel.digest_due_at = next_digest(Digest(wishes.digest), zone, now)


def _facts(channel: NotificationChannel, shown: str | None = None) -> dict[str, object]:
    facts: dict[str, object] = {
        "name": channel.name,
        "role": channel.role,
        "kinds": list(channel.kinds),
        "digest": channel.digest,
    }
    return facts | ({"service": shown} if shown else {})


def _id_of(actor: Actor) -> UUID:
    if actor.id is None:
        raise NotSignedIn("Sign in first.")
    return actor.id
