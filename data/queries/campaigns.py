"""Campaigns for screens: a page of those that match, and one with its tests, its runs and what it showed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from data.queries import reader
from data.queries.reader import Prepared
from domain.attack_ids import normalise
from domain.errors import NotFound
from domain.testing.campaign import CampaignState
from domain.testing.members import MEMBERS_MAX

PAGE_ROWS = 50
HISTORY_MAX = 100
RUNS_MAX = 24
_TEXT_MAX = 120
_PAGES_MAX = 10_000

# What became of tests, in the words of every other funnel: executed, of these evaluated, of these alerted on.
_EVALUATED = "state = 'validated' AND NOT not_applicable"
_COUNTS = f"""
  count(*) AS planned,
  count(*) FILTER (WHERE executed_at IS NOT NULL OR {_EVALUATED}) AS executed,
  count(*) FILTER (WHERE {_EVALUATED}) AS evaluated,
  count(*) FILTER (WHERE {_EVALUATED} AND detection = 'alerted') AS detected,
  count(*) FILTER (WHERE {_EVALUATED} AND prevention = 'full') AS prevented,
  count(*) FILTER (WHERE state IN ('draft', 'red_executing', 'blue_evaluating', 'in_review')) AS unfinished
"""
_NAMES = "planned, executed, evaluated, detected, prevented, unfinished"
_ACTOR = """
  (SELECT name FROM attack_object WHERE kind = 'group' AND attack_id = {campaign}.actor_attack_id
   ORDER BY active DESC, domain LIMIT 1)
"""
_ORDER = (
    "array_position(ARRAY['running', 'planned', 'finished', 'cancelled'], {0}.state), "
    "{0}.starts_on DESC NULLS LAST, {0}.name, {0}.id"
)
# $1 words of the name, $2 states, $3 actor, $4 page; '' asks for nothing.
_PAGE = f"""
WITH found AS MATERIALIZED (
  SELECT * FROM test_campaign AS c
  WHERE ($1 = '' OR strpos(lower(c.name), $1) > 0) AND ($2 = '' OR c.state = ANY ({reader.split("$2")}))
    AND ($3 = '' OR c.actor_attack_id = $3)
), page AS (
  SELECT * FROM found ORDER BY {_ORDER.format("found")} LIMIT {PAGE_ROWS} OFFSET {PAGE_ROWS} * ($4::integer - 1)
)
SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM test_campaign) AS whole,
  (SELECT count(*) FROM test_campaign WHERE state = 'running') AS running,
  page.id::text, page.name, page.state, page.actor_attack_id, {_ACTOR.format(campaign="page")} AS actor, page.starts_on,
  page.ends_on, page.run_number, page.next_run_at, {_NAMES}
FROM (SELECT 1) AS always LEFT JOIN page ON true
LEFT JOIN LATERAL (SELECT {_COUNTS} FROM security_test AS t WHERE t.campaign_id = page.id) AS counted ON true
ORDER BY {_ORDER.format("page")}
"""
_HEAD = Prepared(f"""
SELECT c.id::text, c.name, c.goal, c.state, c.version, c.actor_attack_id, {_ACTOR.format(campaign="c")} AS actor,
  c.starts_on, c.ends_on, c.created_at, c.started_at, c.ended_at, c.recurrence_cron, c.recurrence_zone, c.next_run_at,
  c.run_number, c.series_id IS NOT NULL AS of_series, coalesce(u.display_name, '') AS created_by,
  coalesce(a.name, '') AS adversary, {_NAMES},
  (SELECT json_agg(json_build_array(other.id, other.name, other.state) ORDER BY other.state DESC, other.name)
   FROM (SELECT * FROM test_campaign WHERE state IN ('planned', 'running') AND id <> c.id
         ORDER BY created_at DESC LIMIT 200) AS other)::text AS others
FROM test_campaign AS c
LEFT JOIN user_account AS u ON u.id = c.created_by
LEFT JOIN adversary AS a ON a.id = c.adversary_id
CROSS JOIN LATERAL (SELECT {_COUNTS} FROM security_test AS t WHERE t.campaign_id = c.id) AS counted
WHERE c.id = $1::uuid
""")
_TESTS = Prepared(f"""
SELECT t.id::text, t.number, t.title, t.state, t.platform, t.prevention, t.detection, t.not_applicable, t.executed_at,
  home.attack_id, home.name AS technique, coalesce(red.display_name, '') AS red,
  coalesce(blue.display_name, '') AS blue,
  (SELECT json_agg(json_build_array(other.id, other.number, other.state)
                   ORDER BY other.campaign_position NULLS LAST, other.number)
   FROM campaign_dependency AS needs JOIN security_test AS other ON other.id = needs.depends_on_id
   WHERE needs.test_id = t.id AND other.campaign_id = t.campaign_id)::text AS waits_for
