"""Status and outcome as a mark and a word, never as a colour alone."""

from collections.abc import Mapping

from dash import html

from domain.outcomes import Detection, Outcome, Prevention, TestState
from domain.rule_truth import RuleTruth
from pages.components.parts import Mark

COVERAGE: Mapping[str, tuple[str, Mark]] = {
    "covered": ("Covered", "covered"),
    "partial": ("Partly covered", "partial"),
    "uncovered": ("Not covered", "uncovered"),
    "in_progress": ("In progress", "progress"),
    "untested": ("Not tested", "untested"),
}
PREVENTION: Mapping[str, tuple[str, Mark]] = {
    Prevention.FULL: ("Prevented", "blocked"),
    Prevention.PARTIAL: ("Partly prevented", "partly"),
    Prevention.NONE: ("Not prevented", "off"),
}
DETECTION: Mapping[str, tuple[str, Mark]] = {
    Detection.ALERTED: ("Alerted", "alerted"),
    Detection.LOGGED: ("Logged only", "logged"),
    Detection.MISSED: ("Missed", "missed"),
}
OUTCOME: Mapping[str, tuple[str, Mark]] = {
    Outcome.BLOCKED: ("Blocked", "blocked"),
    Outcome.ALERTED: ("Alerted", "alerted"),
    Outcome.LOGGED: ("Logged only", "logged"),
    Outcome.MISSED: ("Missed", "missed"),
}
TEST_STATE: Mapping[str, str] = {
    TestState.DRAFT: "Draft",
    TestState.RED_EXECUTING: "Executing",
    TestState.BLUE_EVALUATING: "Evaluating",
    TestState.IN_REVIEW: "In review",
    TestState.VALIDATED: "Validated",
    TestState.REJECTED: "Rejected",
    TestState.CANCELLED: "Cancelled",
}
TRUTH_MARK: Mapping[str, Mark] = {
    RuleTruth.PROVEN: "covered",
    RuleTruth.SILENT: "uncovered",
    RuleTruth.UNTESTED: "untested",
    RuleTruth.NO_DATA: "off",
}
LEVELS = ("informational", "low", "medium", "high", "critical")


def mark(name: Mark, word: str) -> html.Span:
    """The glyph and its word."""
    return html.Span([html.Span(className=f"mark is-{name}", **{"aria-hidden": "true"}), word], className="status")


def coverage(status: str, *, stale: bool = False) -> html.Span:
    """A technique's coverage status; `stale` keeps the status and says that its evidence is old."""
    word, glyph = COVERAGE[status]
    if not stale:
        return mark(glyph, word)
    glyphs = html.Span(className=f"mark is-{glyph} is-stale", **{"aria-hidden": "true"})
    return html.Span([glyphs, word, html.Span("stale", className="beside")], className="status")


def chip(text: str, *, href: str | None = None, title: str | None = None) -> html.A | html.Span:
    if href:
        return html.A(text, href=href, className="chip", title=title, **{"data-go": ""})
    return html.Span(text, className="chip", title=title)


def link(text: str, href: str, class_name: str | None = None) -> html.A:
    """A link to another view of Aegis, followed without loading the document again."""
    return html.A(text, href=href, className=class_name, **{"data-go": ""})


def outside(text: str, href: str) -> html.A:
    return html.A(text, href=href, target="_blank", rel="noopener noreferrer", className="outside")
