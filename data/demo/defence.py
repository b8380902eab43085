"""What the defence does about an attack: better with time and repairs, worse in its weak places, never all-seeing."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from data.demo.chance import likelihood, lognormal
from data.demo.people import Tool
from data.demo.procedures import Procedure
from data.demo.worktime import MINUTE
from domain.outcomes import Detection, Outcome, Prevention

# Log odds of an alert at half-time, by tactic. Lateral movement and exfiltration are the weak places.
_SEEN = {
    "execution": 0.5, "credential-access": 0.3, "initial-access": 0.2, "persistence": 0.0, "impact": 0.0,
    "privilege-escalation": -0.1, "command-and-control": -0.4, "defense-evasion": -0.6, "stealth": -0.6,
    "defense-impairment": -0.2, "discovery": -1.0, "collection": -0.9, "lateral-movement": -2.3, "exfiltration": -2.4,
}  # fmt: skip
_SEEN_ON = {"Windows": 0.4, "Linux": -0.5, "macOS": -0.6, "ESXi": -1.2, "Network Devices": -1.2, "Containers": -0.8}
_IMPROVEMENT = 2.3  # log odds from the first day to the last
_RULE_HELPS = 0.5
_REPAIR_HELPS = 2.1
_MEDIAN_MINUTES = (42.0, 11.0)  # to an alert, on the first day and on the last
_WEAK_IS_SLOW = 2.5

PREVENTION_RANK = {one.value: one.rank for one in Prevention}
DETECTION_RANK = {one.value: one.rank for one in Detection}
OUTCOME = {(p.value, d.value): Outcome.of(p, d).value for p in Prevention for d in Detection}
_NONE, _PARTIAL, _FULL = (one.value for one in Prevention)
_MISSED, _LOGGED, _ALERTED = (one.value for one in Detection)


@dataclass(slots=True)
class Seen:
    """What one tool did; times in seconds since 1970."""

    tool: Tool
    prevention: str = _NONE
    detection: str = _MISSED
    prevented_at: int | None = None
    logged_at: int | None = None
    detected_at: int | None = None
    rule_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that can fire: since when, and under which key."""

    rule_id: UUID
    since: int


@dataclass(slots=True)
class Defence:
    """The state of the defence, which repairs change. `rules` are those that fire, by ATT&CK id."""

    tools: Sequence[Tool]
    rules: Mapping[str, Sequence[Firing]]
    begins: int
    ends: int
    few_tools: bool  # one or two observations a test instead of all that watch
    repaired: dict[tuple[str, str], int] = field(default_factory=dict)
    _watching: dict[tuple[tuple[str, ...], str], list[Tool]] = field(default_factory=dict)

    def meet(self, procedure: Procedure, platform: str, at: int, watched_until: int, dice: random.Random) -> list[Seen]:
        """What each watching tool did about an attack at `at`, as far as anybody looked."""
        watching = self._tools_for(procedure, platform, dice)
        progress = min(1.0, max(0.0, (at - self.begins) / (self.ends - self.begins)))
        firing = [rule for rule in self.rules.get(procedure.subject.attack_id, ()) if rule.since < at]
        score = self._score(procedure, platform, at, progress) + (_RULE_HELPS if firing else 0.0)
        seen = [Seen(tool) for tool in watching]
        self._prevent(seen, score, at, dice)
        level = self._detect(seen, score, dice)
        median = _MEDIAN_MINUTES[0] + (_MEDIAN_MINUTES[1] - _MEDIAN_MINUTES[0]) * progress
        if score < -1.0:
            median *= _WEAK_IS_SLOW
        for one in seen:
            _date(one, at, watched_until, median, dice)
            if one.detection == _ALERTED and firing and level == _ALERTED and dice.random() < 0.75:
                one.rule_id = dice.choice(firing).rule_id
        return seen

    def _tools_for(self, procedure: Procedure, platform: str, dice: random.Random) -> list[Tool]:
        asked = (procedure.subject.tactics, platform)
        watching = self._watching.get(asked)
        if watching is None:
            watching = self._watching[asked] = [tool for tool in self.tools if tool.watches(*asked)]
        if self.few_tools and len(watching) > 1:
            return dice.sample(watching, 1 + (dice.random() < 0.5))
        return watching

    def _score(self, procedure: Procedure, platform: str, at: int, progress: float) -> float:
        tactics = procedure.subject.tactics
        score = sum(_SEEN.get(tactic, -0.6) for tactic in tactics) / len(tactics)
        score += _SEEN_ON.get(platform, 0.0) - procedure.hardness + _IMPROVEMENT * (progress - 0.5)
        repaired_at = self.repaired.get((procedure.key, platform))
        return score + (_REPAIR_HELPS if repaired_at is not None and repaired_at < at else 0.0)

    def _prevent(self, seen: list[Seen], score: float, at: int, dice: random.Random) -> None:
        able = [one for one in seen if one.tool.prevents]
        if not able or dice.random() > 0.7 * likelihood(score - 0.7):
            return
        first = dice.choice(able)
        first.prevention = _FULL if dice.random() < 0.72 else _PARTIAL
        first.prevented_at = at + int(min(lognormal(dice, 4, 1.2), 15 * MINUTE))
        for other in able:
            if other is not first and dice.random() < 0.15:
                other.prevention = _PARTIAL
                other.prevented_at = first.prevented_at + int(dice.uniform(1, 90))

    def _detect(self, seen: list[Seen], score: float, dice: random.Random) -> str:
        """The best level any tool may reach is drawn once; others reach it or less."""
        if not seen:
            return _MISSED
        if any(one.prevention == _FULL for one in seen):
            score += 1.2
        drawn, alerts = dice.random(), likelihood(score)
        level = _ALERTED if drawn < alerts else _LOGGED if drawn < alerts + (1 - alerts) * 0.56 else _MISSED
        best = max(seen, key=lambda one: one.tool.keen + (2.0 if one.prevention != _NONE else 0.0) + dice.random())
        best.detection = level
        for other in seen:
            if other is best or level == _MISSED:
                continue
            share = likelihood(score + other.tool.keen - 0.3)
            if dice.random() < share:
                other.detection = level if dice.random() < 0.6 else _LOGGED
        return level


def _date(one: Seen, at: int, watched_until: int, median_minutes: float, dice: random.Random) -> None:
    """Give what a tool noticed its times; an alert after everybody stopped looking is only a log line."""
    if one.detection == _MISSED:
        return
    one.logged_at = at + int(min(lognormal(dice, 20, 1.0), 30 * MINUTE))
    if one.detection == _ALERTED:
        alerted = one.logged_at + int(lognormal(dice, median_minutes * MINUTE * one.tool.delay, 1.1))
        if alerted > watched_until:
            one.detection = _LOGGED
        else:
            one.detected_at = alerted
