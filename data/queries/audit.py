"""The audit log for screens and exports: entries by number, newest first, a page at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from data.queries import copying, reader
from data.queries.tests_filter import Conditions
from data.repositories.audit import CHAIN
from domain.audit_view import AuditView
from domain.errors import NotFound

PAGE = 100
MANY = 10_000

# Names and places of what entries speak of, one index look each for the few entries shown.
_NAMED = """
SELECT log.seq, log.at, log.actor_id::text, log.actor_name, host(log.ip) AS ip, log.request_id, log.action,
  log.entity_type, log.entity_id, log.before::text, log.after::text,
  encode(log.prev_hash, 'hex') AS prev_hash, encode(log.hash, 'hex') AS hash,
  coalesce(test.number::text, account.username, technique.attack_id, campaign.id::text, template.id::text, tool.slug,
    CASE log.entity_type WHEN 'source' THEN log.entity_id END) AS place,
  coalesce('Test ' || test.number, account.username, technique.attack_id, campaign.name, template.name, tool.name,
    CASE log.entity_type WHEN 'source' THEN log.entity_id END) AS name
FROM (SELECT * FROM audit_log AS log WHERE {where} ORDER BY log.seq DESC LIMIT {limit}) AS log
CROSS JOIN LATERAL (SELECT CASE WHEN log.entity_id ~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$'
  THEN log.entity_id::uuid END AS id) AS key
LEFT JOIN security_test AS test ON log.entity_type = 'test' AND test.id = key.id
LEFT JOIN user_account AS account ON log.entity_type = 'user' AND account.id = key.id
LEFT JOIN technique ON log.entity_type = 'technique' AND technique.id = key.id
LEFT JOIN test_campaign AS campaign ON log.entity_type = 'campaign' AND campaign.id = key.id
LEFT JOIN test_template AS template ON log.entity_type = 'template' AND template.id = key.id
LEFT JOIN defence_tool AS tool ON log.entity_type = 'tool' AND tool.id = key.id
ORDER BY log.seq DESC
"""
# Everything an id may be meant as; the log itself names things by key.
_IDENT = """log.entity_id = ANY (ARRAY[{given}]
  || ARRAY(SELECT id::text FROM security_test WHERE number::text = {given} AND number = {number})
  || ARRAY(SELECT id::text FROM user_account WHERE lower(username) = lower({given}))
  || ARRAY(SELECT id::text FROM technique WHERE attack_id = upper({given})))"""
# Actions and kinds of things are few, so that each is one step in an index and not a look at every entry.
_AROUND = f"""
WITH RECURSIVE action(name) AS (
  (SELECT action FROM audit_log ORDER BY action USING ~<~ LIMIT 1)
  UNION ALL SELECT (SELECT action FROM audit_log WHERE action ~>~ action.name ORDER BY action USING ~<~ LIMIT 1)
  FROM action WHERE action.name IS NOT NULL),
entity(name) AS (
  (SELECT entity_type FROM audit_log WHERE entity_type IS NOT NULL ORDER BY entity_type LIMIT 1)
  UNION ALL SELECT (SELECT entity_type FROM audit_log WHERE entity_type > entity.name ORDER BY entity_type LIMIT 1)
  FROM entity WHERE entity.name IS NOT NULL)
SELECT json_build_object(
  'whole', (SELECT max(seq) FROM audit_log),
  'actions', (SELECT json_agg(name) FROM action WHERE name IS NOT NULL),
  'entities', (SELECT json_agg(name) FROM entity WHERE name IS NOT NULL),
  'people', (SELECT json_agg(json_build_array(id, username) ORDER BY lower(username)) FROM user_account),
  'checked', (SELECT json_build_object('seq', seq, 'at', at, 'by', actor_name, 'after', after) FROM audit_log
    WHERE entity_type = '{CHAIN[0]}' AND entity_id = '{CHAIN[1]}' ORDER BY seq DESC LIMIT 1)
)::text AS around
"""


@dataclass(frozen=True, slots=True)
class Row:
    """`place` is what the address of the entity's page ends in, `name` what people call it; None when it is gone."""

    seq: int
    at: datetime
    actor_id: str | None
    actor_name: str
    ip: str | None
    request_id: str | None
    action: str
    entity_type: str | None
    entity_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    prev_hash: str
    hash: str
    place: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """The last verification. `entries` were walked; `broken_at` is the first that does not fit, or None."""

    seq: int
    at: datetime
    by: str
    entries: int
    broken_at: int | None
    head: str


@dataclass(frozen=True, slots=True)
class Around:
    """What can be asked for, how many entries there are (`whole`), and the last verification."""

    whole: int
    actions: list[str]
    entities: list[str]
    people: list[list[str]]
    checked: Checked | None


def entries(view: AuditView, limit: int = PAGE) -> list[Row]:
    """Up to `limit` entries, the largest number first."""
    asked = _conditions(view)
    if view.before is not None:
        asked.texts.append(f"log.seq < {asked.value(view.before, 'bigint')}")
    return _rows(asked, limit)


