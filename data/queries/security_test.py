"""One test with everything its page shows, in a fixed few statements, and what tells whether it has changed since."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data import lane
from data.database import reading
from data.models import SecurityTest as TestRow
from data.repositories import security_tests
from domain.errors import NotFound
from domain.testing.entity import SecurityTest

TIMELINE_MAX = 500
COMMENTS_MAX = 200
PEOPLE_MAX = 500
RULES_MAX = 200
CHAIN_MAX = 20
NUMBER_MAX = 2**63 - 1

# People and rules to choose from, and those the test names already, whoever and wherever they are now.
_AROUND = text(f"""
WITH RECURSIVE test AS (
  SELECT * FROM security_test WHERE id = :id
), earlier AS (
  SELECT t.id, t.retest_of_id, 1 AS steps FROM security_test AS t JOIN test ON t.id = test.retest_of_id
  UNION ALL
  SELECT t.id, t.retest_of_id, steps + 1 FROM security_test AS t JOIN earlier ON t.id = earlier.retest_of_id
  WHERE steps < {CHAIN_MAX}
), later AS (
  SELECT t.id, 1 AS steps FROM security_test AS t JOIN test ON t.retest_of_id = test.id
  UNION ALL
  SELECT t.id, steps + 1 FROM security_test AS t JOIN later ON t.retest_of_id = later.id
  WHERE steps < {CHAIN_MAX}
), people AS (
  (SELECT id FROM user_account WHERE disabled_at IS NULL ORDER BY display_name LIMIT {PEOPLE_MAX})
  UNION SELECT unnest(ARRAY[created_by, red_assignee, blue_assignee]) FROM test
  UNION SELECT unnest(ARRAY[red_submitted_by, blue_submitted_by, red_verdict_by, blue_verdict_by])
    FROM test_round WHERE test_id = :id
  UNION SELECT recorded_by FROM observation WHERE test_id = :id
  UNION SELECT owner_id FROM remediation WHERE test_id = :id
), near AS (
  SELECT n.id FROM test JOIN technique AS home ON home.id = test.technique_id
  JOIN technique AS n ON n.id IN (home.id, home.parent_id) OR n.parent_id = home.id
), rules AS (
  (SELECT r.id FROM detection_rule AS r
   WHERE r.enabled AND r.removed_at IS NULL
     AND r.id IN (SELECT rule_id FROM rule_technique WHERE technique_id IN (SELECT id FROM near))
   ORDER BY r.title LIMIT {RULES_MAX})
  UNION SELECT rule_id FROM observation WHERE test_id = :id AND rule_id IS NOT NULL
)
SELECT json_build_object(
  'number', test.number,
  'technique', json_build_object('attack_id', technique.attack_id, 'name', technique.name),
  'campaign', (SELECT json_build_object('id', c.id, 'name', c.name) FROM test_campaign AS c
    WHERE c.id = test.campaign_id),
  'template', (SELECT json_build_object('id', t.id, 'name', t.name, 'newest', t.version, 'version', v.version,
      'content', v.content)
    FROM test_template AS t LEFT JOIN template_version AS v
      ON v.template_id = t.id AND v.version = coalesce(test.template_version, t.version)
    WHERE t.id = test.template_id),
  'people', (SELECT json_agg(json_build_object('id', u.id, 'username', u.username, 'name', u.display_name,
      'role', u.role, 'enabled', u.disabled_at IS NULL) ORDER BY u.display_name)
    FROM user_account AS u JOIN people ON people.id = u.id),
  'tools', (SELECT json_agg(json_build_object('id', t.id, 'name', t.name, 'active', t.active) ORDER BY t.name)
    FROM defence_tool AS t),
  'rules', (SELECT json_agg(json_build_object('id', r.id, 'title', r.title, 'claims',
      (SELECT min(t.attack_id) FROM rule_technique AS claim JOIN technique AS t ON t.id = claim.technique_id
       WHERE claim.rule_id = r.id)) ORDER BY r.title)
    FROM detection_rule AS r JOIN rules ON rules.id = r.id),
  'earlier', (SELECT json_agg(json_build_object('number', t.number, 'title', t.title, 'state', t.state,
      'outcome', t.outcome, 'at', t.executed_at) ORDER BY t.number)
    FROM security_test AS t JOIN earlier ON earlier.id = t.id),
  'later', (SELECT json_agg(json_build_object('number', t.number, 'title', t.title, 'state', t.state,
      'outcome', t.outcome, 'at', t.executed_at) ORDER BY t.number)
    FROM security_test AS t JOIN later ON later.id = t.id),
  'timeline', (SELECT json_agg(e) FROM (
    SELECT at, round, actor_name, side, action, note, details FROM test_timeline
    WHERE test_id = :id ORDER BY at DESC, id DESC LIMIT {TIMELINE_MAX}) AS e),
  'entries', (SELECT count(*) FROM test_timeline WHERE test_id = :id),
  'comments', (SELECT json_agg(e) FROM (
    SELECT at, actor_name, note FROM test_timeline
    WHERE test_id = :id AND action = 'commented' ORDER BY at DESC, id DESC LIMIT {COMMENTS_MAX}) AS e),
  'waiting', (SELECT json_agg(json_build_object('kind', w.kind, 'who', w.actor_name, 'at', w.accepted_at)
      ORDER BY w.accepted_at)
    FROM workflow_action AS w WHERE w.test_id = :id AND w.state = 'queued')
)
FROM test JOIN technique ON technique.id = test.technique_id
""")

_STANDING = """
SELECT t.version,
  (SELECT count(*) FROM workflow_action AS w WHERE w.test_id = t.id AND w.state = 'queued') AS waiting,
  (SELECT count(*) FROM test_timeline AS e WHERE e.test_id = t.id) AS entries,
  (SELECT count(*) FROM campaign_dependency AS needs JOIN security_test AS other ON other.id = needs.depends_on_id
   WHERE needs.test_id = t.id AND other.campaign_id = t.campaign_id
     AND other.state IN ('draft', 'red_executing', 'blue_evaluating', 'in_review')) AS ahead
