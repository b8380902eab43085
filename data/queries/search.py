"""The global search: techniques, actors, software, rules and controls, by id or by words."""

import re
from typing import Any

from data.queries import reader

EACH_MAX = 6
TEXT_MAX = 80
_WORD = re.compile(r"[^\W_]+", re.UNICODE)

_RULE_REF = """coalesce((SELECT t.attack_id FROM rule_technique AS c JOIN technique AS t ON t.id = c.technique_id
   WHERE c.rule_id = r.id LIMIT 1), '') || '|' || r.id::text"""

_ZEROS = r"'(^|[^0-9])0+(?=[0-9])', '\1', 'g'"

# Ids by their beginning, those of rules as a whole; names by every word typed. Rule titles go through their full-text
# index, whose last word may be unfinished; what ATT&CK names is little enough to look through.
_SEARCH = f"""
(SELECT 'technique' AS kind, attack_id AS id, name, '' AS ref, active,
        (attack_id = upper($1)) AS exact, position(lower($1) IN lower(name)) AS place
 FROM technique
 WHERE attack_id LIKE upper($2) || '%' OR lower(name) LIKE ALL ({reader.split("$3")})
 ORDER BY active DESC, exact DESC, (lower(name) LIKE lower($2) || '%') DESC, attack_id LIMIT {EACH_MAX})
UNION ALL
(SELECT o.kind, coalesce(o.attack_id, ''), o.name, coalesce(o.url, ''), o.active, o.attack_id = upper($1), 0
 FROM attack_object AS o
 WHERE o.kind IN ('group', 'software', 'campaign', 'mitigation', 'data_component') AND o.active
   AND (o.attack_id LIKE upper($2) || '%' OR lower(o.name) LIKE ALL ({reader.split("$3")})
        OR EXISTS (SELECT 1 FROM unnest(o.aliases) AS alias WHERE lower(alias) LIKE ALL ({reader.split("$3")})))
 ORDER BY o.kind, (lower(o.name) LIKE lower($2) || '%') DESC, o.name LIMIT {2 * EACH_MAX})
UNION ALL
(SELECT 'rule', '', r.title, {_RULE_REF}, true, true, 0
 FROM detection_rule AS r WHERE r.external_id = lower($1) AND r.removed_at IS NULL LIMIT {EACH_MAX})
UNION ALL
(SELECT 'rule', '', r.title, {_RULE_REF}, true, false, 0
 FROM detection_rule AS r
 WHERE $4 <> '' AND to_tsvector('simple'::regconfig, r.title) @@ to_tsquery('simple'::regconfig, $4)
   AND r.removed_at IS NULL
 LIMIT {EACH_MAX})
"""

# A few thousand: looked through, as what ATT&CK names. AC-2 also finds AC-02.
_CONTROLS = f"""
UNION ALL
(SELECT 'control', c.code, c.name, f.slug, true, c.code = upper($1), 0
 FROM control AS c JOIN framework AS f ON f.id = c.framework_id AND f.removed_at IS NULL
 WHERE c.removed_at IS NULL
   AND (regexp_replace(upper(c.code), {_ZEROS}) LIKE regexp_replace(upper($2), {_ZEROS}) || '%'
        OR lower(c.name) LIKE ALL ({reader.split("$3")}))
 ORDER BY (regexp_replace(upper(c.code), {_ZEROS}) = regexp_replace(upper($1), {_ZEROS})) DESC, c.code, f.slug
 LIMIT {EACH_MAX})
"""

_RULES = f"""
SELECT r.id::text, r.title FROM detection_rule AS r
WHERE r.external_id = lower($1) AND r.removed_at IS NULL
UNION ALL
(SELECT r.id::text, r.title FROM detection_rule AS r
 WHERE to_tsvector('simple'::regconfig, r.title) @@ to_tsquery('simple'::regconfig, $2) AND r.removed_at IS NULL
   AND r.external_id <> lower($1)
 LIMIT {2 * EACH_MAX})
"""


def rules(text: str) -> list[dict[str, Any]]:
    """Up to a dozen rules to choose from, `{id, title}`: by their source's id, or by words of the title."""
    asked = text.strip()[:TEXT_MAX]
    words = _WORD.findall(asked.lower())
    return reader.rows(_RULES, asked, " & ".join([*words[:-1], f"{words[-1]}:*"])) if words else []


def search(text: str) -> list[dict[str, Any]]:
    """Up to a handful of each kind: `{kind, id, name, ref, active}`; for rules `ref` is "technique id|rule key", for
    controls the framework."""
    asked = text.strip()[:TEXT_MAX]
    words = _WORD.findall(asked.lower())
    if not words:
        return []
    patterns = reader.joined(f"%{word}%" for word in words)
    query = " & ".join([*words[:-1], f"{words[-1]}:*"])
    return reader.rows(_SEARCH + _CONTROLS, asked, _plain(asked), patterns, query)


def _plain(text: str) -> str:
    """Text that LIKE takes as it is."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