FROM security_test AS t JOIN technique AS home ON home.id = t.technique_id
LEFT JOIN user_account AS red ON red.id = t.red_assignee
LEFT JOIN user_account AS blue ON blue.id = t.blue_assignee
WHERE t.campaign_id = $1::uuid
ORDER BY t.campaign_position NULLS LAST, t.number LIMIT {MEMBERS_MAX}
""")
_TACTICS = Prepared(f"""
SELECT tactic.shortname, tactic.name, count(*) AS planned,
  count(*) FILTER (WHERE {_EVALUATED}) AS evaluated,
  count(*) FILTER (WHERE {_EVALUATED} AND detection = 'alerted') AS detected
FROM security_test AS t
JOIN technique_tactic AS link ON link.technique_id = t.technique_id
JOIN tactic ON tactic.id = link.tactic_id AND tactic.active
WHERE t.campaign_id = $1::uuid
GROUP BY tactic.shortname, tactic.name, tactic.position ORDER BY tactic.position NULLS LAST, tactic.name
""")
_RUNS = Prepared(f"""
WITH mine AS (SELECT coalesce(series_id, id) AS series FROM test_campaign WHERE id = $1::uuid)
SELECT c.id::text, c.name, c.state, c.run_number, c.starts_on, c.ends_on, {_NAMES}
FROM mine JOIN test_campaign AS c ON c.series_id = mine.series OR c.id = mine.series
CROSS JOIN LATERAL (SELECT {_COUNTS} FROM security_test AS t WHERE t.campaign_id = c.id) AS counted
ORDER BY c.run_number DESC LIMIT {RUNS_MAX}
""")
# A procedure on a platform counts once a campaign, by its latest evaluated test there.
_LATEST = f"""
  SELECT DISTINCT ON (procedure_key, platform) procedure_key, platform, number, title, technique_id,
    prevention, detection, outcome
  FROM security_test WHERE campaign_id = {{campaign}}::uuid AND {_EVALUATED}
  ORDER BY procedure_key, platform, validated_at DESC, id DESC
"""
_COMPARED = f"""
WITH now AS ({_LATEST.format(campaign="$1")}), earlier AS ({_LATEST.format(campaign="$2")})
SELECT coalesce(now.title, earlier.title) AS title, coalesce(now.platform, earlier.platform) AS platform,
  home.attack_id, now.number AS number, earlier.number AS number_before, now.outcome, earlier.outcome AS outcome_before,
  now.detection, earlier.detection AS detection_before
FROM now FULL JOIN earlier USING (procedure_key, platform)
LEFT JOIN technique AS home ON home.id = coalesce(now.technique_id, earlier.technique_id)
ORDER BY home.attack_id, 1
"""
_HISTORY = Prepared(f"""
SELECT at, actor_name, action, before::text, after::text FROM audit_log
WHERE entity_type = 'campaign' AND entity_id = $1 ORDER BY seq DESC LIMIT {HISTORY_MAX}
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which campaigns; '' and () ask for nothing."""

    text: str = ""
    states: tuple[str, ...] = ()
    actor: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """From the address of the page; what it does not know is left out."""
        number = query.get("page", "1")
        states = query.get("state", "").split(",")
        return cls(
            text=query.get("q", "").strip()[:_TEXT_MAX].lower(),
            states=tuple(state for state in states if state in set(CampaignState)),
            actor=normalise(query.get("actor", ""))[:20],
            page=min(_PAGES_MAX, max(1, int(number))) if number.isdecimal() and len(number) < 6 else 1,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A page of campaigns: `total` match, `whole` are there at all. Rows as the statement names them."""

    rows: list[dict[str, Any]]
    total: int
    whole: int
    running: int


def search(asked: Asked) -> Found:
    """At most PAGE_ROWS rows: running, planned, finished, cancelled; within these the newest start first."""
    rows = reader.rows(_PAGE, asked.text, reader.joined(asked.states), asked.actor, asked.page)
    first = rows[0]
    return Found([row for row in rows if row["id"] is not None], first["total"], first["whole"], first["running"])


def campaign(campaign_id: UUID) -> dict[str, Any]:
    """One campaign with everything its page shows; raises NotFound.

    `{head, tests [...], tactics [...], runs [...], compared [...] | None, before: run | None, history [...]}`; rows as
    the statements name them. At most MEMBERS_MAX tests are
    listed; `before` is the latest earlier run of its series that showed something, `compared` the
    procedures evaluated in either.
    """
    key = str(campaign_id)
    found = reader.rows(_HEAD, key)
    if not found:
        raise NotFound("There is no such campaign.")
    (head,) = found
    head["others"] = orjson.loads(head["others"] or b"[]")
    tests = reader.rows(_TESTS, key)
    for test in tests:
        test["waits_for"] = orjson.loads(test["waits_for"] or b"[]")
    runs = reader.rows(_RUNS, key)
    before = next((run for run in runs if run["run_number"] < head["run_number"] and run["evaluated"]), None)
    history = reader.rows(_HISTORY, key)
    for entry in history:
        entry["before"], entry["after"] = orjson.loads(entry["before"] or b"{}"), orjson.loads(entry["after"] or b"{}")
    return {
        "head": head,
        "tests": tests,
        "tactics": reader.rows(_TACTICS, key),
        "runs": runs,
        "before": before,
        "compared": reader.rows(_COMPARED, key, before["id"]) if before else [],
        "history": history,
    }
