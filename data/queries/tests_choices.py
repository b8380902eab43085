"""What tests can be filtered by, and who can be assigned to them."""

from dataclasses import dataclass
from typing import Any

import orjson

from data.queries import reader
from domain.roles import GRANTS, Permission

CAMPAIGNS_MAX = 200

# $1 and $2: roles that do red's and blue's work; tactics in the order of the map
_CHOICES = f"""
SELECT json_build_object(
  'tactics', (SELECT json_agg(json_build_array(shortname, name) ORDER BY domain, position) FROM tactic),
  'campaigns', (SELECT json_agg(json_build_array(id, name)) FROM (
    SELECT id, name FROM test_campaign ORDER BY created_at DESC, id LIMIT {CAMPAIGNS_MAX}) AS newest),
  'people', (SELECT json_agg(json_build_array(id, display_name, role = ANY ({reader.split("$1")}),
      role = ANY ({reader.split("$2")})) ORDER BY display_name)
    FROM user_account WHERE disabled_at IS NULL),
  'teams', (SELECT json_agg(team ORDER BY team) FROM (
    SELECT DISTINCT team FROM user_account WHERE team <> '') AS known),
  'tools', (SELECT json_agg(json_build_array(slug, name) ORDER BY name) FROM defence_tool),
  'template', (SELECT name FROM test_template WHERE id::text = $3)
)::text AS choices
"""


@dataclass(frozen=True, slots=True)
class Choices:
    """`tactics` as (short name, name), `campaigns` as (id, name) newest first; `template` names the one asked for.

    `people` as (id, name, whether they do red's work, whether they do blue's), `teams` by name; `tools` as
    (slug, name).
    """

    tactics: list[list[str]]
    campaigns: list[list[str]]
    people: list[list[Any]]
    teams: list[str]
    tools: list[list[str]]
    template: str | None


def choices(template: str = "") -> Choices:
    red, blue = (reader.joined(sorted(GRANTS[one])) for one in (Permission.EXECUTE_TEST, Permission.EVALUATE_TEST))
    (row,) = reader.rows(_CHOICES, red, blue, template)
    found = orjson.loads(row["choices"])
    return Choices(
        tactics=found["tactics"] or [],
        campaigns=found["campaigns"] or [],
        people=found["people"] or [],
        teams=found["teams"] or [],
        tools=found["tools"] or [],
        template=found["template"],
    )


def techniques() -> list[tuple[str, str]]:
    """Those a test can be planned for: (ATT&CK id, name), by id."""
    rows = reader.rows("SELECT DISTINCT attack_id, name FROM technique WHERE active ORDER BY attack_id")
    return [(row["attack_id"], row["name"]) for row in rows]


def technique_key(attack_id: str) -> str:
    """The key of the active technique with this id, Enterprise's where several maps have it; '' when there is none."""
    rows = reader.rows(
        "SELECT id::text FROM technique WHERE attack_id = $1 AND active ORDER BY domain <> 'enterprise-attack' LIMIT 1",
        attack_id,
    )
    return str(rows[0]["id"]) if rows else ""