def entry(seq: int) -> Row:
    """The entry of this number. Raises NotFound."""
    asked = Conditions()
    asked.texts.append(f"log.seq = {asked.value(seq, 'bigint')}")
    found = _rows(asked, 1)
    if not found:
        raise NotFound("There is no entry of this number.")
    return found[0]


def count(view: AuditView) -> int:
    """How many match, whatever `before` is; MANY + 1 for more than MANY."""
    asked = _conditions(view)
    text = f"SELECT count(*) AS n FROM (SELECT FROM audit_log AS log WHERE {asked.text} LIMIT {MANY + 1}) AS found"
    return int(reader.rows(text, *asked.parameters)[0]["n"])


def around() -> Around:
    found = orjson.loads(reader.rows(_AROUND)[0]["around"])
    return Around(
        whole=found["whole"] or 0,
        actions=found["actions"] or [],
        entities=found["entities"] or [],
        people=found["people"] or [],
        checked=_checked(found["checked"]),
    )


def stream_csv(view: AuditView) -> Iterator[bytes]:
    """UTF-8 with a mark, oldest first, no cell a formula. Raises Unavailable."""
    safe = copying.spreadsheet_safe
    columns = {
        "number": "log.seq",
        "at": 'to_char(log.at, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')',
        "person": safe("log.actor_name"),
        "person_id": "log.actor_id",
        "ip": "host(log.ip)",
        "request_id": safe("log.request_id"),
        "action": safe("log.action"),
        "entity": safe("log.entity_type"),
        "entity_id": safe("log.entity_id"),
        "before": "log.before",
        "after": "log.after",
        "hash": "encode(log.hash, 'hex')",
    }
    head = ("\ufeff" + ",".join(columns) + "\n").encode()
    return _stream(view, ", ".join(columns.values()), "FORMAT csv", head)


def stream_json_lines(view: AuditView) -> Iterator[bytes]:
    """An object a line, oldest first; `payload` is what `hash` is made of, after `prev_hash`. Raises Unavailable."""
    value = """json_build_object('seq', log.seq, 'at', log.at, 'actor_id', log.actor_id, 'actor_name', log.actor_name,
  'ip', host(log.ip), 'request_id', log.request_id, 'action', log.action, 'entity_type', log.entity_type,
  'entity_id', log.entity_id, 'before', log.before, 'after', log.after, 'payload', audit_payload(log),
  'prev_hash', encode(log.prev_hash, 'hex'), 'hash', encode(log.hash, 'hex'))"""
    # Quote and delimiter are characters that JSON never holds unescaped, so that each line comes out as it is.
    return _stream(view, value, "FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02'")


def _stream(view: AuditView, columns: str, options: str, head: bytes = b"") -> Iterator[bytes]:
    asked = _conditions(view)
    connection = copying.connect()
    where = copying.filled(connection, asked.text, asked.parameters)
    statement = f"COPY (SELECT {columns} FROM audit_log AS log WHERE {where} ORDER BY log.seq) TO STDOUT ({options})"
    return copying.blocks(connection, statement, head)


def _conditions(view: AuditView) -> Conditions:
    """Of the view without its place in the pages."""
    made = Conditions()
    if view.person:
        made.texts.append(f"log.actor_id = {made.value(str(view.person), 'uuid')}")
    if view.system:
        made.texts.append("log.actor_id IS NULL")
    if view.actions:
        made.texts.append(f"({' OR '.join(_action(made, one) for one in view.actions)})")
    if view.entity:
        made.texts.append(f"log.entity_type = {made.value(view.entity, 'text')}")
    if view.ident:
        digits = view.ident.isascii() and view.ident.isdigit() and len(view.ident) <= 18
        number = made.value(int(view.ident) if digits else -1, "bigint")
        made.texts.append(_IDENT.format(given=made.value(view.ident, "text"), number=number))
    if view.since:
        made.texts.append(f"log.at >= {made.value(_midnight(view.since), 'timestamptz')}")
    if view.until:
        made.texts.append(f"log.at < {made.value(_midnight(view.until + timedelta(days=1)), 'timestamptz')}")
    return made


def _action(made: Conditions, action: str) -> str:
    if not action.endswith("."):
        return f"log.action = {made.value(action, 'text')}"
    # "/" follows "." in the order of bytes, in which the index is kept
    after = made.value(action[:-1] + "/", "text")
    return f"(log.action ~>=~ {made.value(action, 'text')} AND log.action ~<~ {after})"


def _rows(asked: Conditions, limit: int) -> list[Row]:
    found = reader.rows(_NAMED.format(where=asked.text, limit=int(limit)), *asked.parameters)
    return [Row(**{**row, "before": _parsed(row["before"]), "after": _parsed(row["after"])}) for row in found]


def _parsed(text: str | None) -> dict[str, Any] | None:
    return None if text is None else orjson.loads(text)


def _checked(found: dict[str, Any] | None) -> Checked | None:
    if found is None:
        return None
    after = found["after"]
    at = datetime.fromisoformat(found["at"])
    return Checked(found["seq"], at, found["by"], after["entries"], after["broken_at"], after["head"])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
