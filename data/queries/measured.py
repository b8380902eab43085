"""The map as measured: one statement over the rollups; what several screens share.

The database sums and averages (`technique_evidence`); what the sums mean is said in `domain/coverage.py` and
`domain/score.py`, once for every screen, and put together in `map_columns.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
import polars as pl

from data import cache as answers
from data.queries import reader
from data.queries.map_columns import MIX, Columns, Measured, Reading, Tests
from data.queries.reader import Prepared
from domain.attack_ids import KNOWN_SUCCESSORS
from domain.relevance import Priority
from domain.score import LEVEL_VALUE, MATURITY_VALUE, OTHER_MATURITY, Scorer, Weights

TOPICS = ("tests", "rules", "techniques", "weights", "countermeasures", "threats", "frameworks")


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


def _case(column: str, values: Mapping[str, float], other: float) -> str:
    """SQL of a table of the domain; its words are our own constants."""
    listed = " ".join(f"WHEN '{word}' THEN {value}::double precision" for word, value in values.items())
    return f"(CASE {column} {listed} ELSE {other} END)"


_RULE_VALUE = f"{_case('level', LEVEL_VALUE, LEVEL_VALUE[''])} * {_case('status', MATURITY_VALUE, OTHER_MATURITY)}"
_SPLIT = "chr(31)"  # lists travel as one text: reading them back is ten times cheaper

_COUNTS = {
    "planned": "draft + red_executing + blue_evaluating + in_review + validated + rejected + cancelled",
    "unfinished": "draft + red_executing + blue_evaluating + in_review",
    "executed": "greatest(executed, evaluated)",
}
_MEASURES = ", ".join(
    [f"{_COUNTS.get(name, name)} AS {name}" for name in Tests._fields]
    + ["procedures", *MIX, "newest_at::date AS newest_on"]
)
_KEPT = f"(SELECT technique_id, {_MEASURES} FROM rollup_technique WHERE platform = $3)"
_SUMMED = "(SELECT technique_id, {sums} FROM rollup_technique WHERE {on_platforms} GROUP BY 1)".format(
    sums=", ".join(f"sum({_COUNTS.get(name, name)})::integer AS {name}" for name in Tests._fields),
    on_platforms=f"platform = ANY ({reader.split('$3')})",
)
_COMPUTED = (
    "(SELECT summed.*, evidence.procedures, "
    + ", ".join(f"evidence.{name}" for name in MIX)
    + f", evidence.newest_at::date AS newest_on FROM {_SUMMED} AS summed LEFT JOIN "
    + f"technique_evidence(ARRAY(SELECT id FROM technique WHERE domain = $1 AND active), {reader.split('$3')}, false) "
    + "AS evidence USING (technique_id))"
)
_FAMILY = """id IN (
    SELECT kin.id FROM technique AS asked
    JOIN technique AS kin ON kin.id IN (asked.id, asked.parent_id) OR (kin.parent_id = asked.id AND kin.active)
    WHERE asked.domain = $1 AND asked.id = $2::uuid)"""

# $1 domain, $2 key of a technique to read it with its family ('' for the whole map), $3 platforms ('' for all).
# The head (release, tactics, weights, scope) travels on the first row only; an empty map has that row alone.
_STATEMENT = """
WITH map AS (
  SELECT id, attack_id, name, parent_id, tactics, platforms, review_since IS NOT NULL AS review, group_count
  FROM technique WHERE domain = $1 AND {of_map}
), head AS (
  SELECT json_build_object(
    'release', (SELECT json_build_array(version, shortened)
                FROM attack_release WHERE domain = $1 AND state = 'adopted'),
    'tactics', (SELECT json_agg(json_build_array(attack_id, shortname, name) ORDER BY position, attack_id)
                FROM tactic WHERE domain = $1 AND active AND position IS NOT NULL),
    'weights', (SELECT json_build_object('version', version, 'tests', tests, 'rules', rules,
                  'countermeasures', countermeasures, 'freshness', freshness, 'platforms', platforms,
                  'parameters', parameters) FROM score_weights ORDER BY version DESC LIMIT 1),
    'platforms_out', (SELECT json_agg(ref) FROM scope_decision
                      WHERE domain = $1 AND kind = 'platform' AND NOT in_scope),
    'decided', (SELECT json_object_agg(ref, in_scope) FROM scope_decision WHERE domain = $1 AND kind = 'technique'),
    'own_groups', (SELECT json_object_agg(used.technique_id, used.groups) FROM (
                     SELECT link.technique_id, count(*) AS groups
                     FROM threat_group AS ours
                     JOIN attack_object AS object ON object.domain = ours.domain AND object.attack_id = ours.attack_id
                       AND object.kind = 'group' AND object.active
                     JOIN technique_link AS link ON link.object_id = object.id AND link.kind = 'group_uses'
                     WHERE ours.domain = $1 GROUP BY 1) AS used),
    'priorities', (SELECT json_object_agg(attack_id, priority) FROM technique_priority WHERE domain = $1),
    'not_placed', (SELECT json_object_agg(claimed_id, rules) FROM (
                     SELECT claimed_id, sum(rules) AS rules FROM rollup_rules_not_placed
                     WHERE claimed_id = ANY (ARRAY[{successors}]) GROUP BY 1) AS kept)
  )::text AS head
)
SELECT CASE WHEN row_number() OVER (ORDER BY map.attack_id) = 1 THEN (SELECT head FROM head) END AS head,
  map.id::text AS key, map.attack_id, map.name, map.parent_id::text AS parent,
  array_to_string(map.tactics, {split}) AS tactics, array_to_string(map.platforms, {split}) AS platforms,
  map.review, map.group_count AS groups, {tested}, {tests}, cell.procedures, {mix}, cell.newest_on,
  claimed.rules, claimed.rule_value, exploited.vulnerabilities AS exploited, defended.applicable, defended.in_place
