"""The made-up year obeys the rules of the field, and looks like a year."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import astuple
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from uuid import UUID, uuid5

import pytest
import yaml

from data.demo import organisation
from data.demo.catalogue import Adversary, Catalogue, Subject
from data.demo.organisation import DEMO, Organisation, firing, large
from data.demo.records import ObservationRow, Story, TestRow
from domain.outcomes import Detection, Outcome, Prevention, best_detection, best_prevention
from domain.roles import Role

TODAY = date(2026, 11, 23)
NOW = datetime.combine(TODAY, time(), UTC)
_NAMESPACE = UUID("6f1d9c56-6d2e-4b2f-9a43-6e4f5d1c2b3a")
TACTICS = (
    "initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion", "credential-access",
    "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
)  # fmt: skip


def map_of(count: int = 180, domain: str = "enterprise-attack") -> Catalogue:
    """A map of `count` techniques over all tactics, with two groups and two techniques nobody can run."""
    subjects = [
        Subject(
            uuid5(_NAMESPACE, f"T{1000 + number}"),
            f"T{1000 + number}",
            f"Technique {number}",
            (TACTICS[number % len(TACTICS)],),
            ("Windows", "Linux") if number % 3 else ("Windows",),
            number % 40,
        )
        for number in range(count)
    ]
    subjects.append(Subject(uuid5(_NAMESPACE, "T1590"), "T1590", "Network gathered", ("reconnaissance",), ("PRE",), 9))
    subjects.append(Subject(uuid5(_NAMESPACE, "T1999"), "T1999", "On no platform", ("execution",), (), 9))
    groups = [
        Adversary("G0016", "APT29", frozenset(f"T{1000 + n}" for n in range(30))),
        Adversary("G0999", "Small one", frozenset({"T1001"})),
    ]
    return Catalogue(domain, subjects, groups)


@pytest.fixture(scope="module")
def made() -> Organisation:
    return Organisation(map_of(), TODAY)


def test_every_test_says_what_to_run_and_the_benchmark_carries_no_texts(stories: list[Story]) -> None:
    texts = [story.test.procedure for story in stories]
    for story in stories:
        assert story.test.procedure.startswith(f"{story.test.title}: ")
        assert "#{" not in story.test.procedure  # nothing that somebody would have to fill in
    commands = {text.splitlines()[4] for text in texts}
    assert len(commands) > 15  # by tactic and platform
    assert any("%TEMP%" in one for one in commands)
    assert any("/tmp/" in one for one in commands)
    small = Organisation(map_of(), TODAY, large(20, 5))
    assert {story.test.procedure for story in small.stories({})} == {""}


@pytest.fixture(scope="module")
def stories(made: Organisation) -> list[Story]:
    return list(made.stories(firing(made.rules())))


def in_order(*moments: datetime | None) -> bool:
    known = [moment for moment in moments if moment is not None]
    return known == sorted(known)


def test_the_same_seed_day_and_map_make_the_same_rows(stories: list[Story]) -> None:
    again = Organisation(map_of(), TODAY)
    told = list(again.stories(firing(again.rules())))
    assert [astuple(one) for one in told] == [astuple(one) for one in stories]


def test_another_seed_makes_another_year(stories: list[Story]) -> None:
    other = Organisation(map_of(), TODAY, seed=organisation.SEED + 1)
    assert next(other.stories({})).test.id != stories[0].test.id


def test_the_order_of_the_map_does_not_matter(stories: list[Story]) -> None:
    found = map_of()
    turned = Catalogue(found.domain, list(reversed(found.subjects)), list(reversed(found.adversaries)))
    other = Organisation(turned, TODAY)
    assert [one.test.id for one in other.stories(firing(other.rules()))] == [one.test.id for one in stories]


def test_there_are_exactly_as_many_tests_as_asked_for(stories: list[Story]) -> None:
    assert len(stories) == DEMO.tests
    assert len({one.test.id for one in stories}) == DEMO.tests


def test_nothing_happens_in_the_future(stories: list[Story]) -> None:
    for story in stories:
        for row in (story.test, *story.rounds, *story.observations, *story.timeline):
            assert all(not isinstance(value, datetime) or value <= NOW for value in astuple(row)), row


def test_every_state_has_what_it_needs_and_nothing_it_cannot_have_yet(stories: list[Story]) -> None:
    for test in (story.test for story in stories):
        executed = {"blue_evaluating", "in_review", "validated", "rejected"}
        evaluated = {"in_review", "validated", "rejected"}
        assert (test.executed_at is not None) == (test.state in executed), test
        assert (test.red_submitted_by is not None) == (test.state in executed), test
        assert (test.attack_succeeded is not None) == (test.state in executed), test
        assert (test.blue_submitted_by is not None) == (test.state in evaluated), test
        assert (test.watched_until is not None) == (test.state in evaluated), test
        assert (test.validated_at is not None) == (test.state == "validated"), test
        assert (test.outcome is not None) == (test.state in evaluated and not test.not_applicable), test
        assert test.not_applicable == (test.not_applicable_reason is not None)
        if test.state == "validated":
            assert test.red_approved_by is not None
            assert test.blue_approved_by is not None
        if test.state == "rejected":
            assert test.red_approved_by is None or test.blue_approved_by is None


def test_times_follow_one_another(stories: list[Story]) -> None:
    for test in (story.test for story in stories):
        assert in_order(
            test.created_at, test.started_at, test.executed_at, test.red_submitted_at, test.blue_submitted_at,
            test.validated_at, test.remediation_completed_at,
        ), test  # fmt: skip
        assert in_order(test.executed_at, test.logged_at, test.detected_at, test.contained_at, test.blue_submitted_at)
        assert in_order(test.executed_at, test.detected_at, test.watched_until, test.blue_submitted_at)
        assert in_order(test.executed_at, test.prevented_at, test.watched_until)
        assert test.detected_at is not None or test.contained_at is None
        assert test.updated_at >= max(one for one in (test.created_at, test.red_submitted_at) if one)


def last_round(story: Story) -> list[ObservationRow]:
    return [one for one in story.observations if one.round == story.test.round]


def test_the_outcome_is_the_best_over_the_tools(stories: list[Story]) -> None:
    for story in stories:
        test, seen = story.test, last_round(story)
        if test.outcome is None:
            assert not seen
            continue
        prevention = best_prevention(Prevention(one.prevention) for one in seen)
        detection = best_detection(Detection(one.detection) for one in seen)
        assert prevention is not None
        assert detection is not None
        assert (test.prevention, test.detection) == (prevention, detection)
        assert test.outcome == Outcome.of(prevention, detection)
        assert test.detected_at == min((one.detected_at for one in seen if one.detected_at), default=None)


def test_an_observation_has_the_times_of_what_it_says(stories: list[Story]) -> None:
    for one in (one for story in stories for one in story.observations):
        assert (one.prevented_at is not None) == (one.prevention != "none")
        assert (one.logged_at is not None) == (one.detection != "missed")
        assert (one.detected_at is not None) == (one.detection == "alerted")
        assert one.rule_id is None or one.detection == "alerted"


def test_a_fully_prevented_attack_did_not_succeed(stories: list[Story]) -> None:
    assert not [one.test for one in stories if one.test.prevention == "full" and one.test.attack_succeeded]


def test_nobody_approves_their_own_work_or_both_sides(made: Organisation, stories: list[Story]) -> None:
    role = {one.id: one.role for one in made.staff}
    for story in stories:
        for one in story.rounds:
            workers = {one.red_submitted_by, one.blue_submitted_by} - {None}
            verdicts = [who for who in (one.red_verdict_by, one.blue_verdict_by) if who]
            assert len(set(verdicts)) == len(verdicts)
            assert not workers & set(verdicts)
            assert one.red_verdict_by is None or role[one.red_verdict_by] is Role.RED_LEAD
            assert one.blue_verdict_by is None or role[one.blue_verdict_by] is Role.BLUE_LEAD


def test_rounds_are_whole(stories: list[Story]) -> None:
    """All but the last are closed; the last says what the test says."""
    for story in stories:
        test, rounds = story.test, sorted(story.rounds, key=lambda one: one.number)
        assert [one.number for one in rounds] == list(range(1, test.round + 1))
        assert all(one.closed_at is not None and one.result for one in rounds[:-1])
        last = rounds[-1]
        assert (last.closed_at is None) == (test.state not in {"validated", "rejected", "cancelled"})
        assert last.result == (test.state if last.closed_at else None)
        assert (last.executed_at, last.blue_submitted_at) == (test.executed_at, test.blue_submitted_at)
        for one in rounds:
            assert in_order(one.opened_at, one.closed_at)
            assert in_order(one.blue_submitted_at, one.red_verdict_at, one.closed_at)
            assert in_order(one.blue_submitted_at, one.blue_verdict_at, one.closed_at)
            if one.result == "validated":
                assert one.red_verdict == one.blue_verdict == "approved"
            if one.result == "rejected":
                assert "rejected" in (one.red_verdict, one.blue_verdict)


def test_there_are_rejected_and_reopened_rounds(stories: list[Story]) -> None:
    results = Counter(row.result for story in stories for row in story.rounds)
    assert results["rejected"] > 20
    assert sum(story.test.round > 1 and story.test.state == "validated" for story in stories) > 20


def test_a_gap_has_a_remediation_and_nothing_else_has(stories: list[Story]) -> None:
    for story in stories:
        test, row = story.test, story.remediation
        gap = test.state == "validated" and test.outcome in {"logged", "missed"}
        assert (row is not None) == gap
        if row is None:
            assert test.remediation_state is None
            continue
        assert (row.state, row.due_on, row.completed_at) == (
            test.remediation_state, test.remediation_due_on, test.remediation_completed_at,
        )  # fmt: skip
        assert (row.completed_at is not None) == (row.state == "done")
        assert (row.accepted_reason is not None) == (row.state == "risk_accepted")
        assert row.opened_at == test.validated_at


def test_remediations_stand_in_every_state_and_some_are_overdue(stories: list[Story]) -> None:
    rows = [story.remediation for story in stories if story.remediation]
    assert {row.state for row in rows} == {"open", "in_progress", "done", "risk_accepted"}
    assert any(row.due_on < TODAY for row in rows if row.state in {"open", "in_progress"})


def test_a_retest_repeats_the_procedure_after_its_repair(stories: list[Story]) -> None:
    tests = {story.test.id: story.test for story in stories}
    retests = [test for test in tests.values() if test.retest_of_id]
    assert len(retests) > 50
    for retest in retests:
        first = tests[retest.retest_of_id]  # type: ignore[index]
        assert (retest.procedure_key, retest.platform) == (first.procedure_key, first.platform)
        assert first.remediation_completed_at is not None
        assert retest.created_at >= first.remediation_completed_at


def test_every_step_stands_in_the_timeline(stories: list[Story]) -> None:
    for story in stories:
        actions = [one.action for one in story.timeline]
        assert actions[0] == "created"
        assert in_order(*(one.at for one in story.timeline))
        assert story.timeline[-1].at == story.test.updated_at
        assert (story.test.state in {"validated", "rejected", "cancelled"}) == any(
            one.action in {"validated", "rejected", "cancelled"} and one.round == story.test.round
            for one in story.timeline
        )
        assert actions.count("reopened") == story.test.round - 1


def test_people_work_on_weekdays_in_daytime(stories: list[Story]) -> None:
    """The attack clock does not: a tool may alert at any hour."""
    moments: Iterator[datetime | None] = (
        moment
        for story in stories
        for moment in (story.test.executed_at, story.test.blue_submitted_at, story.test.validated_at)
    )
    for moment in moments:
        assert moment is None or (moment.weekday() < 5 and 6 <= moment.hour < 18), moment


def test_the_year_has_every_state_reruns_and_things_that_do_not_apply(stories: list[Story]) -> None:
    states = Counter(story.test.state for story in stories)
    assert set(states) == {
        "draft", "red_executing", "blue_evaluating", "in_review", "validated", "rejected", "cancelled",
    }  # fmt: skip
    assert max(Counter(story.test.procedure_key for story in stories).values()) >= 5
    assert any(story.test.not_applicable and story.test.state == "validated" for story in stories)
    assert any(story.test.prevention == "full" and story.test.detection == "alerted" for story in stories)
    assert any(story.test.prevention == "partial" for story in stories)


def share_caught(tests: list[TestRow]) -> float:
    return sum(test.outcome in {"blocked", "alerted"} for test in tests) / len(tests)


def test_the_defence_gets_better_and_has_a_weak_place(made: Organisation, stories: list[Story]) -> None:
    tests = [story.test for story in stories if story.test.outcome]
    halves = [tests[: len(tests) // 2], tests[len(tests) // 2 :]]
    assert share_caught(halves[1]) > share_caught(halves[0]) + 0.05
    minutes = [
        median(
            (test.detected_at - test.executed_at) / timedelta(minutes=1)
            for test in half
            if test.detected_at and test.executed_at
        )
        for half in halves
    ]
    assert minutes[1] < minutes[0] * 0.8
    tactic = {one.id: one.tactics[0] for one in map_of().subjects}
    by_tactic = defaultdict(list)
    for test in tests:
        by_tactic[tactic[test.technique_id]].append(test)
    weakest = min(by_tactic, key=lambda one: share_caught(by_tactic[one]))
    assert weakest in {"exfiltration", "lateral-movement"}


def test_some_corners_are_stale(stories: list[Story]) -> None:
    newest: dict[UUID, datetime] = {}
    for test in (story.test for story in stories):
        if test.validated_at:
            newest[test.technique_id] = max(newest.get(test.technique_id, test.validated_at), test.validated_at)
    stale = sum(moment < NOW - timedelta(days=180) for moment in newest.values())
    assert stale >= 5


def test_campaigns_are_planned_running_and_finished_and_one_plays_a_real_group(
    made: Organisation, stories: list[Story]
) -> None:
    rows = {row.id: row for row in made.campaign_rows()}
    assert {row.state for row in rows.values()} == {"planned", "running", "finished"}
    emulation = next(row for row in rows.values() if row.actor_attack_id == "G0016")
    used = {story.test.claimed_technique for story in stories if story.test.campaign_id == emulation.id}
    assert used
    assert used <= {f"T{1000 + number}" for number in range(30)}
    assert {story.test.campaign_id for story in stories} - {None} <= set(rows)
    for row in rows.values():
        planned = [story.test for story in stories if story.test.campaign_id == row.id and not story.test.retest_of_id]
        assert all(
            test.executed_at is None or test.executed_at.date() >= row.starts_on for test in planned if test.round == 1
        )
        assert row.state != "planned" or {test.state for test in planned} <= {"draft", "cancelled"}


def test_what_cannot_be_run_is_not_tested(stories: list[Story]) -> None:
    assert not {"T1590", "T1999"} & {story.test.claimed_technique for story in stories}


def test_rules_are_sigma_documents_that_say_what_their_columns_say(made: Organisation) -> None:
    rules = list(made.rules())
    assert len(rules) == DEMO.rules
    for rule in rules:
        document = yaml.safe_load(rule.row.body)
        assert (document["title"], document["id"]) == (rule.row.title, rule.row.external_id)
        assert (document["level"], document["status"]) == (rule.row.level, rule.row.status)
        assert (document["author"], document["tags"]) == (rule.row.author, rule.row.tags)
        assert document["date"] == rule.row.written_on
        assert document["logsource"].get("product") == rule.row.product
        assert document["detection"]["condition"] == "selection"
        assert {f"attack.{claim.claimed_id.lower()}" for claim in rule.claims} <= set(document["tags"])


def test_some_rules_fire_and_some_are_silent_in_tests_of_their_technique(
    made: Organisation, stories: list[Story]
) -> None:
    rules = list(made.rules())
    fired = {one.rule_id for story in stories for one in story.observations} - {None}
    tested = {story.test.technique_id for story in stories if story.test.outcome}
    on_tested = [rule for rule in rules if rule.row.enabled and any(c.technique_id in tested for c in rule.claims)]
    written = {rule.row.id: rule for rule in rules}
    assert len(fired) > 15
    assert len([rule for rule in on_tested if rule.row.id not in fired]) > 15
    for story in stories:
        for one in story.observations:
            if one.rule_id:
                rule = written[one.rule_id]
                assert story.test.technique_id in {claim.technique_id for claim in rule.claims}
                assert story.test.executed_at is not None
                assert rule.row.created_at < story.test.executed_at


def test_nobody_of_the_demo_is_an_administrator(made: Organisation) -> None:
    rows = list(made.person_rows())
    assert Counter(row.role for row in rows) == {"red_tech": 2, "blue_tech": 2, "red_lead": 1, "blue_lead": 1}
    assert all(row.is_demo and row.username.startswith("demo_") for row in rows)


@pytest.mark.parametrize("domain", ["mobile-attack", "ics-attack"])
def test_a_map_without_groups_and_with_unknown_tactics_and_platforms_will_do(domain: str) -> None:
    subjects = [
        Subject(
            uuid5(_NAMESPACE, f"T0{number}"), f"T0{800 + number}", f"Odd {number}", ("evasion",), ("Field Controller",)
        )
        for number in range(12)
    ]
    told = list(Organisation(Catalogue(domain, subjects), TODAY).stories({}))
    assert len(told) == DEMO.tests
    assert any(story.test.outcome for story in told)


def test_the_large_organisation_is_told_in_shares_that_add_up() -> None:
    size = large(2_001, 300)
    made = Organisation(map_of(), TODAY, size)
    shares = [list(made.stories({}, part, 2)) for part in range(2)]
    tests = [story.test for share in shares for story in share]
    assert len({test.id for test in tests}) == 2_001
    assert not any(test.is_demo for test in tests)
    first = min(test.executed_at for test in tests if test.executed_at)
    assert (NOW - first).days > 2 * 365
    seen = sum(len(last_round(story)) for share in shares for story in share)
    assert 1.2 < seen / sum(test.outcome is not None for test in tests) < 1.8
