"""The ATT&CK matrix as one node of the Dash tree; its other half is `assets/matrix.js`.

`frame` are the techniques and columns, `paint` is what is known of them. A callback that answers the same frame as
before sends only the paint, and the browser recolours without building anything anew.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

from domain.heatmap import OUT_OF_SCOPE, STATUS_LABELS, Cell
from domain.heatmap_shown import SHOWN, Mark, Shown
from domain.heatmap_view import DEFAULT_DOMAIN
from pages.components.parts import Part

_STALE, _REVIEW, _UNCERTAIN = 1, 2, 4


class Matrix(Part):
    """`frame()`, `paint()`, or a `message` {title, text, action?, href?} in their place."""

    _names = ("frame", "paint", "message")


def technique_href(domain: str) -> str:
    """The address of a technique's page with `{id}` where its id goes."""
    query = "" if domain == DEFAULT_DOMAIN else "?" + urlencode({"domain": domain})
    return "/technique/{id}" + query


def message(title: str, text: str, action: str = "", href: str = "") -> dict[str, str]:
    return {"title": title, "text": text, "action": action, "href": href}


def frame(shown: Shown) -> dict[str, Any]:
    """Parallel arrays, one entry a technique: `ids`, `names`, `parents` (index or -1), `tactics_of` (columns)."""
    return {
        "tactics": [[tactic.id, tactic.key, tactic.name] for tactic in shown.tactics],
        "ids": [cell.id for cell in shown.cells],
        "names": [cell.name for cell in shown.cells],
        "parents": [cell.parent for cell in shown.cells],
        "tactics_of": [list(cell.tactics) for cell in shown.cells],
        "href": technique_href(shown.domain),
    }


def frame_key(shown: Shown) -> str:
    """Changes whenever `frame` does."""
    told = [*(f"{tactic.key}{tactic.name}" for tactic in shown.tactics)]
    told += [f"{cell.id}{cell.name}{cell.parent}{cell.tactics}" for cell in shown.cells]
    return f"{shown.domain}:{shown.version}:{crc32(''.join(told).encode()):x}"


def paint(shown: Shown) -> dict[str, Any]:
    """Parallel to the frame: `state`, `bucket`, `value`, `flags`.

    `said` is [texts, which text each technique has]; `facts` are [label, texts, which] for the card.
    """
    return {
        "title": shown.mode.title,
        "definition": shown.mode.definition,
        "headline": shown.mode.headline,
        "buckets": [
            {
                "key": bucket.key,
                "label": bucket.label,
                "token": bucket.token,
                "glyph": bucket.glyph,
                "texture": bucket.texture,
                "count": count,
                "fades": bucket.fades,
                "counts": bucket.key != OUT_OF_SCOPE,  # whether it is part of the total
            }
            for bucket, count in zip(shown.buckets, shown.counts, strict=True)
        ],
        "total": shown.total,
        "noun": "techniques in scope" if shown.counts[-1] else "techniques",
        "marks": _marks(shown),
        "visible": shown.visible_tactics,
        "columns": [list(column) for column in shown.columns],
        "state": list(shown.state),
        "bucket": list(shown.bucket),
        "value": list(shown.value),
        "flags": [_flags(shown, cell) for cell in shown.cells],
        "said": _shared(_said(cell) for cell in shown.cells),
        "facts": _facts(shown),
        "overlay": _overlay(shown),
    }


def _flags(shown: Shown, cell: Cell) -> int:
    return _STALE * shown.mode.stale(cell) + _REVIEW * cell.review + _UNCERTAIN * shown.mode.uncertain(cell)


def _marks(shown: Shown) -> list[list[str]]:
    marks = [
        ["stale", "Stale", sum(map(shown.mode.stale, _here(shown)))],
        ["review", "To review", shown.review],
        ["uncertain", "Too few", sum(map(shown.mode.uncertain, _here(shown)))],
    ]
    if shown.overlay:
        marks.append(["overlay", shown.overlay.name, shown.overlay.placed])
    return [[str(kind), str(label), f"{count:,}"] for kind, label, count in marks if count]


