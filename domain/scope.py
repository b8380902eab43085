"""What counts: platforms and techniques declared out of scope, each with a reason, by whom and when.

A technique is decided on itself, else by its parent, and is out when every platform it names is. Tests and rules on
what is out of scope stay where they are and count in no total.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.attack_ids import normalise
from domain.errors import BadInput, RuleViolated

REASON_MAX = 500
REFS_MAX = 1_000
_NAMED = 5  # refs that a sentence has room for


class Kind(StrEnum):
    PLATFORM = "platform"
    TECHNIQUE = "technique"


@dataclass(frozen=True, slots=True)
class Who:
    """Who decides, as it is kept with the decision."""

    name: str
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """One standing decision. `ref` is a platform as ATT&CK calls it, or an ATT&CK id."""

    kind: Kind
    ref: str
    in_scope: bool
    reason: str
    by: Who
    at: datetime

    @property
    def key(self) -> tuple[Kind, str]:
        return self.kind, self.ref


@dataclass(frozen=True, slots=True)
class Placed:
    """What of a technique its scope depends on. `parent` is an ATT&CK id."""

    parent: str | None
    platforms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What to take out and what to put back, all for one reason."""

    platforms_out: Sequence[str] = ()
    techniques_out: Sequence[str] = ()
    platforms_back: Sequence[str] = ()
    techniques_back: Sequence[str] = ()
    reason: str = ""

    @property
    def anything(self) -> bool:
        return any((self.platforms_out, self.techniques_out, self.platforms_back, self.techniques_back))


@dataclass(frozen=True, slots=True)
class Changed:
    """What to write and what to drop; `before` is None where nothing had been decided, `after` where nothing is."""

    pairs: Sequence[tuple[Decision | None, Decision | None]]

    @property
    def write(self) -> list[Decision]:
        return [after for _, after in self.pairs if after is not None]

    @property
    def drop(self) -> list[Decision]:
        return [before for before, after in self.pairs if before is not None and after is None]


def is_in_scope(own: bool | None, above: bool | None, *, on_some: bool) -> bool:
    """`own` and `above` are what was decided on the technique and on its parent, None where nothing was; `on_some`:
    it names no platform at all, or one that is in scope."""
    return on_some and (own if own is not None else above if above is not None else True)


def check_reason(reason: str) -> str:
    """As it is kept; raises BadInput. An auditor reads it: a scope without a reason is a hole."""
    tidied = " ".join(reason.split())
    if not tidied:
        raise BadInput("Say why: whoever reads the figures has to know.", errors={"reason": "required"})
    if len(tidied) > REASON_MAX:
        raise BadInput(f"A reason has at most {REASON_MAX} characters.", errors={"reason": "too long"})
    return tidied


