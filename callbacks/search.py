"""The search box of the top bar."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dash import Dash, Input, Output

from callbacks import viewer
from data.queries import search as query
from domain.roles import Permission
from pages.components import frame

_KINDS = {
    "technique": "Techniques",
    "group": "Threat actors",
    "software": "Software",
    "campaign": "Campaigns",
    "mitigation": "Mitigations",
    "data_component": "Data components",
    "rule": "Detection rules",
    "control": "Controls",
}


def register(app: Dash) -> None:
    @app.callback(Output("search-results", "children"), Input("search-text", "value"), prevent_initial_call=True)
    def find(text: str | None) -> Any:
        viewer.current().require(Permission.READ)
        found = query.search(text or "")
        order = list(_KINDS)
        hits = [_hit(row) for row in sorted(found, key=lambda row: order.index(row["kind"]))]
        return frame.render_search(text or "", hits, limit_reached=_cut_off(found))


def _cut_off(found: Sequence[dict[str, Any]]) -> bool:
    """Whether some kind has as many hits as are asked for at most."""
    counts = Counter(row["kind"] for row in found)
    alone = [counts.pop(kind, 0) for kind in ("technique", "rule", "control")]
    return max(alone) >= query.EACH_MAX or counts.total() >= 2 * query.EACH_MAX


def _hit(row: dict[str, Any]) -> frame.Hit:
    kind, ref = row["kind"], str(row["ref"])
    if kind == "technique":
        href = f"/technique/{row['id']}"
    elif kind == "group":
        href = f"/actor/{row['id']}"
    elif kind == "data_component":
        href = f"/heatmap?data={row['id']}"
    elif kind == "control":
        href = f"/compliance/{ref}?control={quote(str(row['id']), safe='')}"
    elif kind == "rule":
        technique, _, key = ref.partition("|")
        href = f"/technique/{technique}?rule={key}" if technique else "/sources?source=sigma&kind=not_placed"
    else:
        href = ref
    return frame.Hit(kind=_KINDS[kind], id=row["id"], name=row["name"], href=href)
