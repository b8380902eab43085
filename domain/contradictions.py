"""Records that cannot be true: what each kind is, why it cannot be, and how to mend it. Screen and documentation print
the same objects; `data/queries/contradictions.py` finds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`who`, `at` and `against` head what is shown of each found test: a name and two moments; '' where there is none.

    `limits` says what this kind does not look at or cannot know.
    """

    slug: str
    name: str
    why: str
    mend: str
    who: str = ""
    at: str = ""
    against: str = ""
    limits: str = ""


KINDS: Mapping[str, Contradiction] = {
    kind.slug: kind
    for kind in (
        Contradiction(
            "before_execution",
            "Alert before execution",
            "A tool logged, alerted on or prevented the attack before it was executed. Either a time is wrong, often "
            "by a time zone, or the tool saw something else.",
            "Compare both times with the evidence. Reopen the test to blue for the tool's time, to red for the time of "
            "the execution.",
            who="Tool",
            at="First seen",
            against="Executed",
        ),
        Contradiction(
            "prevented_by_no_tool",
            "Prevented by no tool",
            "The test counts as prevented, but no tool of its latest round prevented it that far.",
            "Reopen the test to blue and record which tool prevented it, or submit again without.",
        ),
        Contradiction(
            "detected_by_no_tool",
            "Detected by no tool",
            "The test counts as logged or alerted, but no tool of its latest round did that much.",
            "Reopen the test to blue and record which tool saw it, or submit again without.",
        ),
        Contradiction(
            "disabled_rule",
            "Detected by a disabled rule",
            "The rule that is said to have fired was disabled, or removed by its source, when the tool saw the attack.",
            "Name the rule that did fire, or enable the rule here if it is in use.",
            who="Rule",
            at="Seen",
            against="Out of use since",
            limits="A rule that was switched off later is not listed. Of one that was disabled from the start nobody "
            "knows since when, and a rule that is enabled again is not looked at.",
        ),
        Contradiction(
            "no_evidence",
            "Validated without evidence",
            "The test is validated, but in none of its rounds is there a file that shows what happened, or all of them "
            "were deleted.",
            "Reopen the test and add a file to the side that has one.",
            limits="Tests that are not applicable need none. The demo organisation has no files and is not looked at.",
        ),
        Contradiction(
            "no_observation",
            "Validated without an observation",
            "The test is validated, but nobody recorded what any tool did in its latest round. Not even a missed "
            "attack is then known to be one.",
            "Reopen the test to blue and record what each tool did.",
        ),
        Contradiction(
            "not_applicable_observed",
            "Not applicable, yet observed",
            "The test is not applicable, but a tool has an observation in its latest round.",
            "Reopen the test to blue: remove the observation, or submit it as applicable.",
            who="Tool",
        ),
        Contradiction(
            "executed_after_submission",
            "Submitted before execution",
            "Red submitted what was done before the time at which it was executed.",
            "Reopen the test to red and correct the time of the execution.",
            at="Submitted",
            against="Executed",
            limits="A minute is allowed for clocks that differ.",
        ),
        Contradiction(
            "contained_before_detected",
            "Contained before detected",
            "The attack was contained before the first alert, so that no time to contain can be measured.",
            "Reopen the test to blue and correct either time; what a tool stopped by itself is prevention.",
            at="Contained",
            against="Detected",
        ),
        Contradiction(
            "remediated_before_known",
            "Remediated before the gap was known",
            "The remediation was completed before blue submitted the result that showed the gap.",
            "Correct the result by a retest: a gap that was closed before needs none of this remediation.",
            at="Completed",
            against="Gap known",
        ),
        Contradiction(
            "retest_of_another",
            "Retest of another procedure",
            "The test is the retest of one with another procedure, so that it says nothing about that gap.",
            "Plan a retest from the page of the first test; it takes the procedure along.",
            who="First test",
        ),
    )
}
