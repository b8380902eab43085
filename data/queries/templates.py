"""Test templates for screens: a page of those that match, what can be chosen from, and one as a whole."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from data import cache
from data.queries import actors, reader
from domain.attack_ids import is_technique_id, normalise
from domain.errors import NotFound

PAGE_ROWS = 50
IDS_MAX = 1_000
TESTS_MAX = 50
_TEXT_MAX = 120
_WORD = re.compile(r"[^\W_]+")
_PAGES_MAX = 10_000

USES = ("used", "orphan")
STATES = ("retired", "removed", "all")

# $1 words, $2 technique, $3 platforms, $4 sources, $5 tools, $6 use, $7 state, $8 domain and $9 ids of the techniques
# that are gaps of an actor; '' asks for nothing. A technique brings its sub-techniques, a gap does not.
_FOUND = f"""
SELECT t.id, t.source, t.name, t.claimed_technique, t.technique_id, t.resolution, t.platforms, t.tools,
  t.elevation_required, t.version, t.retired_at IS NOT NULL AS retired, t.removed_at IS NOT NULL AS removed,
  technique.attack_id, technique.name AS technique_name
FROM test_template AS t LEFT JOIN technique ON technique.id = t.technique_id
WHERE ($1 = '' OR t.words @@ to_tsquery('simple'::regconfig, $1))
  AND ($2 = '' OR t.claimed_technique = $2 OR t.claimed_technique LIKE $2 || '.%'
       OR technique.attack_id = $2 OR technique.attack_id LIKE $2 || '.%')
  AND ($3 = '' OR t.platforms && {reader.split("$3")})
  AND ($4 = '' OR t.source = ANY ({reader.split("$4")}))
  AND ($5 = '' OR t.tools && {reader.split("$5")})
  AND ($6 = '' OR ($6 = 'used') = EXISTS (SELECT FROM security_test AS test WHERE test.template_id = t.id))
  AND CASE $7 WHEN 'retired' THEN t.retired_at IS NOT NULL WHEN 'removed' THEN t.removed_at IS NOT NULL
              WHEN 'all' THEN true ELSE t.retired_at IS NULL AND t.removed_at IS NULL END
  AND ($8 = '' OR (technique.domain = $8 AND technique.attack_id = ANY ({reader.split("$9")})))
"""
_PAGE = f"""
WITH found AS MATERIALIZED ({_FOUND}), page AS (
  SELECT * FROM found ORDER BY coalesce(attack_id, claimed_technique), name, id
  LIMIT {PAGE_ROWS} OFFSET {PAGE_ROWS} * ($10::integer - 1)
)
SELECT (SELECT count(*) FROM found) AS total, (SELECT count(*) FROM test_template) AS whole, page.id::text, source,
  page.name, claimed_technique, resolution, array_to_json(platforms)::text AS platforms,
  array_to_json(tools)::text AS tools, elevation_required, page.version, retired, removed,
  attack_id, technique_name,
  (SELECT count(*) FROM security_test AS test WHERE test.template_id = page.id) AS tests
FROM (SELECT 1) AS always LEFT JOIN page ON true
ORDER BY coalesce(attack_id, claimed_technique), page.name, page.id
"""
_IDS = f"SELECT id::text FROM ({_FOUND}) AS found ORDER BY id LIMIT {IDS_MAX + 1}"
_CHOICES = """
SELECT json_build_object(
  'sources', (SELECT json_agg(json_build_array(source, number) ORDER BY number DESC, source) FROM (
    SELECT source, count(*) AS number FROM test_template GROUP BY 1) AS counted),
  'platforms', (SELECT json_agg(json_build_array(platform, number) ORDER BY number DESC, platform) FROM (
    SELECT platform, count(*) AS number FROM test_template CROSS JOIN unnest(platforms) AS platform
    WHERE removed_at IS NULL GROUP BY 1) AS counted),
  'tools', (SELECT json_agg(json_build_array(tool, number) ORDER BY number DESC, tool) FROM (
    SELECT tool, count(*) AS number FROM test_template CROSS JOIN unnest(tools) AS tool
    WHERE removed_at IS NULL GROUP BY 1) AS counted),
  'actors', (SELECT json_agg(json_build_array(attack_id, name) ORDER BY name) FROM attack_object
    WHERE kind = 'group' AND active AND attack_id IS NOT NULL)
)::text AS choices
"""
_ONE = f"""
SELECT t.id::text, t.source, t.source_id, t.name, t.version, t.claimed_technique, t.resolution, t.author, t.licence,
  t.path, t.retired_at, coalesce(t.retired_reason, '') AS retired_reason, t.removed_at,
  technique.attack_id, technique.name AS technique_name,
  held.version AS shown_version, held.content::text AS content,
  (SELECT json_agg(json_build_object('version', each.version, 'at', each.made_at, 'by', each.made_by_name,
     'note', each.note) ORDER BY each.version DESC)
   FROM template_version AS each WHERE each.template_id = t.id)::text AS versions,
  (SELECT count(*) FROM security_test AS test WHERE test.template_id = t.id) AS tests_total,
  (SELECT json_agg(json_build_object('number', newest.number, 'title', newest.title, 'state', newest.state,
     'platform', newest.platform, 'template_version', newest.template_version, 'at', newest.created_at)
     ORDER BY newest.created_at DESC)
   FROM (SELECT * FROM security_test AS test WHERE test.template_id = t.id
         ORDER BY test.created_at DESC LIMIT {TESTS_MAX}) AS newest)::text AS tests,
  (SELECT json_agg(DISTINCT adversary.name) FROM adversary
   JOIN adversary_step AS step ON step.adversary_id = adversary.id AND step.template_source_id = t.source_id
   WHERE adversary.source = t.source AND adversary.removed_at IS NULL)::text AS adversaries
