"""Detection rules for screens: a page of those that match, what can be chosen from, and how much of them is proven."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from data import cache
from data.queries import copying, reader
from data.queries.reader import Prepared
from data.queries.rules_filter import conditions, ordered
from domain.rule_truth import RuleTruth
from domain.rules_view import PAGE_ROWS, RulesView

IDS_MAX = 1_000
_CHOICES_MAX = 60
# What truth depends on: tests that ran, rules and log sources, and where claims lie on the map.
TOPICS = ("tests", "rules", "techniques")

# Words are found first, by their own index: read in the index of an order, each title would be taken to its words.
_LIST = """
WITH found AS {found_first} (
  SELECT * FROM rollup_rule AS k WHERE {where}
), page AS (
  SELECT k.* FROM found AS k
  ORDER BY {order} LIMIT {rows} OFFSET {offset}
)
SELECT counted.total, page.rule_id::text AS id, page.title, page.source, page.status, page.level, page.enabled,
  page.present, page.product, page.category, page.service, page.truth, page.fired, page.last_fired_at, page.changed_on,
  (SELECT json_agg(json_build_array(coalesce(technique.attack_id, claim.claimed_id), claim.claimed_id,
     coalesce(technique.name, ''), claim.resolution) ORDER BY claim.claimed_id)
   FROM rule_technique AS claim LEFT JOIN technique ON technique.id = claim.technique_id
   WHERE claim.rule_id = page.rule_id)::text AS techniques
FROM (SELECT count(*) AS total FROM found) AS counted LEFT JOIN page ON true
ORDER BY {order_of_page}
"""
_CHOICES = """
SELECT (SELECT json_agg(json_build_array(source, status, product, rules)) FROM (
    SELECT source, status, product, sum(rules) AS rules FROM rollup_rule_count GROUP BY 1, 2, 3)
    AS counted)::text AS counted,
  (SELECT json_agg(json_build_array(shortname, name) ORDER BY domain, position) FROM (
    SELECT DISTINCT ON (shortname) shortname, name, domain, position FROM tactic
    WHERE active AND position IS NOT NULL ORDER BY shortname, domain) AS columns)::text AS tactics
"""
_MIX = Prepared("""
SELECT truth, source, enabled, sum(rules)::integer AS rules FROM rollup_rule_count GROUP BY 1, 2, 3
""")
_LAYERS = Prepared("""
SELECT count(*) AS techniques, count(*) FILTER (WHERE claimed) AS claimed, count(*) FILTER (WHERE proven) AS proven,
  count(*) FILTER (WHERE claimed AND NOT proven) AS only_claimed
FROM (
  SELECT EXISTS (SELECT FROM rollup_technique_rules AS kept WHERE kept.technique_id = technique.id)
      AS claimed,
    EXISTS (SELECT FROM rollup_technique_proven AS kept WHERE kept.technique_id = technique.id)
      AS proven
  FROM technique WHERE domain = $1 AND active
) AS known
""")
_LOGS = Prepared("""
SELECT counted.product, counted.category, counted.service, counted.rules, counted.enabled, counted.fired,
  logs.collected, coalesce(logs.note, '') AS note, coalesce(logs.author_name, '') AS author, logs.decided_at
FROM (
  SELECT product, category, service, sum(rules)::integer AS rules,
    coalesce(sum(rules) FILTER (WHERE enabled), 0)::integer AS enabled,
    coalesce(sum(rules) FILTER (WHERE truth = 'proven'), 0)::integer AS fired
  FROM rollup_rule_count GROUP BY 1, 2, 3
) AS counted LEFT JOIN log_source AS logs USING (product, category, service)
ORDER BY counted.rules DESC, counted.product, counted.category, counted.service
""")
_CSV = """
SELECT {source}, {external}, {title}, k.status, r.level, k.enabled, k.present, k.truth, k.fired, k.last_fired_at,
  k.changed_on, {product}, {category}, {service}, {author}, {licence},
  (SELECT string_agg(coalesce(technique.attack_id, claim.claimed_id || ' (not placed)'), ' ' ORDER BY claim.claimed_id)
   FROM rule_technique AS claim LEFT JOIN technique ON technique.id = claim.technique_id
   WHERE claim.rule_id = k.rule_id)
FROM rollup_rule AS k JOIN detection_rule AS r ON r.id = k.rule_id
"""
_CSV_COLUMNS = (
    "source,id,title,status,level,enabled,present,truth,fired_in_tests,last_fired_at,changed_on,product,category,"
    "service,author,licence,techniques"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rules: `total` match. Rows as the statement names them, `techniques` as lists."""

    rows: list[dict[str, Any]]
    total: int


@dataclass(frozen=True, slots=True)
class TruthMix:
    """Rules present in their sources by truth: all of them, and those enabled. Every truth is there, 0 or not."""

    rules: Mapping[RuleTruth, int]
    enabled: Mapping[RuleTruth, int]

    @property
    def total(self) -> int:
        return sum(self.rules.values())

    @property
    def total_enabled(self) -> int:
        return sum(self.enabled.values())


