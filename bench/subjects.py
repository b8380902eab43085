"""What is measured. A new query or page of the software gets its line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.audit_view import AuditView

DOMAIN = "enterprise-attack"
_TECHNIQUE = "T1059.001"
_RULES: tuple[Mapping[str, str], ...] = (
    {},
    {"sort": "level"},
    {"sort": "changed"},
    {"sort": "last"},
    {"truth": "silent"},
    {"source": "vendor", "sort": "level"},
    {"technique": "T1059"},
    {"tactic": "persistence"},
    {"q": "powershell"},
    {"state": "all"},
    {"page": "200"},
)
_FRAMEWORK = "attack_mitigations"


@dataclass(frozen=True, slots=True)
class Query:
    """A question of a screen to the database. `cached`: its answer is kept, and is measured that way too.

    `ratio`: how many times the bare SQL it may take; None where most of the work is not the database's.
    `rounds_at_most`: what takes seconds is not asked as often.
    """

    name: str
    ask: Callable[[], object]
    cached: bool = True
    target_ms: float = 25
    ratio: float | None = 2
    rounds_at_most: int = 1_000


@dataclass(frozen=True, slots=True)
class Screen:
    """A page: `ready` is a CSS selector of what a person can use once it is there."""

    name: str
    path: str
    ready: str
    target_ms: float = 700


def queries() -> list[Query]:
    """Every query of a dashboard."""
    from data.database import reading
    from data.queries import (
        compliance,
        durations,
        heatmap,
        heatmap_view,
        measured,
        overview,
        retests,
        score,
        search,
        snapshots,
        sources,
        technique,
    )
    from domain.durations import By
    from domain.durations_view import View

    month_ago = measured.today() - timedelta(days=30)

    def of_sources() -> Any:
        with reading() as session:
            return sources.sources(session)

    return [
        Query("matrix", lambda: heatmap.matrix_json(DOMAIN)),
        Query("matrix, one platform", lambda: heatmap.matrix_json(DOMAIN, ["Linux"])),
        Query("matrix, three platforms", lambda: heatmap.matrix_json(DOMAIN, ["Linux", "Windows", "macOS"])),
        Query("filters of the heatmap", lambda: heatmap.choices(DOMAIN)),
        # decided each time, over a kept matrix; what is kept of a view is its page
        Query("heatmap as a view", lambda: heatmap_view.load({"domain": DOMAIN}), cached=False),
        Query("heatmap of an actor", lambda: heatmap_view.load({"domain": DOMAIN, "actor": "G0016"}), cached=False),
        Query("overview", lambda: overview.overview(DOMAIN)),
        Query(
            "Kaplan-Meier by month and tactic", durations.by_month_and_tactic, cached=False, target_ms=100, ratio=None
        ),
        Query("metrics, six months by tactic", lambda: durations.metrics(View()), target_ms=250, ratio=None),
        Query(
            "metrics, all tests by month",
            lambda: durations.metrics(View(by=By.MONTH, months=0)),
            target_ms=1000,
            ratio=None,
        ),
        Query("technique", lambda: technique.technique(_TECHNIQUE, DOMAIN)),
        Query("score with its band", lambda: score.standing(DOMAIN)),
        Query("change of the score in a month", lambda: snapshots.change(DOMAIN, month_ago, measured.today())),
        Query("trend of the score", lambda: snapshots.trend(DOMAIN)),
        Query("matrix of a month ago", lambda: heatmap.matrix_json(DOMAIN, as_of=month_ago)),
        Query("retests of a quarter", lambda: retests.plan(DOMAIN, measured.today() + timedelta(days=90))),
        Query("frameworks", compliance.frameworks),
        Query("search for a word", lambda: search.search("powershell"), cached=False),
        Query("search for an id", lambda: search.search("T1059"), cached=False),
        Query("sources", of_sources, cached=False),
        *_of_the_answers(),
        *_of_the_workflow(),
    ]


def _named(asked: Mapping[str, str]) -> str:
    return f"rules: {', '.join(map(' '.join, asked.items())) or 'no filter'}"


def _of_the_answers() -> list[Query]:
    """The screens that answer: each division of coverage, scores and their changes, obligations, rules, what next.

    A day gone by without a snapshot is put together from all tests, and kept for as long as nothing changes.
    """
    from datetime import timedelta

    from data.queries import (
        compliance,
        countermeasures,
        coverage,
        measured,
        next_best,
        past,
        rules,
        scope,
        threats,
    )
    from data.queries import overview as overview_query
    from domain.change_story import Since
    from domain.coverage_view import Division
    from domain.rules_view import RulesView

    today = measured.today()
    frameworks = [one["slug"] for one in compliance.frameworks()]

    def listed(asked: Mapping[str, str]) -> Callable[[], object]:
        return lambda: rules.search(RulesView.of(asked))

    def divided(by: Division) -> Callable[[], object]:
        return lambda: coverage.coverage(DOMAIN, by)

    return [
        *(Query(f"coverage by {by.label.lower()}", divided(by)) for by in Division),
        Query("what next, 10 tests", lambda: next_best.what_next(next_best.Asked(DOMAIN))),
        Query(
            "a day gone by, from the tests",
            lambda: past.reconstruct(DOMAIN, as_of=today - timedelta(days=45)),
            cached=False,
            target_ms=5_000,
            ratio=None,
            rounds_at_most=2,
        ),
        Query(
            "what changed in a month", lambda: overview_query.changed(DOMAIN, Since.MONTH), target_ms=250, ratio=None,
            rounds_at_most=3,
        ),
        Query("scope", lambda: scope.scope(DOMAIN)),
        *(Query(f"framework {slug}", _framework(slug)) for slug in frameworks),
        Query("truth of the rules", rules.truth_mix),
        Query("claimed and proven by rules", lambda: rules.layers(DOMAIN)),
        Query("log sources of the rules", rules.log_sources),
        *(
            Query(_named(asked), listed(asked), cached=False, target_ms=100, ratio=None)
            for asked in _RULES
        ),
        Query("countermeasures", countermeasures.everything),
        Query("best next countermeasures", lambda: countermeasures.best(DOMAIN)),
        Query("what weighs", lambda: threats.weighing(DOMAIN)),
        Query("groups of a sector", lambda: threats.groups(DOMAIN, "finance")),
    ]  # fmt: skip


def _framework(slug: str) -> Callable[[], object]:
    from data.queries import compliance

    return lambda: compliance.framework(slug)


def _of_the_workflow() -> list[Query]:
    """Lists are asked for anew each time, as their pages do; a campaign is the one with the most tests."""
    from data.queries import actors, audit, campaigns, contradictions, jobs, planning, reader
    from domain.roles import Role
    from jobs import contradictions as finding

    finding.look_through()  # ends at once when it has been done

    (biggest,) = reader.rows(
        "SELECT campaign_id::text AS id FROM security_test WHERE campaign_id IS NOT NULL"
        " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    (person,) = reader.rows("SELECT actor_id::text AS id FROM audit_log WHERE actor_id IS NOT NULL LIMIT 1")
    (test,) = reader.rows("SELECT max(number)::text AS number FROM security_test")

    def audited(**asked: str) -> Callable[[], object]:
        view = AuditView.of(asked)
        return lambda: (audit.around(), audit.count(view), audit.entries(view))

    return [
        Query("list of campaigns", lambda: campaigns.search(campaigns.Asked()), cached=False),
        Query("the largest campaign", lambda: campaigns.campaign(UUID(biggest["id"])), cached=False),
        Query("contradictions, found", contradictions.look_through, False, 15_000, None, rounds_at_most=1),
        Query("contradictions, as a worker kept them", lambda: finding.standing(Role.VIEWER), False),
        Query("audit log, first page", audited(), cached=False),
        Query("audit log of a person", audited(person=person["id"]), cached=False),
        Query("audit log of a test", audited(entity="security_test", id=test["number"]), cached=False),
        Query("jobs", lambda: (jobs.promised(), jobs.counts()), cached=False),
        Query("actors", lambda: actors.actors(DOMAIN)),
        Query("actor", lambda: (actors.actor("G0016"), campaigns.search(campaigns.Asked(actor="G0016"))), cached=False),
        Query("gaps of an actor to plan", lambda: planning.for_actor("G0016", "Windows"), cached=False),
    ]


SCREENS = (
    Screen("heatmap", "/heatmap", "#heatmap .mx-cell a, #heatmap .mx-cell button", 400),
    Screen("overview", "/", "#page h2"),
    Screen("technique", f"/technique/{_TECHNIQUE}", "#page h2"),
    Screen("metrics, figures and filters", "/metrics", "#page .figure-value"),
    Screen("metrics, curve drawn", "/metrics", "#curve.is-drawn"),
    Screen("coverage", "/coverage", "#page h2"),
    Screen("what next", "/next", "#page h2"),
    Screen("rules", "/rules", "#page table"),
    Screen("countermeasures", "/countermeasures", "#page h2, #page .state"),
    Screen("threats", "/threats", "#page table"),
    Screen("scope", "/scope", "#page h2"),
    Screen("score", "/score", "#page .fall a"),
    Screen("retests", "/retests", "#page h2"),
    Screen("compliance", "/compliance", "#page .state-bar"),
    Screen("a framework", f"/compliance/{_FRAMEWORK}", "#page .tile"),
    Screen("sources", "/sources", "#page button"),
    Screen("rehearsals", "/sources/rehearsal", "#page h2"),
)
