"""What the made-up organisation has decided: own groups, priorities, logs it collects, countermeasures it has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data.demo.campaigns import emulated
from data.demo.catalogue import Catalogue
from data.demo.countermeasures import FACTS, Fact
from data.demo.people import Person
from data.demo.rules import OwnRule
from domain.relevance import Priority
from domain.roles import Role

_OWN_GROUPS = 3
_WHY_OURS = (
    "Attacked two of our suppliers; played in a campaign every year",
    "Targets our sector, says the sector's exchange",
    "Named by the insurer's assessment",
)
# How many of the techniques that most groups use, and of those that none does, have a priority of their own.
_HIGH, _LOW = 3, 2
_WHY_HIGH = "On the way to the payment system"
_WHY_LOW = "We have nothing of the kind"
_NOT_COLLECTED = 2  # of the logs that no rule of ours fired on
_WHY_NOT_COLLECTED = "Too large to keep; planned with the next storage"


@dataclass(frozen=True, slots=True)
class Answers:
    """By whom and what: groups (id, reason), priorities (id, priority, reason), logs (key, collected, note)."""

    author: Person
    groups: Sequence[tuple[str, str]]
    priorities: Sequence[tuple[str, Priority, str]]
    logs: Sequence[tuple[tuple[str, str, str], bool, str]]
    countermeasures: Sequence[Fact]


def decide(catalogue: Catalogue, staff: Iterable[Person], written: Iterable[OwnRule]) -> Answers:
    """The same for the same organisation, without a throw of the dice."""
    author = next(one for one in staff if one.role is Role.BLUE_LEAD)
    groups = [
        (group.attack_id, why) for (group, _), why in zip(emulated(catalogue, _OWN_GROUPS), _WHY_OURS, strict=False)
    ]
    by_use = sorted(catalogue.testable, key=lambda one: (-one.used_by, one.attack_id))
    priorities = [(one.attack_id, Priority.HIGH, _WHY_HIGH) for one in by_use[:_HIGH]]
    unused = [one for one in by_use if not one.used_by][:_LOW]
    priorities += [(one.attack_id, Priority.LOW, _WHY_LOW) for one in unused]
    return Answers(author, groups, priorities, _logs(written), FACTS)


def _logs(written: Iterable[OwnRule]) -> list[tuple[tuple[str, str, str], bool, str]]:
    """Whatever a rule fired on is collected; of the rest the rarest are not."""
    rules: dict[tuple[str, str, str], list[OwnRule]] = {}
    for one in written:
        row = one.row
        rules.setdefault((row.product or "", row.category or "", row.service or ""), []).append(one)
    silent = sorted(
        (key for key, ones in rules.items() if not any(one.fires for one in ones)),
        key=lambda key: (len(rules[key]), key),
    )
    missing = set(silent[:_NOT_COLLECTED])
    return [(key, key not in missing, _WHY_NOT_COLLECTED if key in missing else "") for key in sorted(rules)]
