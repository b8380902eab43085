"""A test whose predecessors are not finished: who may start it, and how."""

import pytest

from domain.errors import RuleViolated
from domain.outcomes import TestState
from domain.testing.actions import Start
from domain.testing.order import Ahead, waiting_words
from domain.testing.person import Person
from tests.domain.testing.play import ADMIN, BLUE_LEAD, RED, RED_LEAD, Play

FIRST, SECOND = Ahead(12, "Open the door"), Ahead(14, "Look around")
WAITS = "This test waits for test 12 (Open the door) and test 14 (Look around), which are not finished."
LEADS = f"{WAITS} Red lead or Administrator may start it anyway."


def waiting() -> Play:
    play = Play()
    play.test.waits_for = (FIRST, SECOND)
    return play


def test_it_names_what_it_waits_for_and_who_may_start_it_anyway() -> None:
    play = waiting()
    assert play.refused(Start(), RED) == LEADS
    assert play.refused(Start(reason="I am in a hurry."), RED) == LEADS
    assert [(one.refusal, one.primary) for one in play.test.actions_for(RED) if one.kind == "start"] == [(LEADS, False)]
    assert isinstance(play.test.refusal("start", RED), RuleViolated)
    assert play.refused(Start(reason="x"), BLUE_LEAD).startswith("This needs the role Red operator")


@pytest.mark.parametrize("lead", [RED_LEAD, ADMIN])
def test_a_red_lead_starts_it_anyway_and_says_why(lead: Person) -> None:
    play = waiting()
    assert play.test.refusal("start", lead) is None
    assert play.refused(Start(reason="  "), lead) == f"{WAITS} Give a reason to start it anyway."
    (event,) = play.do(Start(reason="The host is free today only."), lead)
    assert (event.kind, event.note) == ("execution_started", "The host is free today only.")
    assert event.details == {"before": [12, 14]}
    assert play.test.state is TestState.RED_EXECUTING


def test_a_test_that_waits_for_nothing_needs_no_reason() -> None:
    (event,) = Play().do(Start(), RED)
    assert (event.note, event.details) == (None, {})


def test_few_are_named_and_the_rest_counted() -> None:
    assert waiting_words([FIRST]) == "This test waits for test 12 (Open the door), which is not finished."
    many = [Ahead(number, "x") for number in range(1, 1_005)]
    assert waiting_words(many) == (
        "This test waits for test 1 (x), test 2 (x), test 3 (x) and 1,001 more, which are not finished."
    )
