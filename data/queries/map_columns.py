"""What the sums of techniques mean, a column at a time: coverage, score and relevance of every technique of a map."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, reduce
from itertools import compress
from typing import Any, NamedTuple, cast

import polars as pl

from domain.attack_ids import KNOWN_SUCCESSORS
from domain.coverage import CoverageStatus, held, status_of
from domain.freshness import age_days, decay, is_stale
from domain.outcomes import Detection, Prevention
from domain.relevance import Priority, Threat, relevance
from domain.scope import is_in_scope
from domain.score import Five, Inputs, Scorer, known, rules_part

RESULTS = tuple((prevention, detection) for prevention in Prevention for detection in Detection)
MIX = tuple(f"{prevention}_{detection}" for prevention, detection in RESULTS)
_HOLD = tuple(float(held(prevention, detection)) for prevention, detection in RESULTS)
_FAIL = tuple(1.0 - one for one in _HOLD)
_ALMOST_ALL = 1.0 - 1e-9


class Tests(NamedTuple):
    """Tests of a technique on platforms in scope, by what became of them; `executed` is at least `evaluated`."""

    planned: int
    unfinished: int
    executed: int
    evaluated: int
    validated: int
    not_applicable: int
    prevented: int
    partly_prevented: int
    not_prevented: int
    alerted: int
    logged: int
    missed: int


class Measured(NamedTuple):
    """One technique. `share` of procedures that held, 0..1, None without a validated test; `age_days` of its newest."""

    key: str
    attack_id: str
    name: str
    parent: str | None
    tactics: tuple[str, ...]
    platforms: tuple[str, ...]
    in_scope: bool
    review: bool
    threat: Threat
    relevance: float
    status: CoverageStatus
    stale: bool
    share: float | None
    procedures: int
    age_days: int | None
    tests: Tests
    rules: int
    not_counted_rules: int
    inputs: Inputs
    points: Five  # what each part adds to the score
    newest_on: date | None = None  # the day of the newest evidence
    mix: tuple[float, ...] = ()  # shares of procedures by latest result, in the order of RESULTS
    rule_total: float = 0.0  # the summed values of its enabled rules
    tested: tuple[str, ...] = ()  # platforms with a validated test


@dataclass(frozen=True, slots=True)
class Reading:
    """By what a map is read."""

    scorer: Scorer
    as_of: date
    platforms_out: frozenset[str]
    decided: Mapping[str, bool]  # ATT&CK id -> in scope
    not_placed: Mapping[str, int]  # claimed id -> rules
    own_groups: Mapping[str, int]  # key of a technique -> groups named as ours that use it
    priorities: Mapping[str, Priority]  # ATT&CK id -> set by hand
    wanted: frozenset[str]  # platforms whose tests count; none: all of them


class Columns:
    """The techniques of a map by field of `Measured`: lists that run parallel, each made when it is first asked for.

    `found` has a row a technique: the columns of its context (`map_context.py`) and the sums of its tests. A map has
    few distinct days, sets of platforms and of tactics: each is worked out once.
    """

    def __init__(self, reading: Reading, found: pl.DataFrame) -> None:
        self._reading = reading
        self._found = found
        self.key: list[str] = self._plain("key")
        self.attack_id: list[str] = self._plain("attack_id")

    def kin_of(self, key: str) -> "Columns":
        """Only that technique, its parent and its children."""
        me = pl.col("key") == key
        parents = self._found.filter(me)["parent"].drop_nulls().implode()
        return Columns(self._reading, self._found.filter(me | (pl.col("parent") == key) | pl.col("key").is_in(parents)))

    @cached_property
    def records(self) -> list[Measured]:
        return list(map(Measured._make, zip(*(getattr(self, name) for name in Measured._fields), strict=True)))

    def count(self, of: str) -> list[int]:
        """One field of `tests`."""
        return self._plain(of)

    def _plain(self, name: str) -> list[Any]:
        return self._found[name].to_list()

    def _filled(self, name: str) -> list[Any]:
        """0 where there is none."""
        return [one or 0 for one in self._found[name].to_list()]

    def _mix_sum(self, factors: Sequence[float]) -> list[float | None]:
        """Shares of procedures by latest result, each times its factor; None without any. Series are added up one by
        one: for a thousand techniques an expression takes longer to plan than to compute."""
        columns = [self._found[name] for name in MIX]
        parts = [column if factor == 1 else column * factor for column, factor in zip(columns, factors, strict=True)]
        summed = reduce(operator.add, compress(parts, factors), columns[0] * 0.0)
        return cast("list[float | None]", summed.to_list())

    # -- as they were read

    @cached_property
    def name(self) -> list[str]:
        return self._plain("name")

    @cached_property
    def review(self) -> list[bool]:
        return self._plain("review")

    @cached_property
    def procedures(self) -> list[int]:
        return self._filled("procedures")

    @cached_property
    def rules(self) -> list[int]:
        return self._filled("rules")

    @cached_property
    def rule_total(self) -> list[float]:
        return self._filled("rule_value")

    @cached_property
    def tests(self) -> list[Tests]:
        return list(map(Tests._make, zip(*map(self._plain, Tests._fields), strict=True)))

    @property
    def tests_in_scope(self) -> Tests:
        """Their sums."""
        inside = pl.Series(self.in_scope, dtype=pl.Boolean)
        return Tests._make(self._found[name].filter(inside).sum() for name in Tests._fields)

    @cached_property
    def mix(self) -> list[tuple[float, ...]]:
        mixes = zip(*map(self._plain, MIX), strict=True)
        return [mix if count else () for mix, count in zip(mixes, self.procedures, strict=True)]

    @cached_property
    def newest_on(self) -> list[date | None]:
        return [day if count else None for day, count in zip(self._plain("newest_on"), self.procedures, strict=True)]

    @cached_property
    def tactics(self) -> list[tuple[str, ...]]:
        return list(map(cache(_listed), self._plain("tactics")))

    @cached_property
    def tested(self) -> list[tuple[str, ...]]:
        return list(map(cache(_listed), self._plain("tested")))

    @cached_property
    def parent(self) -> list[str | None]:
        id_of = dict(zip(self.key, self.attack_id, strict=True))
        return [id_of.get(parent) for parent in self._plain("parent")]

    # -- what they mean

    @cached_property
    def share(self) -> list[float | None]:
        """Of procedures that held; exactly 1 when nothing failed to hold, whatever the rounding of the sum."""
        kept, lost = self._mix_sum(_HOLD), self._mix_sum(_FAIL)
        return [
            None if held is None or not count else min(held, _ALMOST_ALL) if failed else 1.0
            for count, held, failed in zip(self.procedures, kept, lost, strict=True)
        ]

    @cached_property
    def value(self) -> list[float | None]:
        """Mean value of the latest results by the weights; None without any."""
        weights = self._reading.scorer.weights
        means = self._mix_sum([weights.test_value(*result) for result in RESULTS])
        return [mean if count else None for count, mean in zip(self.procedures, means, strict=True)]

    @cached_property
    def platforms(self) -> list[tuple[str, ...]]:
        return [placed.platforms for placed in self._placed]

    @cached_property
    def in_scope(self) -> list[bool]:
        decided = self._reading.decided
        return [
            is_in_scope(decided.get(attack_id), decided.get(parent or ""), on_some=placed.on_some)
            for attack_id, parent, placed in zip(self.attack_id, self.parent, self._placed, strict=True)
        ]

    @cached_property
    def threat(self) -> list[Threat]:
        own, set_by_hand = self._reading.own_groups, self._reading.priorities
        columns = {
            "groups": self._plain("groups"),
            "own_groups": [own.get(key, 0) for key in self.key],
            "exploited": self._filled("exploited"),
            "priority": [set_by_hand.get(attack_id) for attack_id in self.attack_id],
        }
        return list(map(Threat._make, zip(*(columns[name] for name in Threat._fields), strict=True)))

    @cached_property
    def relevance(self) -> list[float]:
        weights = self._reading.scorer.weights
        return [relevance(threat, weights) for threat in self.threat]

    @cached_property
    def status(self) -> list[CoverageStatus]:
        return list(map(status_of, self.share, self.count("unfinished")))

    @cached_property
    def age_days(self) -> list[int | None]:
        return [aged.days for aged in self._aged]

    @cached_property
    def stale(self) -> list[bool]:
        window = self._reading.scorer.weights.freshness_window_days
        return [is_stale(age, window) for age in self.age_days]

    @cached_property
    def not_counted_rules(self) -> list[int]:
        lost = self._reading.not_placed
        return [lost.get(KNOWN_SUCCESSORS.get(attack_id, ""), 0) for attack_id in self.attack_id]

    @cached_property
    def countermeasures(self) -> list[float | None]:
        """Share of the applicable ones that are in place."""
        of_them = zip(self._filled("in_place"), self._filled("applicable"), strict=True)
        return [n / some if some else None for n, some in of_them]

    @cached_property
    def inputs(self) -> list[Inputs]:
        saturation = self._reading.scorer.weights.rule_saturation
        platforms = [
            len(placed.usable.intersection(on)) / len(placed.usable) if placed.usable else None
            for placed, on in zip(self._placed, self.tested, strict=True)
        ]
        columns = {
            "tests": self.value,
            "rules": [rules_part(total, saturation) for total in self.rule_total],
            "rule_count": self.rules,
            "freshness": [aged.freshness for aged in self._aged],
            "platforms": platforms,
            "countermeasures": self.countermeasures,
        }
        return list(map(Inputs._make, zip(*(columns[name] for name in Inputs._fields), strict=True)))

    @cached_property
    def points(self) -> list[Five]:
        return list(map(self._reading.scorer.points, self.inputs))

    @cached_property
    def known(self) -> list[bool]:
        """Whether their scores say anything."""
        return list(map(known, self.inputs))

    # -- each distinct one once

    @cached_property
    def _aged(self) -> list["_Aged"]:
        as_of, half_life = self._reading.as_of, self._reading.scorer.weights.half_life_days

        @cache
        def aged(newest: date | None) -> _Aged:
            if newest is None:
                return _Aged(None, None)
            age = age_days(newest, as_of)
            return _Aged(age, decay(age, half_life))

        return list(map(aged, self._plain("newest_on")))

    @cached_property
    def _placed(self) -> list["_Placed"]:
        out, wanted = self._reading.platforms_out, self._reading.wanted

        @cache
        def placed(text: str | None) -> _Placed:
            platforms = _listed(text)
            left = frozenset(platforms) - out
            return _Placed(platforms, left & wanted if wanted else left, bool(left) or not platforms)

        return list(map(placed, self._plain("platforms")))


class _Aged(NamedTuple):
    """The newest evidence: its age, and what is left of it."""

    days: int | None
    freshness: float | None


class _Placed(NamedTuple):
    """All platforms, those whose tests count here, and whether any is in scope, or none is named."""

    platforms: tuple[str, ...]
    usable: frozenset[str]
    on_some: bool


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(text.split("\x1f")) if text else ()
