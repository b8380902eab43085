"""A view of the heatmap, read and decided: what the page, the exports and the command line have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from data.database import reading
from data.queries import heatmap
from data.repositories import overlays
from domain import heatmap_view
from domain.errors import NotFound
from domain.heatmap_shown import Overlay, Shown, decide
from domain.heatmap_view import DOMAINS, Choices, Counted, View
from domain.snapshots import TimeSteps, as_of_note


@dataclass(frozen=True, slots=True)
class Loaded:
    """`shown` is None when no ATT&CK content is loaded for the domain. `ignored`: sentences about what was left out."""

    view: View
    choices: Choices
    shown: Shown | None
    ignored: Sequence[str]
    layers: Mapping[str, str]  # overlays that could be chosen: id -> name
    left_out: Sequence[str]  # ids of the chosen overlay that are not on the loaded release
    of_day: Sequence[str] = ()  # what of the day asked for was not known

    @property
    def scope(self) -> str:
        return heatmap_view.scope_words(self.view, self.choices)

    @property
    def notes(self) -> list[str]:
        """What a person should know about this view, in sentences."""
        if self.shown is None or not self.shown.shortened:
            return [*self._day_note, *self.ignored]
        baseline = (
            f"ATT&CK {self.shown.version} comes from the built-in baseline, whose texts are shortened. "
            "Sync ATT&CK on the Sources page for the full content."
        )
        return [*self._day_note, *self.ignored, baseline]

    @property
    def _day_note(self) -> list[str]:
        return [as_of_note(self.view.as_of, self.of_day)] if self.view.as_of and self.shown else []


def load(query: Mapping[str, Any]) -> Loaded:
    """The view an address asks for. Unknown values are left out and named."""
    view, ignored = heatmap_view.from_query(query)
    found = heatmap.choices(view.domain)
    if not query.get("domain") and found["domains"] and view.domain not in found["domains"]:
        view = replace(view, domain=found["domains"][0])  # nobody asked for the default, and it is not loaded
        found = heatmap.choices(view.domain)
    choices = _choices(view.domain, found)
    view, more = heatmap_view.checked(view, choices)
    ignored += more
    matrix = heatmap.matrix(view.domain, view.platforms, view.as_of)
    overlay, layers, left_out = _overlay(view, ignored)
    if not matrix["cells"]["id"]:
        return Loaded(view, choices, None, ignored, layers, ())
    shown = decide(matrix, view, wanted=_wanted(view), overlay=overlay)
    return Loaded(view, choices, shown, ignored, layers, left_out, matrix["notes"])


def _choices(domain: str, found: Mapping[str, Any]) -> Choices:
    loaded = set(found["domains"]) | {domain}
    return Choices(
        domains={key: label for key, label in DOMAINS.items() if key in loaded},
        platforms=tuple(found["platforms"]),
        tactics={tactic["key"]: tactic["name"] for tactic in found["tactics"]},
        groups=tuple(Counted(one["id"], one["name"], one["n"]) for one in found["groups"]),
        components=tuple(Counted(one["id"], one["name"], one["n"]) for one in found["data_components"]),
        steps=TimeSteps(tuple(map(date.fromisoformat, found["days"])), date.fromisoformat(found["today"])),
    )


def _wanted(view: View) -> set[str] | None:
    """Ids of the techniques that the actor and data filters leave; None when neither is set."""
    wanted = None
    if view.groups:
        wanted = set(heatmap.technique_ids_of_groups(view.domain, view.groups))
    if view.components:
        seen = set(heatmap.technique_ids_of_data_components(view.domain, view.components))
        wanted = seen if wanted is None else wanted & seen
    return wanted


def _overlay(view: View, ignored: list[str]) -> tuple[Overlay | None, dict[str, str], Sequence[str]]:
    layers = dict(overlays.named(view.domain))
    if not view.overlay:
        return None, layers, ()
    try:
        with reading() as session:
            overlay, domain, left_out = overlays.shown(session, UUID(view.overlay))
    except (ValueError, NotFound):
        ignored.append("The layer asked for is not here any more and was left out.")
        return None, layers, ()
    if domain != view.domain:
        ignored.append(f"The layer “{overlay.name}” is of {DOMAINS[domain]} and was left out.")
        return None, layers, ()
    return overlay, layers, left_out