def _here(shown: Shown) -> list[Cell]:
    return [cell for cell, state in zip(shown.cells, shown.state, strict=True) if state == SHOWN and cell.in_scope]


def _said(cell: Cell) -> str:
    """What a screen reader adds to bucket and value: how much stands behind them."""
    return f"{_plural(cell.procedures, 'procedure')} tested, {_plural(cell.rules, 'rule')}"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _outcomes(cell: Cell) -> str:
    counts = (("P", cell.prevented), ("A", cell.alerted), ("L", cell.logged), ("M", cell.missed))
    return " · ".join(f"{letter} {count}" for letter, count in counts if count)


def _status(cell: Cell) -> str:
    words = STATUS_LABELS[cell.status]
    if not cell.in_scope:
        words += ", out of scope"
    return words + (", stale" if cell.stale else "") + (", to review" if cell.review else "")


def _count(value: int) -> str:
    return f"{value:,}" if value else ""


_FACTS: tuple[tuple[str, Callable[[Cell], str]], ...] = (
    ("Status", _status),
    ("Procedures", lambda cell: f"{cell.hits:g} of {cell.procedures} detected or prevented" if cell.procedures else ""),
    ("Validated tests", lambda cell: _count(cell.tests)),
    ("Outcomes", _outcomes),
    ("Unfinished tests", lambda cell: _count(cell.unfinished)),
    ("Newest evidence", lambda cell: "" if cell.freshness_days is None else f"{cell.freshness_days:,} days old"),
    ("Score", lambda cell: "" if cell.score is None else f"{cell.score} of 100"),
    ("Enabled rules", lambda cell: f"{cell.rules:,}"),
    ("Rules not placed", lambda cell: _count(cell.not_counted_rules)),
    ("Threat actors", lambda cell: f"{cell.groups:,}" + (f", {cell.own_groups:,} ours" if cell.own_groups else "")),
    ("Known exploited", lambda cell: _count(cell.exploited)),
    ("Own priority", lambda cell: cell.priority or ""),
    ("Relevance", lambda cell: "" if cell.relevance is None else f"{cell.relevance:.1f}"),
)


def _facts(shown: Shown) -> list[list[Any]]:
    facts = [(label, [words(cell) for cell in shown.cells]) for label, words in _FACTS]
    facts.append(("Sub-techniques", _below(shown)))
    facts.append(("Platforms", [", ".join(shown.platforms[i] for i in cell.platforms) for cell in shown.cells]))
    return [[label, *_shared(texts)] for label, texts in facts if any(texts)]


def _shared(texts: Iterable[str]) -> list[Any]:
    """Each text once, and for each technique which one: a fifth of the size on the wire."""
    numbers: dict[str, int] = {}
    which = [numbers.setdefault(text, len(numbers)) for text in texts]
    return [list(numbers), which]


def _below(shown: Shown) -> list[str]:
    """Sub-techniques roll up to their parent as a figure of their own, in the words of the mode."""
    counted = {i for i, bucket in enumerate(shown.buckets) if bucket.key in shown.mode.counted}
    found = [[0, 0] for _ in shown.cells]
    for i, cell in enumerate(shown.cells):
        if cell.parent >= 0 and shown.state[i] == SHOWN and cell.in_scope:
            found[cell.parent][0] += shown.bucket[i] in counted
            found[cell.parent][1] += 1
    return [f"{n} of {total} {shown.mode.headline}" if total else "" for n, total in found]


def _overlay(shown: Shown) -> dict[str, Any] | None:
    if shown.overlay is None:
        return None
    index = {cell.id: i for i, cell in enumerate(shown.cells) if shown.state[i] != 0}
    column = {tactic.key: t for t, tactic in enumerate(shown.tactics)}
    marks = [_mark(mark, index, column) for mark in shown.overlay.marks if mark.technique in index]
    return {"name": shown.overlay.name, "marks": marks}


def _mark(mark: Mark, index: dict[str, int], column: dict[str, int]) -> list[Any]:
    where = -1 if mark.tactic is None else column.get(mark.tactic, -1)
    score = "" if mark.score is None else f"{mark.score:g}"
    return [index[mark.technique], where, score, mark.colour or "", mark.comment[:200]]
