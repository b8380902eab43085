"""The map as measured: its context and the sums of its tests, from the rollups; what several screens share.

The database sums and averages (`technique_evidence`); what the sums mean is said in `domain/coverage.py` and
`domain/score.py`, once for every screen, and put together in `map_columns.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from data import cache as answers
from data.queries import ahead, map_context, reader
from data.queries.map_columns import MIX, Columns, Measured, Reading, Tests
from data.queries.map_context import Context
from data.queries.reader import Prepared
from domain.relevance import Priority
from domain.score import Scorer, Weights

TOPICS = ("tests", *map_context.TOPICS)


@dataclass(frozen=True, slots=True)
class Tactic:
    attack_id: str
    shortname: str
    name: str


@dataclass(frozen=True, slots=True)
class Map:
    """A domain as measured. `version` is '' and everything empty when nothing is loaded.

    `notes` say in sentences what of a past day was not known and is taken from another.
    """

    domain: str
    version: str
    shortened: bool
    tactics: Sequence[Tactic]
    scorer: Scorer
    columns: Columns
    as_of: date
    platforms_out: frozenset[str] = frozenset()
    notes: Sequence[str] = ()

    @property
    def techniques(self) -> Sequence[Measured]:
        return self.columns.records


_COUNTS = {
    "planned": "draft + red_executing + blue_evaluating + in_review + validated + rejected + cancelled",
    "unfinished": "draft + red_executing + blue_evaluating + in_review",
    "executed": "greatest(executed, evaluated)",
}
_MEASURES = ", ".join(
    [f"{_COUNTS.get(name, name)} AS {name}" for name in Tests._fields]
    + ["procedures", *MIX, "newest_at::date AS newest_on"]
)
_KEPT = f"SELECT technique_id, {_MEASURES} FROM rollup_technique WHERE platform = $3 AND technique_id IN ({{which}})"
_COMPUTED = """SELECT summed.*, evidence.procedures, {mix}, evidence.newest_at::date AS newest_on
  FROM (SELECT technique_id, {sums} FROM rollup_technique
        WHERE platform = ANY ({platforms}) AND technique_id IN ({{which}}) GROUP BY 1) AS summed
  LEFT JOIN technique_evidence(ARRAY({{which}}), {platforms}, false) AS evidence USING (technique_id)""".format(
    mix=", ".join(f"evidence.{name}" for name in MIX),
    sums=", ".join(f"sum({_COUNTS.get(name, name)})::integer AS {name}" for name in Tests._fields),
    platforms=reader.split("$3"),
)

# $1 domain, $2 key of a technique for it with its family ('' for the whole map), $3 platforms ('' for all).
# A row a technique that has any; `tested` are the platforms with a validated test, as one text.
_STATEMENT = """
SELECT cell.technique_id::text AS key, tested.tested, {fields} FROM ({cells}) AS cell
LEFT JOIN (
  SELECT technique_id, string_agg(platform, chr(31)) AS tested FROM rollup_technique
  WHERE platform <> '' AND procedures > 0 AND technique_id IN ({which}) GROUP BY 1
) AS tested USING (technique_id)
"""


def _statement(cells: str, which: str) -> str:
    fields = (*Tests._fields, "procedures", *MIX, "newest_on")
    listed = f"SELECT id FROM technique WHERE {which}"
    return _STATEMENT.format(
        fields=", ".join(f"cell.{name}" for name in fields), cells=cells.format(which=listed), which=listed
    )


# By how many platforms (at most one is kept summed), and whether of a family
_TESTS: Mapping[tuple[bool, bool], str] = {
    (True, False): Prepared(_statement(_KEPT, map_context.WHOLE)),
    (True, True): Prepared(_statement(_KEPT, map_context.FAMILY)),
    (False, False): _statement(_COMPUTED, map_context.WHOLE),
    (False, True): _statement(_COMPUTED, map_context.FAMILY),
}


def read(domain: str, *, as_of: date, platforms: Sequence[str] = (), family_of: str = "") -> Map:
    """All active techniques of a domain; or (`family_of` its key) that technique with its parent and children.

    With `platforms` only tests on these count, and only these have to be tested. Out of scope stays out. A day that
    lies ahead ages the evidence there is; of a past one is told what was known then (`data/queries/past.py`).
    """
    if as_of < today():
        from data.queries import past  # it stands on this module

        return past.read(domain, as_of=as_of, platforms=platforms, family_of=family_of)
    return read_now(domain, as_of=as_of, platforms=platforms, family_of=family_of)


def read_now(domain: str, *, as_of: date, platforms: Sequence[str] = (), family_of: str = "") -> Map:
    """What is known at this moment, with evidence aged as of a day, whichever it is; else as `read`."""

    def compute() -> Map:
        asked = _TESTS[len(platforms) <= 1, bool(family_of)]
        tests = ahead.ask(asked, domain, family_of, reader.joined(platforms))
        context = map_context.read(domain, family_of)
        return map_of(context, tests.frame(), as_of, platforms)

    if family_of:
        return compute()
    return answers.held("map", {"domain": domain, "day": as_of, "platforms": platforms}, TOPICS, compute)


def map_of(
    context: Context, tests: pl.DataFrame, as_of: date, platforms: Sequence[str], notes: Sequence[str] = ()
) -> Map:
    """What the context of a map and the tests on it, a row a technique by its `key`, mean together."""
    head = context.head
    version, shortened = head["release"] or ("", False)
    reading = Reading(
        scorer=Scorer(weights_of(head["weights"])),
        as_of=as_of,
        platforms_out=frozenset(head["platforms_out"] or ()),
        decided=head["decided"] or {},
        not_placed=head["not_placed"] or {},
        own_groups=head["own_groups"] or {},
        priorities={key: Priority(word) for key, word in (head["priorities"] or {}).items()},
        wanted=frozenset(platforms),
    )
    return Map(
        domain=context.domain,
        version=version,
        shortened=shortened,
        tactics=[Tactic(*parts) for parts in head["tactics"] or ()],
        scorer=reading.scorer,
        columns=Columns(reading, with_tests(context.rows, tests, on="key")),
        as_of=as_of,
        platforms_out=reading.platforms_out,
        notes=notes,
    )


def with_tests(techniques: pl.DataFrame, tests: pl.DataFrame, on: str) -> pl.DataFrame:
    """Techniques as they are ordered; without a test all counts are 0."""
    found = techniques.join(tests, on=on, how="left", maintain_order="left")
    return found.with_columns(pl.col(*Tests._fields).fill_null(0))


def weights_of(kept: Mapping[str, Any]) -> Weights:
    parameters = kept["parameters"]
    return Weights(
        version=kept["version"],
        tests=float(kept["tests"]),
        rules=float(kept["rules"]),
        countermeasures=float(kept["countermeasures"]),
        freshness=float(kept["freshness"]),
        platforms=float(kept["platforms"]),
        prevented=parameters["prevented"],
        partly_prevented=parameters["partly_prevented"],
        alerted=parameters["alerted"],
        logged=parameters["logged"],
        missed=parameters["missed"],
        rule_saturation=parameters["rule_saturation"],
        half_life_days=parameters["half_life_days"],
        freshness_window_days=parameters["freshness_window_days"],
        own_group=parameters["own_group"],
        exploitation=parameters["exploitation"],
        high_priority=parameters["high_priority"],
        low_priority=parameters["low_priority"],
    )


def today() -> date:
    """The day by which ages are counted, the same for everybody: UTC."""
    return datetime.now(UTC).date()
