"""What could be planned: for the gaps of an actor or a framework, the steps of an adversary, or templates found.

Each answer is rows of one kind: `{key, attack_id, technique, status, stale, title, options [{template, platform, name,
source, elevated}]}`; a row without options says what nothing can be planned for.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from data.queries import actors, compliance, reader
from data.queries.templates import Asked, ids
from domain.errors import NotFound

ROWS_MAX = 300
_OPTIONS_MAX = 30

Row = dict[str, Any]

_COLUMNS = """t.id::text AS template, t.name, t.source, t.elevation_required AS elevated,
  array_to_json(t.platforms)::text AS platforms, home.attack_id, home.name AS technique"""
_USABLE = "t.retired_at IS NULL AND t.removed_at IS NULL"
_PREFERRED = "array_position(ARRAY['own', 'atomic', 'caldera', 'lolbas'], t.source) NULLS LAST, t.name, t.id"
# $1 domain, $2 techniques
_BY_TECHNIQUE = f"""
SELECT {_COLUMNS} FROM test_template AS t JOIN technique AS home ON home.id = t.technique_id AND home.active
WHERE {_USABLE} AND home.domain = $1 AND home.attack_id = ANY ({reader.split("$2")})
ORDER BY home.attack_id, {_PREFERRED}
"""
_BY_ID = f"""
SELECT {_COLUMNS} FROM test_template AS t JOIN technique AS home ON home.id = t.technique_id AND home.active
WHERE {_USABLE} AND t.id::text = ANY ({reader.split("$1")})
ORDER BY home.attack_id, {_PREFERRED} LIMIT {ROWS_MAX}
"""
_BY_STEP = f"""
SELECT step.position, step.template_source_id, {_COLUMNS}
FROM adversary AS a JOIN adversary_step AS step ON step.adversary_id = a.id
LEFT JOIN test_template AS t ON t.source = a.source AND t.source_id = step.template_source_id AND {_USABLE}
LEFT JOIN technique AS home ON home.id = t.technique_id AND home.active
WHERE a.id = $1::uuid ORDER BY step.position LIMIT {ROWS_MAX}
"""
_ADVERSARIES = """
SELECT a.id::text, a.name, a.description, count(step.*) AS steps
FROM adversary AS a LEFT JOIN adversary_step AS step ON step.adversary_id = a.id
WHERE a.removed_at IS NULL GROUP BY a.id ORDER BY lower(a.name)
"""
_CHOICES = """
SELECT (SELECT json_agg(json_build_array(id, name) ORDER BY name) FROM (
    SELECT id, name FROM test_campaign WHERE state IN ('planned', 'running') ORDER BY created_at DESC LIMIT 200) AS c
  )::text AS campaigns,
  (SELECT json_agg(json_build_array(id, display_name, role) ORDER BY display_name) FROM (
    SELECT id, display_name, role FROM user_account WHERE disabled_at IS NULL ORDER BY display_name LIMIT 500) AS u
  )::text AS people
"""


def for_actor(attack_id: str, platform: str = "") -> tuple[dict[str, Any], list[Row]]:
    """The actor's head, and its gaps with the templates for each: those with any first, in the order of an intrusion.

    Raises NotFound.
    """
    head = actors.named(attack_id)
    gaps = actors.gaps(head["domain"], head["attack_id"], [platform] if platform else [])
    gaps.sort(key=lambda one: (one["order"], one["attack_id"]))
    return head, _for_gaps(head["domain"], gaps, platform)


def for_framework(slug: str, code: str = "", platform: str = "") -> tuple[Mapping[str, Any], list[Row]]:
    """The framework `{slug, name, ...}` and what its controls (or one, by its code) lack proof of, with templates:
    what holds back most controls first, but those with templates before those without. Raises NotFound."""
    head, gaps = compliance.gaps(slug, code)
    return head, _for_gaps(head["domain"], gaps, platform)


def _for_gaps(domain: str, gaps: list[dict[str, Any]], platform: str) -> list[Row]:
    options: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in reader.rows(_BY_TECHNIQUE, domain, reader.joined(one["attack_id"] for one in gaps)):
        options[row["attack_id"]] += _options(row, platform)
    gaps.sort(key=lambda one: not options[one["attack_id"]])
    return [
        {
            "key": one["attack_id"],
            "attack_id": one["attack_id"],
            "technique": one["name"],
            "status": one["status"],
            "stale": one["stale"],
            "title": one["name"],
            "options": options[one["attack_id"]][:_OPTIONS_MAX],
        }
        for one in gaps[:ROWS_MAX]
    ]


def for_adversary(adversary_id: UUID, platform: str = "") -> tuple[dict[str, Any], list[Row]]:
    """The adversary `{id, name, description, steps}` and its steps in their order. Raises NotFound."""
    head = next((one for one in adversaries() if one["id"] == str(adversary_id)), None)
    if head is None:
        raise NotFound("There is no such adversary profile.")
    rows = reader.rows(_BY_STEP, str(adversary_id))
    return head, [_one(row, platform, key=str(row["position"])) for row in rows]


def for_templates(asked: Asked, chosen: Sequence[UUID] = (), platform: str = "") -> tuple[int, list[Row]]:
    """How many templates match, and the first ROWS_MAX of them; with `chosen`, these instead."""
    wanted = list(chosen) or ids(asked)
    rows = reader.rows(_BY_ID, reader.joined(map(str, wanted)))
    return len(wanted), [_one(row, platform, key=row["template"]) for row in rows]


def adversaries() -> list[dict[str, Any]]:
    """Profiles to choose from: `{id, name, description, steps}` by name."""
    return reader.rows(_ADVERSARIES)


def choices() -> dict[str, list[list[Any]]]:
    """Open `campaigns` as [id, name], `people` as [id, name, role]."""
    (row,) = reader.rows(_CHOICES)
    return {name: orjson.loads(text) if text else [] for name, text in row.items()}


def _one(row: Row, platform: str, *, key: str) -> Row:
    """A template as a row of its own: the choice is where to run it."""
    placed = row["template"] is not None and row["attack_id"] is not None
    return {
        "key": key,
        "attack_id": row["attack_id"] or "",
        "technique": row["technique"] or "",
        "status": "",
        "stale": False,
        "title": row["name"] or row.get("template_source_id") or "",
        "options": _options(row, platform) if placed else [],
    }


def _options(row: Row, platform: str) -> list[dict[str, Any]]:
    names = orjson.loads(row["platforms"] or b"[]")
    return [
        {name: row[name] for name in ("template", "name", "source", "elevated")} | {"platform": each}
        for each in names
        if platform in ("", each)
    ]