FROM test_template AS t
JOIN template_version AS held ON held.template_id = t.id
  AND held.version = CASE $2::integer WHEN 0 THEN t.version ELSE $2::integer END
LEFT JOIN technique ON technique.id = t.technique_id
WHERE t.id = $1::uuid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which templates. `use`: one of USES, `state`: one of STATES; '' and () ask for nothing.

    `actor`: those for the gaps of this group, on the platforms asked for where there are any; a gap is what it is
    in `actors.gaps`.
    """

    text: str = ""
    technique: str = ""
    platforms: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    use: str = ""
    state: str = ""
    actor: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """From the address of the page; what it does not know is left out."""
        text = query.get("q", "").strip()[:_TEXT_MAX]
        technique = normalise(query.get("technique", ""))
        number = query.get("page", "1")
        return cls(
            text=text,
            technique=technique if is_technique_id(technique) else "",
            platforms=_listed(query.get("platform", "")),
            sources=_listed(query.get("source", "")),
            tools=_listed(query.get("tool", "")),
            use=query.get("use", "") if query.get("use") in USES else "",
            state=query.get("state", "") if query.get("state") in STATES else "",
            actor=normalise(query.get("actor", ""))[:20],
            page=min(_PAGES_MAX, max(1, int(number))) if number.isdecimal() and len(number) < 6 else 1,
        )

    def _parameters(self) -> tuple[str, ...]:
        words = _WORD.findall(self.text.lower())
        domain, gaps = self._gaps()
        return (
            " & ".join(f"{word}:*" for word in words),
            self.technique,
            reader.joined(self.platforms),
            reader.joined(self.sources),
            reader.joined(self.tools),
            self.use,
            self.state,
            domain,
            reader.joined(gaps),
        )

    def _gaps(self) -> tuple[str, list[str]]:
        """The domain of the actor asked for and its gaps there, by id. One that nobody knows has none."""
        if not self.actor:
            return "", []
        try:
            domain = str(actors.named(self.actor)["domain"])
        except NotFound:
            return "unknown", []
        return domain, [one["attack_id"] for one in actors.gaps(domain, self.actor, self.platforms)]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of templates: `total` match, `whole` are there at all. Rows as the statement names them."""

    rows: list[dict[str, Any]]
    total: int
    whole: int


def search(asked: Asked) -> Found:
    """At most PAGE_ROWS rows, by technique and name; lists in them are lists."""
    rows = reader.rows(_PAGE, *asked._parameters(), asked.page)
    total, whole = rows[0]["total"], rows[0]["whole"]
    shown = [row for row in rows if row["id"] is not None]
    for row in shown:
        row["platforms"], row["tools"] = orjson.loads(row["platforms"]), orjson.loads(row["tools"])
    return Found(shown, total, whole)


def ids(asked: Asked) -> list[UUID]:
    """Every template that matches, whatever its page; at most IDS_MAX + 1, so that a caller sees there are more."""
    return [UUID(row["id"]) for row in reader.rows(_IDS, *asked._parameters())]


def choices() -> Mapping[str, Sequence[Sequence[Any]]]:
    """What can be filtered by: `sources`, `platforms`, `tools` as [value, count]; `actors` as [id, name]."""
    found: Mapping[str, Sequence[Sequence[Any]]] = cache.answer(
        "template_choices",
        {},
        ("templates", "techniques"),
        lambda: orjson.Fragment(reader.rows(_CHOICES)[0]["choices"]),
        read=lambda kept: {name: values or [] for name, values in kept.items()},
    )
    return found


def template(template_id: UUID, version: int = 0) -> dict[str, Any]:
    """One template with the content of `version` (0: its newest), its versions and newest tests. Raises NotFound."""
    rows = reader.rows(_ONE, str(template_id), version)
    if not rows:
        raise NotFound("There is no such template, or not in this version.")
    (row,) = rows
    for name in ("content", "versions", "tests", "adversaries"):
        row[name] = orjson.loads(row[name]) if row[name] else []
    return row


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part[:80] for part in text.split(",") if part.strip())[:50]