@dataclass(slots=True)
class Scope:
    """The scope of one map, and what can be done to it."""

    techniques: Mapping[str, Placed]  # active ones, by ATT&CK id
    standing: dict[tuple[Kind, str], Decision] = field(default_factory=dict)

    @property
    def platforms(self) -> frozenset[str]:
        return frozenset(name for one in self.techniques.values() for name in one.platforms)

    @property
    def platforms_out(self) -> frozenset[str]:
        return frozenset(one.ref for one in self.standing.values() if one.kind is Kind.PLATFORM and not one.in_scope)

    def decided(self, attack_id: str | None) -> bool | None:
        found = self.standing.get((Kind.TECHNIQUE, attack_id or ""))
        return found.in_scope if found else None

    def counts(self, attack_id: str) -> bool:
        """Whether the technique is in scope."""
        placed = self.techniques[attack_id]
        on_some = not placed.platforms or bool(placed.platforms - self.platforms_out)
        return is_in_scope(self.decided(attack_id), self.decided(placed.parent), on_some=on_some)

    def decide(self, asked: Asked, by: Who, at: datetime) -> Changed:
        """Do what is asked; all of it or, with an error, nothing.

        Raises BadInput (no reason, too much at once, a ref that the map does not have) and RuleViolated (it changes
        nothing, or would leave nothing in scope).
        """
        reason = check_reason(asked.reason)
        after = Scope(self.techniques, dict(self.standing))
        after._drop_needless()
        after._apply(asked, reason, by, at)
        after._drop_needless()
        keys = sorted({*self.standing, *after.standing})
        pairs = [(self.standing.get(key), after.standing.get(key)) for key in keys]
        changed = Changed([(old, new) for old, new in pairs if old != new])
        if not changed.pairs:
            raise RuleViolated("That is how it stands already; nothing changes.")
        if self.techniques and not any(map(after.counts, self.techniques)):
            raise RuleViolated("Nothing would be left in scope, and every figure would be empty.")
        self.standing = after.standing
        return changed

    def _apply(self, asked: Asked, reason: str, by: Who, at: datetime) -> None:
        out, back = _techniques(asked.techniques_out), _techniques(asked.techniques_back)
        both = {*asked.platforms_out} & {*asked.platforms_back} | {*out} & {*back}
        if both:
            raise BadInput(f"{_named(both)} cannot go out and come back at once.")
        if len(out) + len(back) + len(asked.platforms_out) + len(asked.platforms_back) > REFS_MAX:
            raise BadInput(f"At most {REFS_MAX:,} platforms and techniques at once.")
        self._known(asked.platforms_out, self.platforms, "platform")
        self._known(out, self.techniques, "technique")
        for ref in asked.platforms_back:
            if self.standing.pop((Kind.PLATFORM, ref), None) is None:
                self._known([ref], self.platforms, "platform")
        for ref in sorted(back):  # parents before their sub-techniques
            self._put_back(ref, reason, by, at)
        for ref in asked.platforms_out:
            self._write(Decision(Kind.PLATFORM, ref, False, reason, by, at))
        for ref in sorted(out):
            self._take_out(ref, Decision(Kind.TECHNIQUE, ref, False, reason, by, at))

    def _take_out(self, ref: str, decision: Decision) -> None:
        """A sub-technique goes with its parent: it needs no decision of its own, and must not have the opposite one."""
        if self.decided(self.techniques[ref].parent) is False:
            if self.decided(ref):
                del self.standing[Kind.TECHNIQUE, ref]
            return
        self._write(decision)

    def _put_back(self, ref: str, reason: str, by: Who, at: datetime) -> None:
        held = self.standing.get((Kind.TECHNIQUE, ref))
        if held is None:
            self._known([ref], self.techniques, "technique")
        elif not held.in_scope:
            del self.standing[held.key]
        placed = self.techniques.get(ref)
        if placed is not None and self.decided(placed.parent) is False:
            self._write(Decision(Kind.TECHNIQUE, ref, True, reason, by, at))

    def _write(self, decision: Decision) -> None:
        """What is decided so already keeps its own reason and day."""
        held = self.standing.get(decision.key)
        if held is None or held.in_scope != decision.in_scope:
            self.standing[decision.key] = decision

    def _drop_needless(self) -> None:
        """ "In scope" is said only of a sub-technique whose parent is out; kept longer, it would surprise later."""
        for key, held in list(self.standing.items()):
            placed = self.techniques.get(held.ref) if held.kind is Kind.TECHNIQUE else None
            if held.in_scope and self.decided(placed.parent if placed else None) is not False:
                del self.standing[key]

    @staticmethod
    def _known(refs: Iterable[str], known: Iterable[str], noun: str) -> None:
        unknown = {*refs} - {*known}
        if unknown:
            raise BadInput(f"The loaded map has no {noun} {_named(unknown)}.", errors={noun: "unknown"})


def _techniques(refs: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(normalise, refs)))


def _named(refs: Iterable[str]) -> str:
    listed = sorted(one[:60] for one in refs)
    more = f" and {len(listed) - _NAMED:,} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
