"""The technique page: what stands in the way of a wrong reading, and a tree that stays small."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from pages import technique as page
from pages.components import technique_lists as lists
from pages.components.figure import Share
from tests.pages.reading import hrefs, ids, size, words

NOW = datetime(2026, 11, 14, 12, 0, tzinfo=UTC)
POWERSHELL = page.Technique(
    attack_id="T1059.001",
    name="PowerShell",
    domain="enterprise-attack",
    attack_version="18.1",
    url="https://attack.mitre.org/techniques/T1059/001",
    object_version="1.5",
    modified_at=NOW,
    tactics=[("execution", "Execution")],
    platforms=["Windows"],
    description_html="<p>Text</p>",
    status="partial",
    stale=False,
    evidence_at=None,
    proven=Share(n=0, of=0),
    score=None,
)
RULE = lists.Rule(
    id="r1",
    title="Encoded command",
    level="high",
    status="test",
    author="A. Author",
    log_source="windows / process_creation",
    source="Sigma",
    enabled=True,
    claimed_id="T1086",
)
TEST = lists.Test(
    number=12,
    title="Download cradle",
    state="validated",
    platform="Windows",
    prevention="none",
    detection="alerted",
    executed_at=NOW,
    validated_at=NOW,
    observations=[
        lists.Observed(tool="Endpoint detection (EDR)", prevention="full", detection="alerted"),
        lists.Observed(tool="SIEM", prevention="none", detection="logged"),
    ],
)


def test_a_revoked_technique_says_so_and_leads_to_its_successor() -> None:
    successor = page.Ref(attack_id="T1059", name="Command and Scripting Interpreter")
    shown = page.render_technique(replace(POWERSHELL, revoked=True, successor=successor))
    assert "ATT&CK has revoked this technique" in words(shown)
    assert "/technique/T1059" in hrefs(shown)
    assert "revoked" not in words(page.render_technique(POWERSHELL))


def test_only_who_may_can_mark_a_change_as_reviewed() -> None:
    changed = replace(POWERSHELL, review_since=NOW)
    assert "technique-reviewed" in ids(page.render_technique(replace(changed, may_review=True)))
    refused = page.render_technique(changed)
    assert "technique-reviewed" not in ids(refused)
    assert "Red lead, Blue lead or Administrator" in words(refused)
    assert "reviewed" not in words(page.render_technique(POWERSHELL))


def test_the_parts_of_the_score_are_shown_with_what_they_add() -> None:
    score = page.Score(
        value=49.0,
        weights_version=3,
        parts=[
            page.ScorePart(name="Tests", weight=60, value=0.75, points=45.0),
            page.ScorePart(name="Detection rules", weight=40, value=0.1, points=4.0),
            page.ScorePart(name="Countermeasures", weight=0, value=None, points=0.0, reason="none apply"),
        ],
    )
    shown = words(page.render_technique(replace(POWERSHELL, score=score)))
    assert "75 % 60.0 45.0" in shown
    assert "10 % 40.0 4.0" in shown
    assert "none apply" in shown
    assert "Weights version 3" in shown


def test_not_tested_is_said_in_words() -> None:
    shown = words(page.render_technique(replace(POWERSHELL, status="untested")))
    assert "Not tested is not 0 %" in shown
    assert "nothing tested yet" in shown


def test_a_test_shows_both_axes_and_every_tool() -> None:
    row = lists.render_tests([TEST]).rows[0]
    assert [cell["t"] for cell in row[2:4]] == ["Not prevented", "Alerted"]
    assert row[4]["t"] == "Endpoint detection (EDR): prevented, alerted; SIEM: logged only"
    assert [(name, marks) for name, marks, _ in row[4]["each"]] == [
        ("EDR", ["blocked", "alerted"]),
        ("SIEM", ["logged"]),
    ]


def test_a_test_nobody_evaluated_has_no_outcome() -> None:
    row = lists.render_tests([replace(TEST, state="draft", prevention=None, detection=None, observations=())]).rows[0]
    assert row[2:5] == [None, None, None]


def test_a_rule_that_names_another_id_says_which() -> None:
    row = lists.render_rules([RULE]).rows[0]
    assert row[0] == {"t": "Encoded command", "h": "?rule=r1", "s": "says T1086"}


@pytest.mark.parametrize("may", [True, False])
def test_a_rule_is_shown_with_author_and_licence_and_switched_only_by_who_may(may: bool) -> None:
    data = lists.RuleText(
        rule=RULE,
        external_id="5d4e",
        licence="DRL 1.1",
        body="title: Encoded command",
        language="sigma",
        written_on=date(2020, 1, 2),
        changed_on=None,
        references=["https://example.org/a", "javascript:alert(1)"],
        may_manage=may,
    )
    panel = page.rule_panel(data, "/technique/T1059.001")
    shown = words(panel)
    assert "A. Author" in shown
    assert "DRL 1.1" in shown
    assert "title: Encoded command" in shown
    assert hrefs(panel) == ["/technique/T1059.001", "https://example.org/a"]
    switches = [node.id for node in panel._traverse() if isinstance(getattr(node, "id", None), dict)]
    assert switches == ([{"type": "rule-enabled", "rule": "r1", "enable": "no"}] if may else [])


def test_five_hundred_rules_do_not_grow_the_tree() -> None:
    few = page.render_technique(replace(POWERSHELL, rules=[RULE]))
    many = page.render_technique(replace(POWERSHELL, rules=[RULE] * 500, tests=[TEST] * 200))
    count = {name: size(tree) for name, tree in (("few", few), ("many", many))}
    assert count["many"] <= count["few"]
    assert count["many"] < 200


def test_the_answer_says_the_state_in_one_line() -> None:
    data = replace(POWERSHELL, stale=True, rules_total=2, rules_enabled=1, tests_total=1)
    assert page.answer(data) == "Partly covered, stale, 1 test, 1 enabled rule"