FROM (SELECT 1) AS always LEFT JOIN map ON true
LEFT JOIN {cells} AS cell ON cell.technique_id = map.id
{join_tested}LEFT JOIN (
  SELECT technique_id, sum(rules)::integer AS rules, sum(rules * {rule_value}) AS rule_value
  FROM rollup_technique_rules WHERE rules > 0{of_family} GROUP BY 1
) AS claimed ON claimed.technique_id = map.id
LEFT JOIN (
  SELECT mapping.technique_id, count(DISTINCT mapping.control_id)::integer AS vulnerabilities
  FROM control_mapping AS mapping JOIN framework ON framework.id = mapping.framework_id
  WHERE framework.kind = 'vulnerabilities' AND framework.removed_at IS NULL GROUP BY 1
) AS exploited ON exploited.technique_id = map.id
LEFT JOIN rollup_technique_countermeasures AS defended ON defended.technique_id = map.id
ORDER BY map.attack_id
"""


_JOIN_TESTED = """LEFT JOIN (
  SELECT technique_id, string_agg(platform, {split}) AS tested FROM rollup_technique
  WHERE platform <> '' AND procedures > 0{of_family} GROUP BY 1
) AS tested ON tested.technique_id = map.id
"""


def statement(*, family: bool, cells: str, tested_in_cells: bool = False) -> str:
    """`cells` is SQL of the tests, a row a technique: their sums, the mix, and maybe the platforms they ran on."""
    of_family = " AND technique_id IN (SELECT id FROM map)" if family else ""
    return _STATEMENT.format(
        of_map=_FAMILY if family else "active AND $2 = ''",
        of_family=of_family,
        cells=cells,
        tested="cell.tested" if tested_in_cells else "tested.tested",
        join_tested="" if tested_in_cells else _JOIN_TESTED.format(split=_SPLIT, of_family=of_family),
        tests=", ".join(f"coalesce(cell.{name}, 0) AS {name}" for name in Tests._fields),
        mix=", ".join(f"cell.{name}" for name in MIX),
        rule_value=_RULE_VALUE,
        successors=", ".join(f"'{new}'" for new in sorted(set(KNOWN_SUCCESSORS.values()))),
        split=_SPLIT,
    )


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
        kept = len(platforms) <= 1
        asked = statement(family=bool(family_of), cells=_KEPT if kept else _COMPUTED)
        asked = Prepared(asked) if kept else asked
        return read_of(reader.frame(asked, domain, family_of, reader.joined(platforms)), domain, as_of, platforms)

    if family_of:
        return compute()
    return answers.held("map", {"domain": domain, "day": as_of, "platforms": platforms}, TOPICS, compute)


def read_of(found: pl.DataFrame, domain: str, as_of: date, platforms: Sequence[str], notes: Sequence[str] = ()) -> Map:
    """What the answer to `statement` means."""
    head = orjson.loads(found["head"][0])
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
        domain=domain,
        version=version,
        shortened=shortened,
        tactics=[Tactic(*parts) for parts in head["tactics"] or ()],
        scorer=reading.scorer,
        columns=Columns(reading, found),
        as_of=as_of,
        platforms_out=reading.platforms_out,
        notes=notes,
    )


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