@dataclass(frozen=True, slots=True)
class Layers:
    """Active techniques that an enabled rule claims, and that an enabled rule was proven on: never mixed."""

    techniques: int
    claimed: int
    proven: int
    only_claimed: int


def search(view: RulesView) -> Found:
    """At most PAGE_ROWS rules, in the order of the view."""
    asked = conditions(view)
    statement = _LIST.format(
        found_first="MATERIALIZED" if view.words else "NOT MATERIALIZED",
        where=asked.text,
        order=ordered(view),
        order_of_page=ordered(view, "page"),
        rows=PAGE_ROWS,
        offset=PAGE_ROWS * (view.page - 1),
    )
    rows = reader.rows(statement, *asked.parameters)
    shown = [row for row in rows if row["id"] is not None]
    for row in shown:
        row["techniques"] = orjson.loads(row["techniques"]) if row["techniques"] else []
    return Found(shown, rows[0]["total"])


def ids(view: RulesView) -> list[UUID]:
    """Every rule that matches, whatever its page; at most IDS_MAX + 1, so that a caller sees there are more."""
    asked = conditions(view)
    statement = f"SELECT k.rule_id::text AS id FROM rollup_rule AS k WHERE {asked.text} LIMIT {IDS_MAX + 1}"
    return [UUID(row["id"]) for row in reader.rows(statement, *asked.parameters)]


def choices() -> Mapping[str, Any]:
    """What can be filtered by: `sources`, `statuses`, `products` as [value, count]; `tactics` as [value, name].

    `whole` is the number of rules that their sources have.
    """

    def compute() -> dict[str, Any]:
        (row,) = reader.rows(_CHOICES)
        tactics = orjson.loads(row["tactics"] or "[]")
        return _counted(orjson.loads(row["counted"] or "[]")) | {"tactics": tactics}

    found: Mapping[str, Any] = cache.answer("rule_choices", {}, ("rules", "techniques"), compute)
    return found


def _counted(rows: list[list[Any]]) -> dict[str, Any]:
    """From the counts of each source, status and product those of each alone, the largest first; '' is no choice."""
    counts: dict[str, Counter[str]] = {"sources": Counter(), "statuses": Counter(), "products": Counter()}
    for *values, rules in rows:
        for counter, value in zip(counts.values(), values, strict=True):
            counter[value] += rules if value else 0
    by_size = {name: sorted(counter.items(), key=lambda one: (-one[1], one[0])) for name, counter in counts.items()}
    shown = {name: [list(one) for one in found if one[1]][:_CHOICES_MAX] for name, found in by_size.items()}
    return shown | {"whole": sum(row[-1] for row in rows)}


def truth_mix(sources: Sequence[str] = ()) -> TruthMix:
    """How many rules are proven, silent, never tested, without data; of these sources, or of all."""

    rules, enabled = dict.fromkeys(RuleTruth, 0), dict.fromkeys(RuleTruth, 0)
    for row in cache.answer("truth_mix", {}, TOPICS, lambda: reader.rows(_MIX)):
        if not sources or row["source"] in sources:
            rules[RuleTruth(row["truth"])] += row["rules"]
            enabled[RuleTruth(row["truth"])] += row["rules"] if row["enabled"] else 0
    return TruthMix(rules, enabled)


def layers(domain: str) -> Layers:
    """Claimed and proven by rules, over the active techniques of a domain."""
    found = cache.answer("rule_layers", {"domain": domain}, TOPICS, lambda: reader.rows(_LAYERS, domain)[0])
    return Layers(**found)


def log_sources() -> Sequence[Mapping[str, Any]]:
    """Every kind of log that rules read, most rules first: how many, and whether it is collected (None: not known)."""
    found: Sequence[Mapping[str, Any]] = cache.answer("log_sources", {}, TOPICS, lambda: reader.rows(_LOGS))
    return found


def csv(view: RulesView) -> Iterator[bytes]:
    """All that match as UTF-8 with a mark; the first line is there before the database has answered."""
    connection = copying.connect()
    asked = conditions(view)
    where = copying.filled(connection, asked.text, asked.parameters)
    safe = copying.spreadsheet_safe
    select = _CSV.format(
        source=safe("k.source"),
        external=safe("r.external_id"),
        title=safe("k.title"),
        product=safe("k.product"),
        category=safe("k.category"),
        service=safe("k.service"),
        author=safe("r.author"),
        licence=safe("r.licence"),
    )
    statement = f"COPY ({select} WHERE {where} ORDER BY {ordered(view)}) TO STDOUT (FORMAT csv)"
    return copying.blocks(connection, statement, f"\ufeff{_CSV_COLUMNS}\n".encode())
