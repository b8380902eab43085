"""What is shown, to take along: a Navigator layer, and rows of a table. The picture is `matrix_picture`."""

from collections.abc import Iterator, Mapping

from domain import navigator
from domain.csv_text import spreadsheet_safe
from domain.heatmap import STATUS_LABELS, Cell
from domain.heatmap_shown import Shown
from domain.heatmap_view import DOMAINS

_UNKNOWN = ("untested", "none")


def title(shown: Shown) -> str:
    return f"{shown.mode.title}, ATT&CK {DOMAINS[shown.domain]} {shown.version}"


def layer_of(shown: Shown, scope: str, colours: Mapping[str, str]) -> navigator.Layer:
    """The view as a Navigator layer. `scope`: the filters in words; `colours`: token -> #rrggbb.

    Techniques of which nothing is known are left out, as the Navigator means it, unless exactly they were singled out.
    A tactic is named only when the view is of one tactic; else a note holds under every tactic.
    """
    return navigator.Layer(
        name=f"Aegis: {title(shown)}",
        domain=shown.domain,
        attack_version=shown.version,
        description=f"{shown.headline_words()}. {shown.mode.definition} Score: {shown.mode.points_words}. "
        f"Scope: {scope}. As of {shown.day}.",
        notes=[_note(shown, i, colours) for i in shown.exported() if _annotated(shown, i)],
        platforms=list(shown.view.platforms) or list(shown.platforms),
        gradient=navigator.Gradient([colours[token] for token in shown.mode.gradient]) if shown.mode.gradient else None,
        legend=[
            (f"{bucket.label} ({count} of {shown.total})", colours[bucket.token])
            for bucket, count in zip(shown.buckets, shown.counts, strict=True)
            if count
        ],
        metadata=[
            ("Scope", scope),
            ("As of", shown.day),
            ("ATT&CK release", shown.version),
            ("Techniques and sub-techniques shown", str(shown.total)),
            (f"Techniques {shown.mode.headline}", str(shown.headline)),
        ],
        open_all=shown.view.subs == "all",
    )


def _annotated(shown: Shown, i: int) -> bool:
    known = shown.buckets[shown.bucket[i]].key not in _UNKNOWN or shown.mode.points(shown.cells[i]) is not None
    return known or shown.singled_out


def _note(shown: Shown, i: int, colours: Mapping[str, str]) -> navigator.Note:
    cell, bucket = shown.cells[i], shown.buckets[shown.bucket[i]]
    return navigator.Note(
        technique=cell.id,
        tactic=shown.view.tactic or None,
        score=shown.mode.points(cell) if cell.in_scope else None,
        colour=colours[bucket.token],
        comment=bucket.label + (", stale" if cell.stale else "") + (", to review" if cell.review else ""),
        metadata=[(name, value) for name, value in _facts(cell) if value],
    )


def _facts(cell: Cell) -> list[tuple[str, str]]:
    return [
        ("Status", STATUS_LABELS[cell.status]),
        ("Procedures detected or prevented", f"{cell.hits:g} of {cell.procedures}" if cell.procedures else ""),
        ("Validated tests", str(cell.tests) if cell.tests else ""),
        ("Score of 100", "" if cell.score is None else str(cell.score)),
        ("Enabled rules", str(cell.rules)),
        ("Days since newest evidence", "" if cell.freshness_days is None else str(cell.freshness_days)),
        ("Threat actors", str(cell.groups)),
    ]


COLUMNS = (
    "technique_id",
    "name",
    "parent_id",
    "tactics",
    "platforms",
    "in_scope",
    "status",
    "stale",
    "to_review",
    "score",
    "proven_percent",
    "procedures",
    "procedures_detected_or_prevented",
    "validated_tests",
    "unfinished_tests",
    "prevented",
    "alerted",
    "logged",
    "missed",
    "enabled_rules",
    "rules_not_placed",
    "evidence_age_days",
    "threat_actors",
    "shown_as",
    "attack_domain",
    "attack_version",
    "as_of",
)


def rows(shown: Shown) -> Iterator[list[object]]:
    """One row a technique, as `COLUMNS` name them; None where nothing is known. Texts are safe in a spreadsheet."""
    for i in shown.exported():
        cell = shown.cells[i]
        values: list[object] = [
            cell.id,
            cell.name,
            shown.cells[cell.parent].id if cell.parent >= 0 else None,
            "; ".join(shown.tactics[t].name for t in cell.tactics),
            "; ".join(shown.platforms[p] for p in cell.platforms),
            _yes(cell.in_scope),
            cell.status,
            _yes(cell.stale),
            _yes(cell.review),
            cell.score,
            cell.proven,
            cell.procedures,
            cell.hits if cell.proven is not None else None,
            cell.tests,
            cell.unfinished,
            cell.prevented,
            cell.alerted,
            cell.logged,
            cell.missed,
            cell.rules,
            cell.not_counted_rules,
            cell.freshness_days,
            cell.groups,
            shown.buckets[shown.bucket[i]].label,
            shown.domain,
            shown.version,
            shown.as_of,
        ]
        yield [spreadsheet_safe(value) for value in values]


def _yes(value: bool) -> str:
    return "yes" if value else "no"
