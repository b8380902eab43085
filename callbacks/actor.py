"""The page of a threat actor."""

from collections.abc import Mapping

from callbacks.actors import techniques_of
from callbacks.campaigns import progress
from callbacks.prose import to_html
from callbacks.viewer import Viewer
from data.queries import actors as query
from data.queries import campaigns
from domain.roles import Permission
from domain.statistics import Share as Counted
from pages import actor as page
from pages.components.figure import Share


def open(me: Viewer, asked: Mapping[str, str], attack_id: str) -> tuple[object, str, str]:
    data = _actor(me, attack_id, asked.get("domain", ""))
    return page.layout(data), page.title(data), page.answer(data)


def _actor(me: Viewer, attack_id: str, domain: str) -> page.Actor:
    found = query.actor(attack_id, domain)
    head = found["head"]
    direct = techniques_of(found["techniques"], "direct")
    scope = [one for one in direct if one.in_scope]
    ours = campaigns.search(campaigns.Asked(actor=head["attack_id"]))
    return page.Actor(
        **{name: head[name] for name in ("attack_id", "name", "aliases", "domain", "url")},
        description_html=to_html(head["description"]),
        direct=direct,
        software=techniques_of(found["techniques"], "software"),
        campaign=techniques_of(found["techniques"], "campaign"),
        proven=_share(sum(not one.gap for one in scope), len(scope)),
        claimed=_share(sum(one.rules > 0 for one in scope), len(scope)),
        campaigns=[
            page.Campaign(**{name: row[name] for name in ("id", "name", "state", "starts_on")}, progress=progress(row))
            for row in ours.rows
        ],
        may_plan=me.may(Permission.PLAN_TEST),
    )


def _share(n: int, of: int) -> Share:
    counted = Counted.count(n, of)
    return Share(n=counted.n, of=counted.of, low=counted.low, high=counted.high)
