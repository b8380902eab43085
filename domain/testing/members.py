"""The tests of a campaign: their order, and which of them wait for which. Values in, values out."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.errors import BadInput, Duplicate, NotFound, RuleViolated, TooLarge

MEMBERS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Member:
    """A test of a campaign; `position` counts from 1, `depends_on` are other tests of the same campaign."""

    test_id: UUID
    position: int
    depends_on: frozenset[UUID] = frozenset()


Members = tuple[Member, ...]


def arranged(members: Iterable[Member]) -> Members:
    """In the order given, positions counted anew."""
    return tuple(Member(one.test_id, position, one.depends_on) for position, one in enumerate(members, 1))


def member(members: Members, test_id: UUID) -> Member:
    """Raises NotFound for a test that is not among them."""
    for one in members:
        if one.test_id == test_id:
            return one
    raise NotFound("This test is not part of the campaign.")


def added(members: Members, test_ids: Sequence[UUID]) -> Members:
    """With these tests at the end. Raises BadInput for none, Duplicate, TooLarge."""
    if not test_ids:
        raise BadInput("Choose the tests to add.", errors={"test_ids": "required"})
    if len(members) + len(test_ids) > MEMBERS_MAX:
        raise TooLarge(f"A campaign has at most {MEMBERS_MAX:,} tests.", errors={"test_ids": "too many"})
    known = {one.test_id for one in members} | set(test_ids)
    if len(known) < len(members) + len(test_ids):
        raise Duplicate("One of these tests is part of the campaign already.", errors={"test_ids": "duplicate"})
    return arranged((*members, *(Member(test_id, 0) for test_id in test_ids)))


def removed(members: Members, test_id: UUID) -> Members:
    """Without this test; what waited for it does so no longer. Raises NotFound."""
    gone = member(members, test_id)
    return arranged(Member(one.test_id, 0, one.depends_on - {test_id}) for one in members if one is not gone)


def moved(members: Members, test_id: UUID, position: int) -> Members:
    """With this test at `position`, or as near to it as there is one. Raises NotFound, BadInput below 1."""
    if position < 1:
        raise BadInput("The first position is 1.", errors={"position": "out of range"})
    taken = member(members, test_id)
    rest = [one for one in members if one is not taken]
    rest.insert(position - 1, taken)
    return arranged(rest)


def depending(members: Members, test_id: UUID, depends_on: Collection[UUID]) -> Members:
    """With this test waiting for exactly those. Raises NotFound, and RuleViolated for waiting in a circle."""
    wanted = member(members, test_id)
    for other in depends_on:
        member(members, other)
    if test_id in depends_on:
        raise RuleViolated("A test cannot wait for itself.", errors={"depends_on": "circle"})
    waits_for = {one.test_id: one.depends_on for one in members}
    if test_id in _reached(waits_for, depends_on):
        raise RuleViolated(
            "These tests would wait for each other in a circle, and none could start.", errors={"depends_on": "circle"}
        )
    return tuple(Member(one.test_id, one.position, frozenset(depends_on)) if one is wanted else one for one in members)


def _reached(waits_for: dict[UUID, frozenset[UUID]], start: Iterable[UUID]) -> set[UUID]:
    """`start` and all that these wait for, directly and through others."""
    reached: set[UUID] = set()
    ahead = list(start)
    while ahead:
        one = ahead.pop()
        if one not in reached:
            reached.add(one)
            ahead += waits_for[one]
    return reached
