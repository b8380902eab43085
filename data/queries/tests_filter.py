"""The conditions of a view of tests as SQL, for the table, the board and the CSV alike.

Each has an index it can use (see the table of `SecurityTest`); `s` is the test.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from data.queries import reader
from data.queries.reader import Parameter
from domain.tests_view import NO_OUTCOME, OPEN, OVERDUE, TestsView

OPEN_STATES = ", ".join(f"'{state}'" for state in OPEN)
OUTCOME = "coalesce(s.outcome, '')"
EXECUTED = "coalesce(s.executed_at, '-infinity')"

# As arrays, so that one pass through the index finds them all.
_TECHNIQUES = """s.technique_id = ANY (ARRAY(SELECT within.id FROM technique AS within
  WHERE within.attack_id = {id} OR within.attack_id LIKE {id} || '.%'))"""
_TACTIC = """s.technique_id = ANY (ARRAY(SELECT placed.technique_id FROM technique_tactic AS placed
  JOIN tactic ON tactic.id = placed.tactic_id AND tactic.shortname = {name}))"""
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
    _who(made, view)
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
        made.texts.append(_TECHNIQUES.format(id=made.value(view.technique, "text")))
    if view.tactic:
        made.texts.append(_TACTIC.format(name=made.value(view.tactic, "text")))
    made.among("s.platform", view.platforms)
    made.among(OUTCOME, tuple("" if one == NO_OUTCOME else one for one in view.outcomes))
    if view.priorities:
        made.texts.append(f"s.priority IN ({', '.join(str(int(one)) for one in view.priorities)})")
    if view.remediation == OVERDUE:
        made.texts.append("s.remediation_state IN ('open', 'in_progress') AND s.remediation_due_on < current_date")
    elif view.remediation:
        made.texts.append(f"s.remediation_state = {made.value(view.remediation, 'text')}")


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
    ):
        if key:
            made.texts.append(f"s.{column} = {made.value(str(key), 'uuid')}")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