FROM security_test AS t WHERE t.number = %(number)s
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A test and what hangs on it.

    `around`: `number`, `technique {attack_id, name}`, `campaign {id, name}`, `template {id, name, newest, version,
    content}`, `people [{id, username, name, role, enabled}]`, `tools [{id, name, active}]`, `rules [{id, title,
    claims}]`, `earlier` and `later` tests of the chain of retests `[{number, title, state, outcome, at}]`, `timeline`
    and `comments` newest first, `entries` in the timeline as a whole, `waiting [{kind, who, at}]`: accepted actions
    that are not done yet. Times are ISO text, what is not there is None.
    """

    test: SecurityTest
    around: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """What changes whenever something about a test does; `ahead` counts the unfinished tests it waits for."""

    version: int
    waiting: int
    entries: int
    ahead: int


def found(number: int) -> Found:
    """The test people call by this number; raises NotFound.

    The test itself is read first: what is read after it may be newer than its version says, and is then read again
    when the page asks whether anything has changed; never the other way round.
    """
    with reading() as session:
        test_id = _id(session, number)
        test = security_tests.get(session, test_id)
        return Found(test, session.execute(_AROUND, {"id": test_id}).scalar_one())


def standing(number: int) -> Standing:
    """Raises NotFound."""
    rows = lane.ask(_STANDING, {"number": number}) if _possible(number) else []
    if not rows:
        raise NotFound(f"There is no test {number}.")
    return Standing(*rows[0])


def id_of(number: int) -> UUID:
    """The key of the test with this number; raises NotFound."""
    with reading() as session:
        return _id(session, number)


def _id(session: Session, number: int) -> UUID:
    found = session.scalar(select(TestRow.id).where(TestRow.number == number)) if _possible(number) else None
    if found is None:
        raise NotFound(f"There is no test {number}.")
    return found


def _possible(number: int) -> bool:
    return 0 < number <= NUMBER_MAX
