"""One view of the matrix, decided: which techniques are there, in which bucket, with what number; and the legend.

The screen, the picture, the spreadsheet and the Navigator layer all draw this one object, so they cannot disagree.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.heatmap import MODES, OUT_OF_SCOPE, OUT_OF_SCOPE_BUCKET, Bucket, Cell, Mode, cells_of
from domain.heatmap_view import View

HIDDEN, SHOWN, CONTEXT = 0, 1, 2  # CONTEXT: there only because a sub-technique below it is; in no count


@dataclass(frozen=True, slots=True)
class TacticColumn:
    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What an imported layer says of one technique, under one tactic or (tactic None) under all of them."""

    technique: str
    tactic: str | None
    score: float | None
    colour: str | None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    id: str
    name: str
    marks: Sequence[Mark]
    placed: int
    not_placed: int


@dataclass(frozen=True, slots=True)
class Shown:
    """`state`, `bucket` (index into `buckets`), `value` and `lit` run parallel to `cells`.

    `as_of` is an ISO date (UTC). `lit` is False for what a search or a pinned legend entry dims. `columns` has
    (headline count, techniques in scope) a tactic; `counts` runs parallel to `buckets`; `total` is the number of
    techniques shown and in scope.
    """

    view: View
    mode: Mode
    domain: str
    version: str
    shortened: bool
    as_of: str
    tactics: Sequence[TacticColumn]
    platforms: Sequence[str]
    cells: Sequence[Cell]
    state: Sequence[int]
    buckets: Sequence[Bucket]
    bucket: Sequence[int]
    value: Sequence[str]
    lit: Sequence[bool]
    counts: Sequence[int]
    columns: Sequence[tuple[int, int]]
    headline: int
    total: int
    stale: int
    review: int
    overlay: Overlay | None = None

    @property
    def visible_tactics(self) -> list[int]:
        """Indexes of the columns drawn: the filtered tactic, or every tactic."""
        return [i for i, tactic in enumerate(self.tactics) if self.view.tactic in ("", tactic.key)]

    @property
    def day(self) -> str:
        """`as_of` for people: 20 Nov 2026."""
        day = date.fromisoformat(self.as_of)
        return f"{day.day} {day:%b %Y}"

    @property
    def singled_out(self) -> bool:
        return bool(self.view.find or self.view.only)

    def exported(self) -> list[int]:
        """Indexes of the techniques an export lists: shown, and singled out when something is."""
        return [i for i, state in enumerate(self.state) if state == SHOWN and self.lit[i]]

    def headline_words(self) -> str:
        return f"{self.headline:,} of {self.total:,} techniques {self.mode.headline}"


def matches(text: str, cell: Cell) -> bool:
    """Every word of `text` stands in the id or the name, in any case. The page's own search follows the same rule."""
    if not text:
        return True
    hay = f"{cell.id} {cell.name}".casefold()
    return all(word in hay for word in text.casefold().split())


def _states(cells: Sequence[Cell], tactic: int, platforms: Set[int], wanted: Set[str] | None) -> list[int]:
    def passes(cell: Cell) -> bool:
        return (
            (tactic < 0 or tactic in cell.tactics)
            and (not platforms or not platforms.isdisjoint(cell.platforms))
            and (wanted is None or cell.id in wanted)
        )

    states = [SHOWN if passes(cell) else HIDDEN for cell in cells]
    for i, cell in enumerate(cells):
        if states[i] == SHOWN and cell.parent >= 0 and states[cell.parent] == HIDDEN:
            states[cell.parent] = CONTEXT
    return states


def decide(
    matrix: Mapping[str, Any],
    view: View,
    *,
    wanted: Set[str] | None = None,
    overlay: Overlay | None = None,
) -> Shown:
    """Apply a view to a matrix. `wanted`: technique ids that the actor and data filters leave; None: no filter."""
    cells = cells_of(matrix["cells"])
    mode = MODES[view.mode]
    tactics = [TacticColumn(str(t["id"]), str(t["key"]), str(t["name"])) for t in matrix["tactics"]]
    names: Sequence[str] = matrix["platforms"]
    platforms = {i for i, name in enumerate(names) if name in view.platforms}
    tactic = next((i for i, column in enumerate(tactics) if column.key == view.tactic), -1)
    state = _states(cells, tactic, platforms, wanted)

    buckets = (*mode.buckets, OUT_OF_SCOPE_BUCKET)
    position = {bucket.key: i for i, bucket in enumerate(buckets)}
    bucket = [position[mode.bucket(cell) if cell.in_scope else OUT_OF_SCOPE] for cell in cells]
    counted = {position[key] for key in mode.counted}
    here = [i for i, at in enumerate(state) if at == SHOWN]
    in_scope = [i for i in here if cells[i].in_scope]
    counts = Counter(bucket[i] for i in here)
    columns = [[0, 0] for _ in tactics]
    for i in in_scope:
        for column in cells[i].tactics:
            columns[column][0] += bucket[i] in counted
            columns[column][1] += 1
    pinned = position.get(view.only, -1)
    return Shown(
        view=view,
        mode=mode,
        domain=str(matrix["domain"]),
        version=str(matrix["version"]),
        shortened=bool(matrix.get("shortened")),
        as_of=str(matrix["as_of"]),
        tactics=tactics,
        platforms=names,
        cells=cells,
        state=state,
        buckets=buckets,
        bucket=bucket,
        value=[mode.value(cell) for cell in cells],
        lit=[(pinned < 0 or bucket[i] == pinned) and matches(view.find, cell) for i, cell in enumerate(cells)],
        counts=[counts[i] for i in range(len(buckets))],
        columns=[(column[0], column[1]) for column in columns],
        headline=sum(bucket[i] in counted for i in in_scope),
        total=len(in_scope),
        stale=sum(cells[i].stale for i in in_scope),
        review=sum(cells[i].review for i in in_scope),
        overlay=overlay,
    )
