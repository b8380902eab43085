"""The pool of procedures: what the red team knows how to run, each one technique on one or more platforms."""

import math
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass

from data.demo import titles
from data.demo.catalogue import Catalogue, Subject
from data.demo.chance import cumulative, stream

_PLATFORM_WEIGHT = {
    "Windows": 10.0, "Linux": 3.5, "macOS": 1.6, "IaaS": 2.2, "Identity Provider": 2.4, "Office Suite": 2.2,
    "SaaS": 1.2, "Containers": 1.0, "ESXi": 0.5, "Network Devices": 0.4, "Android": 5.0, "iOS": 4.0, "PRE": 0.0,
    "Azure AD": 2.0, "Office 365": 2.0, "Google Workspace": 0.4,
}  # fmt: skip
_SLUG = re.compile(r"[^a-z0-9]+")
_WELL_KNOWN = 25  # groups; a technique that so many use gets a third procedure


@dataclass(frozen=True, slots=True)
class Procedure:
    """`hardness` is how much harder it is to see than its tactic alone says, in log odds."""

    subject: Subject
    key: str
    title: str
    platforms: tuple[str, ...]
    hardness: float


def pool(catalogue: Catalogue, seed: int, size: int, wanted: Iterable[str] = ()) -> list[Procedure]:
    """At most `size` procedures: of the techniques in `wanted` (ATT&CK ids) first, then by how many groups use them."""
    dice = stream(seed, "procedures")
    must = frozenset(wanted)
    ranked = sorted(
        catalogue.testable, key=lambda one: (one.attack_id not in must, -_interest(one) * dice.uniform(0.3, 1.7))
    )
    least = math.ceil(size / max(1, len(ranked)))
    made: list[Procedure] = []
    for subject in ranked:
        made.extend(_procedures(subject, least, dice))
        if len(made) >= size:
            break
    return made[:size]


def platform_of(procedure: Procedure, dice: random.Random) -> str:
    """Most runs of a procedure are on its first platform."""
    if len(procedure.platforms) == 1 or dice.random() < 0.7:
        return procedure.platforms[0]
    return dice.choice(procedure.platforms[1:])


def _interest(subject: Subject) -> float:
    return 1.0 + subject.used_by + (6.0 if subject.attack_id in titles.WRITTEN else 0.0)


def _procedures(subject: Subject, least: int, dice: random.Random) -> list[Procedure]:
    names = list(titles.WRITTEN.get(subject.attack_id, ()))
    wanted = max(least, len(names), 1 + (subject.used_by >= _WELL_KNOWN) + (dice.random() < 0.3))
    circumstances = [words for tactic in subject.tactics for words in titles.CIRCUMSTANCES.get(tactic, titles.ANYWHERE)]
    dice.shuffle(circumstances)
    names.extend(f"{subject.name} {words}" for words in dict.fromkeys(circumstances))
    run = 1
    while len(names) < wanted:
        run += 1
        names.append(f"{subject.name}, variant {run}")
    return [
        Procedure(
            subject=subject,
            key=f"demo/{subject.attack_id.lower()}/{_SLUG.sub('-', name.lower()).strip('-')}",
            title=name,
            platforms=_platforms(subject, dice),
            hardness=dice.gauss(0.25, 1.3),
        )
        for name in names[:wanted]
    ]


def _platforms(subject: Subject, dice: random.Random) -> tuple[str, ...]:
    """One to three of the technique's platforms, the ones the organisation has most of first."""
    left = list(subject.platforms)
    chosen: list[str] = []
    for _ in range(1 + (dice.random() < 0.35) + (dice.random() < 0.15)):
        if not left:
            break
        weights = [_PLATFORM_WEIGHT.get(platform, 1.0) + 0.01 for platform in left]
        platform = dice.choices(left, cum_weights=cumulative(weights))[0]
        left.remove(platform)
        chosen.append(platform)
    return tuple(chosen)
