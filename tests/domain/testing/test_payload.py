"""Actions as JSON, there and back."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from domain.errors import BadInput, TooLarge
from domain.outcomes import Detection, Prevention
from domain.testing.actions import ACTIONS, AcceptRisk, Action, Approve, Comment, EditPlan, Observe, SubmitBlue
from domain.testing.campaign_actions import CAMPAIGN_ACTIONS, AddTests, CloneCampaign, MoveTest, SetDependencies
from domain.testing.payload import from_payload, to_payload
from domain.testing.person import Side, Team
from tests.domain.testing.play import EDR, RED, Play, key, minutes, planned


@pytest.mark.parametrize(
    "action",
    [
        planned(arguments={"host": "ws-1"}, campaign_id=key("campaign")),
        EditPlan(priority=1),
        Approve(side=Team.RED, note="Fine."),
        SubmitBlue(watched_until=minutes(5), contained_at=None, confirmed=True),
        Observe(tool_id=EDR, prevention=Prevention.FULL, detection=Detection.MISSED, prevented_at=minutes(5)),
        AcceptRisk(reason="Old.", until=date(2026, 5, 1)),
        AddTests(test_ids=(key("a"), key("b"))),
        SetDependencies(test_id=key("a"), depends_on=frozenset({key("b"), key("c")})),
        CloneCampaign(new_id=key("x"), name="Again", copies={key("a"): key("b")}),
    ],
)
def test_there_and_back(action: Any) -> None:
    assert from_payload(type(action), json.loads(json.dumps(to_payload(action)))) == action


OBSERVED = {"tool_id": str(EDR), "prevention": "none", "detection": "missed"}


@pytest.mark.parametrize(
    ("made", "payload", "sentence", "errors"),
    [
        (Observe, {**OBSERVED, "x": 1}, "There is a field too many.", {"x": "unknown"}),
        (Observe, {}, "Give the tool.", dict.fromkeys(OBSERVED, "required")),
        (Observe, {**OBSERVED, "tool_id": "1"}, "The tool cannot be read.", {"tool_id": "invalid"}),
        (Observe, {**OBSERVED, "tool_id": None}, "The tool cannot be read.", {"tool_id": "invalid"}),
        (Observe, {**OBSERVED, "detection": "seen"}, "The detection cannot be read.", {"detection": "invalid"}),
        (Observe, {**OBSERVED, "logged_at": "9:30"}, "The logged at cannot be read.", {"logged_at": "invalid"}),
        (
            Observe,
            {**OBSERVED, "logged_at": "2026-01-01"},
            "A time needs its time zone.",
            {"logged_at": "no time zone"},
        ),
        (Observe, {**OBSERVED, "confirmed": 1}, "The confirmed cannot be read.", {"confirmed": "invalid"}),
        (EditPlan, {"priority": True}, "The priority cannot be read.", {"priority": "invalid"}),
        (EditPlan, {"priority": 9}, "The priority is 1 to 3.", {"priority": "out of range"}),
        (EditPlan, {"arguments": ["x"]}, "The arguments cannot be read.", {"arguments": "invalid"}),
        (EditPlan, {"arguments": {"a": 1}}, "The arguments cannot be read.", {"arguments": "invalid"}),
        (EditPlan, {"title": 5}, "The title cannot be read.", {"title": "invalid"}),
        (Comment, {}, "Write something first.", {"text": "required"}),
        (AddTests, {"test_ids": "abc"}, "The test ids cannot be read.", {"test_ids": "invalid"}),
        (AcceptRisk, {"reason": "x", "until": "soon"}, "The until cannot be read.", {"until": "invalid"}),
        (MoveTest, {"test_id": str(EDR), "position": 1.0}, "The position cannot be read.", {"position": "invalid"}),
    ],
)
def test_what_cannot_be_read_is_named(
    made: type, payload: dict[str, Any], sentence: str, errors: dict[str, str]
) -> None:
    with pytest.raises(BadInput) as refused:
        from_payload(made, payload)
    assert refused.value.detail == sentence
    assert refused.value.errors == errors


def test_limits_hold_for_what_comes_over_the_wire() -> None:
    with pytest.raises(TooLarge, match="The comment has at most 10,000"):
        from_payload(Comment, {"text": "x" * 10_001})


def test_a_moment_out_of_the_calendar_is_bad_input() -> None:
    with pytest.raises(BadInput, match="out of range"):
        from_payload(Observe, {**OBSERVED, "logged_at": "0001-01-01T00:00:00+14:00"})


def test_every_action_has_its_name_verb_and_side() -> None:
    for kind, action in ACTIONS.items():
        assert action.kind == kind
        assert action.label[0].isupper()
        assert action.played_by in Side
    assert not ACTIONS.keys() & CAMPAIGN_ACTIONS.keys()


def test_an_action_of_no_known_kind_is_refused() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Destroy(Action):
        kind, label, played_by = "destroy", "Destroy", Side.RED

    for action in (Destroy(), planned()):
        assert Play().refused(action, RED).endswith("is not something that is done to a test that exists.")
