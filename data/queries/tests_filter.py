"""The conditions of a view of tests as SQL, for the table, the board and the CSV alike.

Each has an index it can use (see the table of `SecurityTest`); `s` is the test.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from data.queries import counting, reader
from data.queries.reader import Parameter
from domain.tests_view import ANY_REMEDIATION, NO_OUTCOME, NO_VALUE, OPEN, OVERDUE, TestsView

OPEN_STATES = ", ".join(f"'{state}'" for state in OPEN)
OUTCOME = "coalesce(s.outcome, '')"
EXECUTED = "coalesce(s.executed_at, '-infinity')"

# As arrays, so that one pass through the index finds them all.
_TECHNIQUES = """s.technique_id = ANY (ARRAY(SELECT within.id FROM technique AS within
  WHERE within.attack_id = {id} OR within.attack_id LIKE {id} || '.%'))"""
_TECHNIQUE = "s.technique_id = ANY (ARRAY(SELECT id FROM technique WHERE attack_id = {id}))"
_TACTIC = """s.technique_id = ANY (ARRAY(SELECT placed.technique_id FROM technique_tactic AS placed
  JOIN tactic ON tactic.id = placed.tactic_id AND tactic.shortname = {name}))"""
_DATA = """s.technique_id = ANY (ARRAY(SELECT link.technique_id FROM attack_object AS component
  JOIN technique_link AS link ON link.object_id = component.id AND link.kind = 'data_component'
  WHERE component.kind = 'data_component' AND component.active
    AND (component.attack_id = {key} OR component.name = {key})))"""
_TOOL = """EXISTS (SELECT FROM observation AS seen JOIN defence_tool AS tool ON tool.id = seen.tool_id
  WHERE seen.test_id = s.id AND seen.round = s.round AND tool.slug = {slug}{outcome})"""
_ACTOR = "s.campaign_id = ANY (ARRAY(SELECT id FROM test_campaign WHERE actor_attack_id = {id}))"
_NO_ACTOR = """(s.campaign_id IS NULL
  OR s.campaign_id = ANY (ARRAY(SELECT id FROM test_campaign WHERE actor_attack_id IS NULL)))"""
_SOURCE = "s.template_id = ANY (ARRAY(SELECT id FROM test_template WHERE source = {name}))"
_TEAM = "s.blue_submitted_by = ANY (ARRAY(SELECT id FROM user_account WHERE team = {name}))"
_NO_TEAM = """(s.blue_submitted_by IS NULL
  OR s.blue_submitted_by = ANY (ARRAY(SELECT id FROM user_account WHERE team = '')))"""
_SEEN = counting.outcome("seen")
# What coverage is made of: the latest result of each procedure on each platform, of techniques and platforms in scope
# (a technique is decided on itself, else by its parent, and is out when all its platforms are).
_OUT = counting.platforms_out("{domain}")
COUNTING = f"""s.id = ANY (ARRAY(SELECT latest.test_id FROM rollup_procedure_latest AS latest
  JOIN technique AS kept ON kept.id = latest.technique_id AND kept.active AND kept.domain = {{domain}}
  LEFT JOIN technique AS parent ON parent.id = kept.parent_id
  LEFT JOIN scope_decision AS own ON own.domain = kept.domain AND own.kind = 'technique' AND own.ref = kept.attack_id
  LEFT JOIN scope_decision AS above ON above.domain = kept.domain AND above.kind = 'technique'
    AND above.ref = parent.attack_id
  WHERE coalesce(own.in_scope, above.in_scope, true)
    AND latest.platform <> ALL ({_OUT}) AND (cardinality(kept.platforms) = 0 OR NOT kept.platforms <@ {_OUT})))"""
_WORDS = "to_tsvector('simple'::regconfig, s.title) @@ to_tsquery('simple'::regconfig, {words})"


@dataclass(slots=True)
class Conditions:
    """`parameters` of `$1, $2, ...` in the texts; `text` is one condition, true for a view that asks for nothing."""

    texts: list[str] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " AND ".join(self.texts) or "true"

    def value(self, given: Parameter, kind: str) -> str:
        """A placeholder for `given` as SQL of that type."""
        self.parameters.append(given)
        return f"${len(self.parameters)}::{kind}"

    def among(self, column: str, values: tuple[str, ...]) -> None:
        if len(values) == 1:
            self.texts.append(f"{column} = {self.value(values[0], 'text')}")
        elif values:
            self.texts.append(f"{column} = ANY ({reader.split(self.value(reader.joined(values), 'text'))})")


def conditions(view: TestsView) -> Conditions:
    made = Conditions()
    _what(made, view)
    _result(made, view)
    _who(made, view)
    _origin(made, view)
    if view.executed_from:
        made.texts.append(f"{EXECUTED} >= {made.value(_midnight(view.executed_from), 'timestamptz')}")
    if view.executed_to:
        day_after = view.executed_to + timedelta(days=1)
        made.texts.append(f"{EXECUTED} < {made.value(_midnight(day_after), 'timestamptz')}")
        made.texts.append(f"{EXECUTED} > '-infinity'")
    return made


def _what(made: Conditions, view: TestsView) -> None:
    if view.number is not None:
        made.texts.append(f"s.number = {made.value(view.number, 'bigint')}")
    if view.words:
        made.texts.append(_WORDS.format(words=made.value(" & ".join(f"{word}:*" for word in view.words), "text")))
    if set(view.states) == set(OPEN):
        made.texts.append(f"s.state IN ({OPEN_STATES})")  # in the words of the index of what is not finished
    else:
        made.among("s.state", view.states)
    if view.technique:
        techniques = _TECHNIQUE if view.without_subs else _TECHNIQUES
        made.texts.append(techniques.format(id=made.value(view.technique, "text")))
    if view.data:
        made.texts.append(_DATA.format(key=made.value(view.data, "text")))
    if view.tactic:
        made.texts.append(_TACTIC.format(name=made.value(view.tactic, "text")))
    made.among("s.platform", view.platforms)
    if view.priorities:
        made.texts.append(f"s.priority IN ({', '.join(str(int(one)) for one in view.priorities)})")
    if view.remediation == OVERDUE:
        made.texts.append("s.remediation_state IN ('open', 'in_progress') AND s.remediation_due_on < current_date")
    elif view.remediation == ANY_REMEDIATION:
        made.texts.append("s.remediation_state IS NOT NULL")
    elif view.remediation:
        made.texts.append(f"s.remediation_state = {made.value(view.remediation, 'text')}")


def _result(made: Conditions, view: TestsView) -> None:
    if view.counting:
        made.texts.append(COUNTING.format(domain=made.value(view.counting, "text")))
    if view.tool:
        _tool(made, view)
    else:
        made.among(OUTCOME, tuple("" if one == NO_OUTCOME else one for one in view.outcomes))


def _origin(made: Conditions, view: TestsView) -> None:
    if view.actor:
        no = view.actor == NO_VALUE
        made.texts.append(_NO_ACTOR if no else _ACTOR.format(id=made.value(view.actor, "text")))
    if view.source:
        no = view.source == NO_VALUE
        made.texts.append("s.template_id IS NULL" if no else _SOURCE.format(name=made.value(view.source, "text")))
    if view.unevaluated:
        made.texts.append("s.blue_submitted_by IS NULL")


def _tool(made: Conditions, view: TestsView) -> None:
    slug, seen = made.value(view.tool, "text"), ""
    if view.outcomes:
        seen = f" AND {_SEEN} = ANY ({reader.split(made.value(reader.joined(view.outcomes), 'text'))})"
    made.texts.append(_TOOL.format(slug=slug, outcome=seen))


def _who(made: Conditions, view: TestsView) -> None:
    if view.assignee:
        person = made.value(str(view.assignee), "uuid")
        made.texts.append(f"(s.red_assignee = {person} OR s.blue_assignee = {person})")
    if view.unassigned:
        made.texts.append(f"s.state IN ({OPEN_STATES}) AND s.red_assignee IS NULL AND s.blue_assignee IS NULL")
    for column, key in (
        ("created_by", view.created_by),
        ("campaign_id", view.campaign),
        ("template_id", view.template),
        ("blue_submitted_by", view.evaluator),
    ):
        if key:
            made.texts.append(f"s.{column} = {made.value(str(key), 'uuid')}")

    if view.team:
        no = view.team == NO_VALUE
        made.texts.append(_NO_TEAM if no else _TEAM.format(name=made.value(view.team, "text")))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
