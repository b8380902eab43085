"""What the metrics page is asked: the state of its address as a value. What an address says wrongly is left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.durations import By, Measure, groupings

PERIODS = (3, 6, 12, 24, 0)  # months, this one included; 0: all there is
PERIOD = 6
_PLATFORMS_MAX = 20
_PLAIN = re.compile(r"[\w .&()/-]{1,80}")
FIELDS = frozenset({"measure", "by", "months", "tactic", "platform"})


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`months` of PERIODS; '' and () ask for nothing."""

    measure: Measure = Measure.DETECT
    by: By = By.TACTIC
    months: int = PERIOD
    tactic: str = ""
    platforms: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "View":
        said = query.get("measure", "")
        measure = Measure(f"time_to_{said}") if f"time_to_{said}" in set(Measure) else Measure.DETECT
        by, months = query.get("by", ""), query.get("months", "")
        tactic = query.get("tactic", "")
        platforms = [one.strip() for one in query.get("platform", "").split(",")]
        return cls(
            measure=measure,
            by=By(by) if by in groupings(measure) else By.TACTIC,
            months=_PERIOD_WORDS.get(months, PERIOD),
            tactic=tactic if _PLAIN.fullmatch(tactic) else "",
            platforms=tuple(one for one in platforms[:_PLATFORMS_MAX] if _PLAIN.fullmatch(one)),
        )

    def query(self) -> dict[str, str]:
        """As the address says it; what is the default is left out."""
        said = {
            "measure": self.measure.removeprefix("time_to_") if self.measure is not Measure.DETECT else "",
            "by": self.by if self.by is not By.TACTIC else "",
            "months": period_key(self.months) if self.months != PERIOD else "",
            "tactic": self.tactic,
            "platform": ",".join(self.platforms),
        }
        return {name: text for name, text in said.items() if text}

    def first(self, today: date) -> date | None:
        """The first month of the period; None for all there is."""
        return shifted(today.replace(day=1), 1 - self.months) if self.months else None

    def first_before(self, today: date) -> date | None:
        """The first month of the period of the same length before it."""
        return shifted(today.replace(day=1), 1 - 2 * self.months) if self.months else None


def period_key(months: int) -> str:
    return str(months) if months else "all"


_PERIOD_WORDS = {period_key(months): months for months in PERIODS}


def shifted(month: date, by: int) -> date:
    """The first of the month so many months later."""
    year, index = divmod(12 * month.year + month.month - 1 + by, 12)
    return date(max(1, year), index + 1, 1)
