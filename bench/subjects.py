"""What is measured. A new query or page of the software gets its line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DOMAIN = "enterprise-attack"
_TECHNIQUE = "T1059.001"


@dataclass(frozen=True, slots=True)
class Query:
    """A question of a screen to the database. `cached`: its answer is kept, and is measured that way too."""

    name: str
    ask: Callable[[], object]
    cached: bool = True


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
    from data.queries import heatmap, heatmap_view, overview, search, sources, technique

    def of_sources() -> Any:
        with reading() as session:
            return sources.sources(session)

    return [
        Query("matrix", lambda: heatmap.matrix_json(DOMAIN)),
        Query("matrix, one platform", lambda: heatmap.matrix_json(DOMAIN, ["Linux"])),
        Query("matrix, three platforms", lambda: heatmap.matrix_json(DOMAIN, ["Linux", "Windows", "macOS"])),
        Query("filters of the heatmap", lambda: heatmap.choices(DOMAIN)),
        Query("heatmap as a view", lambda: heatmap_view.load({"domain": DOMAIN})),
        Query("heatmap of an actor", lambda: heatmap_view.load({"domain": DOMAIN, "actor": "G0016"})),
        Query("overview", lambda: overview.overview(DOMAIN)),
        Query("technique", lambda: technique.technique(_TECHNIQUE, DOMAIN)),
        Query("search for a word", lambda: search.search("powershell"), cached=False),
        Query("search for an id", lambda: search.search("T1059"), cached=False),
        Query("sources", of_sources, cached=False),
    ]


SCREENS = (
    Screen("heatmap", "/heatmap", "#heatmap .mx-cell a, #heatmap .mx-cell button", 400),
    Screen("overview", "/", "#page h2"),
    Screen("technique", f"/technique/{_TECHNIQUE}", "#page h2"),
    Screen("sources", "/sources", "#page button"),
)
