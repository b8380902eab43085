"""Which test runs when: working days, quarters with a focus, campaigns, and retests when their day has come."""

import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

from data.demo.campaigns import Campaign, focus
from data.demo.chance import cumulative
from data.demo.course import Order
from data.demo.procedures import Procedure, platform_of
from data.demo.worktime import DAY, HOUR, day_of, is_working_day, weekday

_AHEAD_DAYS = 24
_IN_CAMPAIGNS = 0.55
_SEGMENT_DAYS = 28  # how often the repertoire grows
_KNOWN_AT_FIRST = 0.4  # share of the procedures
_WEEKDAYS = (0.8, 1.1, 1.15, 1.1, 0.7)
_QUIET_MONTHS = {8: 0.6, 12: 0.75}
_QUARTER_DAYS = 91
_FIRST_HOUR, _LAST_HOUR = 7.6, 16.4


class Diary:
    """Orders for exactly `count` tests, of which the last few lie ahead. Retests take places of their own days."""

    def __init__(
        self,
        procedures: Sequence[Procedure],
        campaigns: Sequence[Campaign],
        *,
        begins: int,
        until: int,
        count: int,
        dice: random.Random,
    ) -> None:
        self._procedures = list(procedures)
        self._campaigns = campaigns
        self._begins, self._until, self._count, self._dice = begins, until, count, dice
        self._retests: dict[int, list[Order]] = defaultdict(list)
        self._turn = {one.id: dice.randrange(len(one.procedures)) for one in campaigns}
        self._segments: dict[int, tuple[list[Procedure], list[float]]] = {}
        dice.shuffle(self._procedures)

    def add(self, retest: Order) -> None:
        """To be run on its day, which must not be over yet."""
        self._retests[retest.at // DAY].append(retest)

    def orders(self) -> Iterator[Order]:
        days = [day for day in range(self._begins, self._until + _AHEAD_DAYS * DAY, DAY) if is_working_day(day)]
        planned = cumulative([self._activity(day) for day in days])
        made = 0
        for day, reached in zip(days, planned, strict=True):
            wanted = round(self._count * reached / planned[-1])
            for retest in self._retests.pop(day // DAY, ()):
                if made < self._count:
                    made += 1
                    yield retest
            running = [one for one in self._campaigns if one.starts <= day < one.ends]
            while made < wanted:
                made += 1
                yield self._order(day, running)

    def _activity(self, day: int) -> float:
        when = day_of(day)
        activity = _WEEKDAYS[weekday(day)] * _QUIET_MONTHS.get(when.month, 1.0)
        if (when.month, when.day) >= (12, 23) or (when.month, when.day) <= (1, 2):
            activity *= 0.15
        if day >= self._until:
            return activity * 0.45  # the coming weeks are only partly planned
        return activity * (0.75 + 0.5 * (day - self._begins) / (self._until - self._begins))

    def _order(self, day: int, running: Sequence[Campaign]) -> Order:
        dice = self._dice
        campaign = dice.choice(running) if running and dice.random() < _IN_CAMPAIGNS else None
        if campaign is not None:
            turn = self._turn[campaign.id]
            self._turn[campaign.id] = (turn + 1) % len(campaign.procedures)
            procedure = campaign.procedures[turn]
        else:
            known, weights = self._repertoire(day)
            procedure = known[bisect_left(weights, dice.random() * weights[-1])]
        return Order(procedure, platform_of(procedure, dice), day + self._hour(), campaign.id if campaign else None)

    def _hour(self) -> int:
        """Late morning or early afternoon, rarely early or late."""
        dice = self._dice
        hour = dice.gauss(9.6, 0.9) if dice.random() < 0.55 else dice.gauss(13.9, 1.1)
        return int(min(max(hour, _FIRST_HOUR), _LAST_HOUR) * HOUR) + dice.randrange(60)

    def _repertoire(self, day: int) -> tuple[list[Procedure], list[float]]:
        """What the team knows by then, and how much it looks at each: running totals of the quarter's weights."""
        segment = (day - self._begins) // DAY // _SEGMENT_DAYS
        found = self._segments.get(segment)
        if found is None:
            share = (day - self._begins) / (self._until - self._begins)
            known = self._procedures[: max(1, int(len(self._procedures) * (_KNOWN_AT_FIRST + share)))]
            quarter = (day - self._until) // DAY // _QUARTER_DAYS % 4
            weights = cumulative([focus(one, quarter) + 1e-9 for one in known])
            found = self._segments[segment] = (known, weights)
        return found
