"""Which pages there are, and the one callback that opens them: path -> page, for people whose role includes it."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import dash
from dash import Input, Output, State, html, set_props
from dash.exceptions import PreventUpdate

from callbacks import (
    account,
    actor,
    actors,
    audit,
    campaign,
    campaigns,
    compliance,
    contradictions,
    countermeasure,
    countermeasures,
    coverage,
    demo,
    framework,
    glossary,
    heatmap,
    import_framework,
    import_tests,
    jobs,
    metrics,
    new_test,
    next_best,
    notifications,
    overview,
    plan,
    rehearsal,
    rehearsals,
    retests,
    rule,
    rules,
    scope,
    score,
    search,
    sources,
    technique,
    template,
    templates,
    test,
    tests,
    threats,
    tools,
    users,
    viewer,
    weights,
)
from callbacks.navigating import query_of
from domain.errors import AegisError, NotFound, PermissionDenied
from domain.roles import Permission
from jobs import demo as demo_jobs
from pages import account as account_page
from pages import actor as actor_page
from pages import actors as actors_page
from pages import audit as audit_page
from pages import campaign as campaign_page
from pages import campaigns as campaigns_page
from pages import compliance as compliance_page
from pages import contradictions as contradictions_page
from pages import countermeasure as countermeasure_page
from pages import countermeasures as countermeasures_page
from pages import coverage as coverage_page
from pages import framework as framework_page
from pages import glossary as glossary_page
from pages import heatmap as heatmap_page
from pages import import_framework as import_framework_page
from pages import import_tests as import_tests_page
from pages import jobs as jobs_page
from pages import metrics as metrics_page
from pages import new_test as new_test_page
from pages import next_best as next_best_page
from pages import not_found
from pages import notifications as notifications_page
from pages import overview as overview_page
from pages import plan as plan_page
from pages import rehearsal as rehearsal_page
from pages import rehearsals as rehearsals_page
from pages import retests as retests_page
from pages import rule as rule_page
from pages import rules as rules_page
from pages import scope as scope_page
from pages import score as score_page
from pages import sources as sources_page
from pages import technique as technique_page
from pages import template as template_page
from pages import templates as templates_page
from pages import test as test_page
from pages import tests as tests_page
from pages import threats as threats_page
from pages import tools as tools_page
from pages import users as users_page
from pages import weights as weights_page
from pages.components import frame, states, toast

log = logging.getLogger(__name__)

_BROKEN = "This did not work, and it is our fault. Nothing was changed; try again."


@dataclass(frozen=True, slots=True)
class Page:
    """A page module (PATH, TITLE, NAV) and what opens it: `open(viewer, query, **parts of the path)`.

    The answer is the page's content, or that with the title and the one-line answer of the top bar.
    """

    module: ModuleType
    open: Callable[..., Any]
    permission: Permission = Permission.READ
    kept: bool = False  # shows the same to everybody of a role, and nothing but what generations are counted for
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.sub(r"<(\w+)>", r"(?P<\1>[^/]{1,100})", self.module.PATH.rstrip("/") or "/")
        object.__setattr__(self, "pattern", re.compile(pattern + r"/?" if pattern != "/" else "/"))


PAGES = (
    Page(overview_page, overview.open, kept=True),
    Page(heatmap_page, heatmap.open, kept=True),
    Page(coverage_page, coverage.open, kept=True),
    Page(next_best_page, next_best.open, kept=True),
    Page(score_page, score.open, kept=True),
    Page(weights_page, weights.open, Permission.MANAGE_WEIGHTS),
    Page(technique_page, technique.open, kept=True),
    Page(templates_page, templates.open),
    Page(template_page, template.open),
    Page(tests_page, tests.open),
    Page(metrics_page, metrics.open, kept=True),
    Page(contradictions_page, contradictions.open),
    Page(new_test_page, new_test.open, Permission.PLAN_TEST),
    Page(test_page, test.open),
    Page(import_tests_page, import_tests.open, Permission.IMPORT_TESTS),
    Page(campaigns_page, campaigns.open),
    Page(campaign_page, campaign.open),
    Page(actors_page, actors.open),
    Page(actor_page, actor.open),
    Page(tools_page, tools.open),
    Page(compliance_page, compliance.open, kept=True),
    Page(import_framework_page, import_framework.open, Permission.MANAGE_FRAMEWORKS),
    Page(framework_page, framework.open, kept=True),
    Page(plan_page, plan.open, Permission.PLAN_TEST),
    Page(rules_page, rules.open, kept=True),
    Page(rule_page, rule.open, kept=True),
    Page(retests_page, retests.open, kept=True),
    Page(scope_page, scope.open, kept=True),
    Page(countermeasures_page, countermeasures.open, kept=True),
    Page(countermeasure_page, countermeasure.open, kept=True),
    Page(threats_page, threats.open, kept=True),
    Page(sources_page, sources.open),
    Page(rehearsals_page, rehearsals.open),
    Page(rehearsal_page, rehearsal.open),
    Page(notifications_page, notifications.open),
    Page(account_page, account.open),
    Page(glossary_page, glossary.open, kept=True),
    Page(users_page, users.open, Permission.MANAGE_USERS),
    Page(audit_page, audit.open, Permission.READ_AUDIT),
    Page(jobs_page, jobs.open, Permission.MANAGE_JOBS),
)


def install(app: dash.Dash) -> None:
    app.layout = _layout
    for module in (
        account,
        actors,
        audit,
        campaign,
        campaigns,
        compliance,
        contradictions,
        coverage,
        countermeasure,
        countermeasures,
        demo,
        framework,
        heatmap,
        import_framework,
        import_tests,
        jobs,
        metrics,
        new_test,
        next_best,
        notifications,
        plan,
        retests,
        rehearsal,
        rehearsals,
        score,
        rule,
        rules,
        scope,
        search,
        sources,
        technique,
        template,
        templates,
        test,
        tests,
        threats,
        tools,
        users,
        weights,
    ):
        module.register(app)

    @app.callback(
        Output("page", "children"),
        Output("title", "children"),
        Output("answer", "children"),
        Input("url", "pathname"),
        State("url", "search"),
    )
    def open_page(path: str | None, search_text: str | None) -> tuple[Any, Any, Any]:
        if path is None:
            raise PreventUpdate
        return _open(path, search_text or "")


def _layout() -> html.Div:
    if not viewer.signed_in():
        return html.Div()  # Dash looks at the layout once before the first request; nobody gets to see this one
    me = viewer.current()
    places = [frame.Place(path=page.module.PATH, nav=page.module.NAV) for page in PAGES if page.module.NAV]
    person = frame.Person(name=me.display_name, username=me.username, role=me.role)
    return frame.shell(person, places, demo=demo_jobs.is_loaded())


def _open(path: str, search_text: str) -> tuple[Any, Any, Any]:
    found = _find(path)
    if found is None:
        return not_found.layout(), not_found.TITLE, ""
    page, parts = found
    try:
        return _parts_of(page, parts, search_text)
    except NotFound as error:
        return not_found.layout(error.detail), not_found.TITLE, ""
    except PermissionDenied:
        return states.forbidden(page.permission), page.module.TITLE, ""
    except AegisError as error:
        return states.failed(error.detail, retry_href=path + search_text), page.module.TITLE, ""


def is_kept(path: str) -> bool:
    found = _find(path)
    return found is not None and found[0].kept


def open_kept(path: str, search_text: str) -> tuple[Any, Any, Any]:
    """The parts of a page for the viewer's role; raises what went wrong instead of drawing it."""
    found = _find(path)
    if found is None:
        raise NotFound("There is nothing at this address.")
    return _parts_of(*found, search_text)


def _find(path: str) -> tuple[Page, dict[str, str]] | None:
    for page in PAGES:
        found = page.pattern.fullmatch(path)
        if found is not None:
            return page, found.groupdict()
    return None


def _parts_of(page: Page, parts: dict[str, str], search_text: str) -> tuple[Any, Any, Any]:
    me = viewer.current()
    me.require(page.permission)
    body = page.open(me, query_of(search_text), **parts)
    if isinstance(body, tuple):
        content, title, answer = body
        return content, title, answer
    return body, page.module.TITLE, ""


def show_error(error: Exception) -> None:
    """What a callback could not do, said once; nothing on the page changes."""
    if isinstance(error, AegisError):
        set_props(toast.REGION, {"children": toast.toast(error.detail, "failed")})
        return
    log.error("Unexpected error in a callback", exc_info=error)
    set_props(toast.REGION, {"children": toast.toast(_BROKEN, "failed")})
