"""The forms of the actions on a test, as data: which fields, with which words, limits and choices.

A field is `{name, label, type, key?, hint?, required?, value?, options?, max?, when?, fills?, files?}`. Types: text,
area, moment, day, choice, pick (radio buttons), yesno, tick, pairs and seek (`options` near at hand, more from `at`).
`key` tells fields apart that send the same `name`. `when` {other field: values} shows it only then; what is not shown
is not sent. `fills` {value: {field: value}} begins with what was said before. A `moment` is typed in the viewer's zone
and sent in UTC; it is never filled in by itself, but may be taken from one of `files`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.outcomes import Detection, Prevention, TestState
from domain.platforms import PLATFORMS
from domain.roles import Permission, may, who_may
from domain.testing import actions
from domain.testing.offers import Offer
from domain.testing.order import waiting_words
from domain.testing.person import Team
from domain.testing.rounds import Observation, Verdict
from pages.components.parts import iso
from pages.components.shown_test import Account, ShownTest

Field = dict[str, Any]
Option = list[str]

_ALERTED, _SEEN = [Detection.ALERTED.value], [Detection.LOGGED.value, Detection.ALERTED.value]
_STOPPED = [Prevention.PARTIAL.value, Prevention.FULL.value]
_AT_ONCE = frozenset({"start", "resume", "start_remediation"})
_IN_OTHER_PLACES = frozenset({"comment"})


def spec(data: ShownTest) -> dict[str, Any]:
    """What the action bar knows: who it is about, the actions with their forms, what waits, and who is next."""
    shown = [_action(data, offer) for offer in data.offers if offer.kind not in _IN_OTHER_PLACES]
    if data.offered("observe") and data.test.current.observations:
        shown.append(_removal(data))
    return {
        "test": str(data.test.id),
        "number": data.number,
        "version": data.test.version,
        "actions": shown if data.is_latest else [],
        "waiting": [[actions.ACTIONS[one.kind].label, one.who, iso(one.at)] for one in data.waiting],
        "entries": data.entries,
        "ahead": len(data.test.waits_for),
        "worker": data.worker,
        "next": _next(data) if data.is_latest else "",
    }


def _action(data: ShownTest, offer: Offer) -> dict[str, Any]:
    made = _FORMS.get(offer.kind)
    return {
        "kind": offer.kind,
        "label": _label(offer),
        "primary": offer.primary,
        "refusal": offer.refusal,
        "danger": offer.kind in ("cancel", "reject"),
        "fixed": {"side": offer.side} if offer.side is not None else {},
        "makes": "new_id" if offer.kind == "retest" else None,
        "changed_only": offer.kind == "edit_plan",
        "note": _note_on(data, offer),
        "fields": None if _at_once(data, offer) else made(data) if made is not None else [],
    }


def _at_once(data: ShownTest, offer: Offer) -> bool:
    """Done at the press of the button, without a form. To start a test out of its turn asks for a reason."""
    return offer.kind in _AT_ONCE and not (offer.kind == "start" and data.test.waits_for)


def _note_on(data: ShownTest, offer: Offer) -> str:
    ahead = data.test.waits_for
    if offer.kind == "observe" and not _tools(data):
        return f"No defence tool is in use yet. {who_may(Permission.MANAGE_TOOLS)} adds one on the page Defence tools."
    return waiting_words(ahead) if offer.kind == "start" and ahead else _NOTES.get(offer.kind, "")


def _label(offer: Offer) -> str:
    return f"{offer.label} {offer.side}'s side" if offer.side is not None else offer.label


def _removal(data: ShownTest) -> dict[str, Any]:
    """Offered beside the others while something is recorded; the tool is chosen in its form."""
    return {
        "kind": "remove_observation",
        "label": actions.RemoveObservation.label,
        "danger": True,
        "fixed": {},
        "note": "What was recorded for this tool in this round goes; the timeline keeps that it was there.",
        "fields": [_observed_tool(data)],
    }


_NOTES: Mapping[str, str] = {
    "pause": "The timer of the work stops. The times of the attack are not touched.",
    "cancel": "The test ends here for everybody. What was done so far stays in its timeline.",
    "override": "You decide in place of the leads. This is written into the audit log with your reason.",
    "reopen": "A new round begins; this one is kept as it is.",
    "retest": "A new test of the same procedure on the same platform, linked to this one.",
    "reject": "The round ends as rejected. It can be reopened.",
}


def _next(data: ShownTest) -> str:
    """Whose turn it is, for those who have nothing to press."""
    test = data.test
    if test.paused:
        return "The work is paused."
    if test.state is TestState.IN_REVIEW:
        missing = [f"the {team} lead" for team in Team if test.current.verdict(team) is None]
        return f"In review: {' and '.join(missing)} must still decide."
    if test.state is TestState.VALIDATED and test.remediation is not None and test.remediation.unfinished:
        return f"Validated with a gap; its remediation{_who(data, test.remediation.owner_id)} is open."
    if test.state is TestState.DRAFT and test.waits_for:
        return waiting_words(test.waits_for)
    red, blue = _who(data, test.red_assignee), _who(data, test.blue_assignee)
    return {
        TestState.DRAFT: f"Waits for red{red} to start the execution.",
        TestState.RED_EXECUTING: f"Red{red} is at work.",
        TestState.BLUE_EVALUATING: f"Blue{blue} evaluates what the defence did.",
    }.get(test.state, "")


def _who(data: ShownTest, person: UUID | None) -> str:
    return f" ({data.name(person)})" if person is not None else ""


# -- fields ----------------------------------------------------------------------------------------------------------


def _field(name: str, label: str, type: str, **more: Any) -> Field:
    return {"name": name, "label": label, "type": type, **{key: value for key, value in more.items() if value}}


def _note(label: str = "Note", *, required: bool = False, name: str = "note", hint: str = "") -> Field:
    return _field(name, label, "area", max=actions.NOTE_MAX, required=required, hint=hint)


def _reason(hint: str = "") -> Field:
    return _field("reason", "Reason", "area", max=actions.REASON_MAX, required=True, hint=hint)


def _people(accounts: Iterable[Account], permission: Permission) -> list[Option]:
    able = [one for one in accounts if one.enabled and may(one.role, permission)]
    return [["", "Nobody"], *([str(one.id), f"{one.name} ({one.role.label})"] for one in able)]


def _submit_red(data: ShownTest) -> list[Field]:
    return [
        _field(
            "executed_at",
            "When did the attack run?",
            "moment",
            required=True,
            hint="The moment of the attack itself, from your notes or logs. Time to detect counts from here.",
            files=_logs(data, Team.RED),
        ),
        _field("attack_succeeded", "Did the attack succeed?", "yesno", required=True),
        _note("What was done", name="notes"),
    ]


def _observe(data: ShownTest) -> list[Field]:
    seen = {"hint": "From the tool's own log or alert, not the time you looked.", "files": _logs(data)}
    return [
        _field(
            "tool_id",
            "Defence tool",
            "choice",
            required=True,
            options=[["", "Choose"], *_tools(data)],
            fills={str(one.tool_id): _said(one) for one in data.test.current.observations},
            hint="Saying it again for the same tool replaces what was said in this round.",
        ),
        _field("prevention", "Did it stop the attack?", "pick", required=True, options=_PREVENTION),
        _field("prevented_at", "Stopped at", "moment", when={"prevention": _STOPPED}, **seen),
        _field("detection", "Did it see the attack?", "pick", required=True, options=_DETECTION),
        _field("logged_at", "Logged at", "moment", when={"detection": _SEEN}, **seen),
        _field("detected_at", "Alert raised at", "moment", required=True, when={"detection": _ALERTED}, **seen),
        _field("rule_id", "Rule that fired", "seek", when={"detection": _SEEN}, options=_rules(data), at="/api/rules"),
        _note(),
    ]


def _logs(data: ShownTest, *teams: Team) -> list[Option]:
    """Text files whose times can be taken, of one side or of both."""
    kept = [one for one in data.files if one.deleted_at is None and one.media_type == "text/plain"]
    return [[str(one.id), one.name] for one in kept if not teams or one.side in teams]


_PREVENTION: list[Option] = [[Prevention.NONE, "No"], [Prevention.PARTIAL, "In part"], [Prevention.FULL, "Fully"]]
_DETECTION: list[Option] = [
    [Detection.MISSED, "No, nothing"],
    [Detection.LOGGED, "Logged, no alert"],
    [Detection.ALERTED, "Raised an alert"],
]


def _tools(data: ShownTest) -> list[Option]:
    said = {one.tool_id for one in data.test.current.observations}
    return [
        [str(tool.id), f"{tool.name} (recorded)" if tool.id in said else tool.name]
        for tool in data.tools.values()
        if tool.active or tool.id in said
    ]


def _observed_tool(data: ShownTest) -> Field:
    said = {one.tool_id for one in data.test.current.observations}
    options = [[str(tool.id), tool.name] for tool in data.tools.values() if tool.id in said]
    return _field("tool_id", "Defence tool", "choice", required=True, options=options)


def _rules(data: ShownTest) -> list[Option]:
    """Those that claim the technique or its family; others are looked for as somebody types."""
    return [[str(rule.id), rule.title] for rule in data.rules.values()]


def _said(one: Observation) -> dict[str, str]:
    """What was recorded for a tool, to begin with when it is changed."""
    times = {"prevented_at": one.prevented_at, "logged_at": one.logged_at, "detected_at": one.detected_at}
    return {
        "prevention": one.prevention,
        "detection": one.detection,
        "rule_id": str(one.rule_id) if one.rule_id else "",
        "note": one.note or "",
        **{name: iso(moment) for name, moment in times.items() if moment is not None},
    }


def _submit_blue(data: ShownTest) -> list[Field]:
    applicable = {"not_applicable": [False]}
    detected = any(one.detection is Detection.ALERTED for one in data.test.current.observations)
    return [
        _field("not_applicable", "The test was not applicable here", "tick"),
        _field("reason", "Why", "area", max=actions.REASON_MAX, required=True, when={"not_applicable": [True]}),
        _field(
            "watched_until",
            "Watched until",
            "moment",
            when=applicable,
            files=_logs(data),
            hint="Until when you looked for signs of the attack. What was not seen by then counts as not seen.",
        ),
        _field(
            "contained_at",
            "Contained at",
            "moment",
            when=applicable,
            files=_logs(data),
            hint="When the attack could go no further." if detected else "Nothing was detected; leave it empty.",
        ),
        _note("Notes", name="notes"),
    ]


def _edit_plan(data: ShownTest) -> list[Field]:
    test = data.test
    fields = [
        _field("title", "Title", "text", required=True, max=200, value=test.title),
        _field(
            "priority",
            "Priority",
            "choice",
            whole=True,
            value=str(test.priority),
            options=[["1", "1, high"], ["2", "2, normal"], ["3", "3, low"]],
        ),
    ]
    if test.state is not TestState.DRAFT:
        return fields
    platforms = [[name, name] for name in dict.fromkeys((test.platform, *PLATFORMS))]
    return [
        *fields,
        _field("platform", "Platform", "choice", value=test.platform, options=platforms),
        _field("environment", "Environment", "text", max=200, value=test.environment),
        _field("procedure", "Procedure", "area", max=actions.PROCEDURE_MAX, mono=True, value=test.procedure),
        _field("arguments", "Arguments", "pairs", value=_arguments(data)),
    ]


def _arguments(data: ShownTest) -> list[Option]:
    """Every argument the procedure takes, with what was given; an empty one has the default of its template."""
    content = data.origin.content if data.origin is not None else None
    declared = {one.name: one.default or "" for one in content.arguments} if content is not None else {}
    given = data.test.arguments
    names = list(dict.fromkeys((*declared, *given)))
    return [[name, given.get(name, ""), declared.get(name, "")] for name in names]


def _assign(data: ShownTest) -> list[Field]:
    accounts = list(data.accounts.values())
    test = data.test
    return [
        _field("team", "Side", "pick", required=True, options=[[team, team.label] for team in Team]),
        *(
            _field(
                "assignee_id",
                f"{team.label}'s work goes to",
                "choice",
                key=f"assignee_{team}",
                value=str(test.assignee(team) or ""),
                options=_people(accounts, team.works),
                when={"team": [team]},
            )
            for team in Team
        ),
    ]


def _plan_remediation(data: ShownTest) -> list[Field]:
    held = data.test.remediation
    return [
        _field(
            "owner_id",
            "Owner",
            "choice",
            value=str(held.owner_id or "") if held else "",
            options=_people(data.accounts.values(), Permission.REMEDIATE),
        ),
        _field("due_on", "Due", "day", value=held.due_on.isoformat() if held and held.due_on else ""),
        {**_note("What shall be done"), "value": held.note if held else ""},
    ]


def _complete_remediation(data: ShownTest) -> list[Field]:
    hint = "When the gap was closed. Time to remediate counts from blue's submission to here."
    return [
        _field("completed_at", "Completed at", "moment", required=True, hint=hint),
        _note("What was done", required=True),
    ]


def _decision(options: Sequence[Option], name: str, label: str) -> Callable[[ShownTest], list[Field]]:
    return lambda data: [_field(name, label, "pick", required=True, options=list(options)), _reason()]


_FORMS: Mapping[str, Callable[[ShownTest], list[Field]]] = {
    "start": lambda data: [_reason("Why it is started before they are finished. It stays in the timeline.")],
    "pause": lambda data: [_note("Why", hint="If it helps the others.")],
    "submit_red": _submit_red,
    "observe": _observe,
    "submit_blue": _submit_blue,
    "approve": lambda data: [_note()],
    "reject": lambda data: [_note("What has to be done again", required=True)],
    "override": _decision([[Verdict.APPROVED, "Validate"], [Verdict.REJECTED, "Reject"]], "verdict", "Decision"),
    "reopen": _decision([[Team.RED, "Red runs it again"], [Team.BLUE, "Blue evaluates again"]], "to", "To"),
    "retest": lambda data: [_note()],
    "edit_plan": _edit_plan,
    "assign": _assign,
    "cancel": lambda data: [_reason()],
    "plan_remediation": _plan_remediation,
    "complete_remediation": _complete_remediation,
    "accept_risk": lambda data: [
        _field("until", "Accepted until", "day", required=True, hint="Then it is looked at again."),
        _reason(),
    ],
}
