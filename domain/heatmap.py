"""What the heatmap can show: its colour modes, the buckets of each, and how a technique falls into one.

A mode never turns "not known" into 0: what was not tested, not scored or could not be placed has a bucket of its own
and no number. Counts in a legend count a technique once, however many tactics it stands under.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Texture = Literal["fill", "hatch", "hollow"]

FEW = 3  # under this many procedures a share is drawn as uncertain
FRESH_DAYS = 180
OUT_OF_SCOPE = "out_of_scope"
UNTESTED_LABEL = "Not tested"


class Cell(NamedTuple):
    """One technique or sub-technique. `parent` is an index into the same list or -1; `tactics` are column indexes.

    `score` and `proven` are 0..100 or None; `freshness_days` is the age of the newest evidence in days or None.
    """

    id: str
    name: str
    parent: int
    tactics: Sequence[int]
    platforms: Sequence[int]
    status: str
    stale: bool
    review: bool
    score: int | None
    proven: int | None
    procedures: int
    tests: int
    unfinished: int
    prevented: int
    alerted: int
    logged: int
    missed: int
    rules: int
    not_counted_rules: int
    freshness_days: int | None
    groups: int
    in_scope: bool
    own_groups: int = 0
    exploited: int = 0
    priority: str | None = None
    relevance: float | None = None

    @property
    def hits(self) -> float:
        """Procedures detected or prevented; one that held on half of its platforms is half a procedure."""
        exact = (self.proven or 0) * self.procedures / 100
        whole = round(exact)
        rounding = 0.005 * self.procedures + 1e-9  # `proven` is a whole number of per cent
        return whole if abs(exact - whole) <= rounding else round(exact, 1)


def cells_of(columns: Mapping[str, Sequence[Any]]) -> list[Cell]:
    """The parallel arrays of a matrix as one record a technique."""
    filled = {name: [value] * len(columns["id"]) for name, value in Cell._field_defaults.items()} | dict(columns)
    return list(map(Cell._make, zip(*(filled[name] for name in Cell._fields), strict=True)))


@dataclass(frozen=True, slots=True)
class Bucket:
    """One entry of a legend. `token` names the fill (`<token>-ink` the text on it); `glyph` says it without colour."""

    key: str
    label: str
    token: str
    glyph: str = ""
    texture: Texture = "fill"

    @property
    def fades(self) -> bool:
        """Whether stale evidence thins the fill out; a step of a ramp would then read as another step."""
        return self.token.startswith("c-")


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to colour the matrix.

    `bucket` and `value` read a cell; `points` is the same as an integer 0..100 (None: no number) for formats that know
    only that, and `points_words` says what it means there. `headline` names the techniques with a bucket in `counted`.
    """

    key: str
    title: str
    definition: str
    headline: str
    counted: frozenset[str]
    buckets: tuple[Bucket, ...]
    bucket: Callable[[Cell], str]
    value: Callable[[Cell], str]
    points: Callable[[Cell], int | None]
    points_words: str
    gradient: tuple[str, ...] = ()
    uncertain: Callable[[Cell], bool] = lambda _cell: False
    from_tests: bool = False  # what it shows is the outcome of tests, which can be stale

    def stale(self, cell: Cell) -> bool:
        return self.from_tests and cell.stale


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _capped(value: int) -> int:
    return min(value, 100)


def _step(value: int, bounds: Iterable[tuple[int, str]]) -> str:
    """The key of the last bound at or below `value`; bounds ascend."""
    found = ""
    for bound, key in bounds:
        if value < bound:
            break
        found = key
    return found


# --- coverage status

_STATUS = (
    Bucket("covered", "Covered", "c-alerted", "●"),
    Bucket("partial", "Partly", "c-logged", "◐"),
    Bucket("uncovered", "Not covered", "c-missed", "○"),
    Bucket("in_progress", "In progress", "c-progress", "▸"),
    Bucket("untested", UNTESTED_LABEL, "c-untested", "–", "hatch"),
)
STATUS_LABELS = {bucket.key: bucket.label for bucket in _STATUS}


def _share(cell: Cell) -> str:
    return f"{cell.hits:g}/{cell.procedures}" if cell.proven is not None else ""


# --- score and proven share

_SCORE_BOUNDS = ((0, "s0"), (20, "s20"), (40, "s40"), (60, "s60"), (80, "s80"))
_SCORE = (
    Bucket("s80", "80 to 100", "ramp-7"),
    Bucket("s60", "60 to 79", "ramp-5"),
    Bucket("s40", "40 to 59", "ramp-4"),
    Bucket("s20", "20 to 39", "ramp-2"),
    Bucket("s0", "0 to 19", "ramp-0"),
    Bucket("none", "No score", "c-untested", "–", "hatch"),
)

_PROVEN_BOUNDS = ((0, "p0"), (1, "p1"), (25, "p25"), (50, "p50"), (75, "p75"), (100, "p100"))
_PROVEN = (
    Bucket("p100", "100 %", "ramp-7", "●"),
    Bucket("p75", "75 to 99 %", "ramp-5"),
    Bucket("p50", "50 to 74 %", "ramp-4"),
    Bucket("p25", "25 to 49 %", "ramp-2"),
    Bucket("p1", "1 to 24 %", "ramp-1"),
    Bucket("p0", "0 %", "ramp-0", "○"),
    Bucket("none", UNTESTED_LABEL, "c-untested", "–", "hatch"),
)

# --- claimed

_CLAIMED_BOUNDS = ((1, "r1"), (2, "r2"), (5, "r5"), (10, "r10"), (25, "r25"))
_CLAIMED = (
    Bucket("r25", "25 or more", "ramp-7"),
    Bucket("r10", "10 to 24", "ramp-5"),
    Bucket("r5", "5 to 9", "ramp-4"),
    Bucket("r2", "2 to 4", "ramp-2"),
    Bucket("r1", "1 rule", "ramp-1"),
    Bucket("none", "No rule", "surface-2", "–"),
    Bucket("unplaced", "Rules not placed", "c-untested", "?", "hatch"),
)


def _claimed(cell: Cell) -> str:
    if cell.rules:
        return _step(cell.rules, _CLAIMED_BOUNDS)
    return "unplaced" if cell.not_counted_rules else "none"


# --- claimed minus proven: what is claimed beyond proof warns, what is proven beyond claims reassures

_GAP = (
    Bucket("over3", "+100: claimed, missed in every test", "diverge-0", "▲"),
    Bucket("over2", "+51 to +99", "diverge-1", "▲"),
    Bucket("over1", "+1 to +50", "diverge-2", "▴"),
    Bucket("even", "0: claim and proof agree", "diverge-3", "="),
    Bucket("under1", "-1 to -50", "diverge-4", "▾"),
    Bucket("under2", "-51 to -99", "diverge-5", "▼"),
    Bucket("under3", "-100: proven without a rule", "diverge-6", "▼"),
    Bucket("claim_only", "Rules, never tested", "c-untested", "?", "hatch"),
    Bucket("unplaced", "Rules not placed, never tested", "c-untested", "¿", "hatch"),
    Bucket("none", "No rule, never tested", "c-untested", "–", "hatch"),
)
_GAP_BOUNDS = (
    (-100, "under3"),
    (-99, "under2"),
    (-50, "under1"),
    (0, "even"),
    (1, "over1"),
    (51, "over2"),
    (100, "over3"),
)


def _gap_points(cell: Cell) -> int | None:
    """Claimed (100 with an enabled rule, else 0) minus the proven share, in points; None when never tested."""
    return None if cell.proven is None else (100 if cell.rules else 0) - cell.proven


def _at_least_none(points: int | None) -> int | None:
    return None if points is None else max(points, 0)


def _gap(cell: Cell) -> str:
    points = _gap_points(cell)
    if points is not None:
        return _step(points, _GAP_BOUNDS)
    if cell.rules:
        return "claim_only"
    return "unplaced" if cell.not_counted_rules else "none"


def _signed(value: int | None) -> str:
    return "" if value is None else f"{value:+d}" if value else "0"


# --- freshness

_FRESHNESS_BOUNDS = ((0, "d30"), (31, "d90"), (91, "d180"), (181, "d365"), (366, "older"))
_FRESHNESS = (
    Bucket("d30", "Up to 30 days", "ramp-7"),
    Bucket("d90", "31 to 90 days", "ramp-5"),
    Bucket("d180", "91 to 180 days", "ramp-4"),
    Bucket("d365", "181 to 365 days, stale", "ramp-2", "◔"),
    Bucket("older", "Over a year, stale", "ramp-0", "◔"),
    Bucket("none", "No evidence", "c-untested", "–", "hatch"),
)


def _freshness(cell: Cell) -> str:
    return "none" if cell.freshness_days is None else _step(max(cell.freshness_days, 0), _FRESHNESS_BOUNDS)


def _freshness_points(cell: Cell) -> int | None:
    if cell.freshness_days is None:
        return None
    return max(0, 100 - round(max(cell.freshness_days, 0) * 100 / 365))


def days_words(days: int) -> str:
    """An age as it stands in a cell: "34 d", and from two years on "2 y"."""
    return f"{days} d" if days < 730 else f"{days // 365} y"


# --- threat relevance

_THREAT_BOUNDS = ((0, "none"), (1, "g1"), (3, "g3"), (6, "g6"), (11, "g11"), (21, "g21"))
_THREAT = (
    Bucket("g21", "21 or more", "ramp-7"),
    Bucket("g11", "11 to 20", "ramp-5"),
    Bucket("g6", "6 to 10", "ramp-4"),
    Bucket("g3", "3 to 5", "ramp-2"),
    Bucket("g1", "1 or 2", "ramp-1"),
    Bucket("none", "No known actor", "surface-2", "–"),
)


def _keys(buckets: Iterable[Bucket], *without: str) -> frozenset[str]:
    return frozenset(bucket.key for bucket in buckets if bucket.key not in without)


_RAMP = tuple(f"ramp-{step}" for step in range(8))

MODES: dict[str, Mode] = {
    mode.key: mode
    for mode in (
        Mode(
            key="status",
            from_tests=True,
            title="Coverage status",
            definition="From the latest validated test of each procedure on each platform: covered when all were "
            "detected or prevented, partly when some were, not covered when none was.",
            headline="covered",
            counted=frozenset({"covered"}),
            buckets=_STATUS,
            bucket=lambda cell: cell.status,
            value=_share,
            points=lambda cell: cell.proven,
            points_words="share of procedures detected or prevented, in per cent",
            gradient=_RAMP,
        ),
        Mode(
            key="score",
            title="Score",
            definition="0 to 100: tests, rules, countermeasures, freshness and platforms, each by its weight.",
            headline="scored 60 or more",
            counted=frozenset({"s60", "s80"}),
            buckets=_SCORE,
            bucket=lambda cell: "none" if cell.score is None else _step(cell.score, _SCORE_BOUNDS),
            value=lambda cell: _number(cell.score),
            points=lambda cell: cell.score,
            points_words="score, 0 to 100",
            gradient=_RAMP,
        ),
        Mode(
            key="proven",
            from_tests=True,
            title="Proven by tests",
            definition="Share of procedures whose latest validated test was detected or prevented. "
            f"Under {FEW} procedures a cell is drawn hollow: too few to tell.",
            headline="with validated tests",
            counted=_keys(_PROVEN, "none"),
            buckets=_PROVEN,
            bucket=lambda cell: "none" if cell.proven is None else _step(cell.proven, _PROVEN_BOUNDS),
            value=lambda cell: _number(cell.proven),
            points=lambda cell: cell.proven,
            points_words="share of procedures detected or prevented, in per cent",
            gradient=_RAMP,
            uncertain=lambda cell: cell.proven is not None and cell.procedures < FEW,
        ),
        Mode(
            key="claimed",
            title="Claimed by rules",
            definition="Number of enabled detection rules that name the technique. A rule is a claim, not a proof.",
            headline="with an enabled rule",
            counted=_keys(_CLAIMED, "none", "unplaced"),
            buckets=_CLAIMED,
            bucket=_claimed,
            value=lambda cell: str(cell.rules) if cell.rules or not cell.not_counted_rules else "",
            points=lambda cell: _capped(cell.rules) if cell.rules or not cell.not_counted_rules else None,
            points_words="enabled detection rules, counted up to 100",
            gradient=_RAMP,
        ),
        Mode(
            key="gap",
            from_tests=True,
            title="Claimed minus proven",
            definition="100 when an enabled rule claims the technique, else 0, minus the proven share in per cent. "
            "Above 0 more is claimed than tests show.",
            headline="claimed beyond proof",
            counted=frozenset({"over1", "over2", "over3"}),
            buckets=_GAP,
            bucket=_gap,
            value=lambda cell: _signed(_gap_points(cell)),
            points=lambda cell: _at_least_none(_gap_points(cell)),
            points_words="points claimed beyond proof; 0 where proof is at least the claim",
            uncertain=lambda cell: cell.proven is not None and cell.procedures < FEW,
        ),
        Mode(
            key="freshness",
            title="Freshness",
            definition=f"Age of the newest evidence. Older than {FRESH_DAYS} days is stale.",
            headline=f"with evidence of the last {FRESH_DAYS} days",
            counted=frozenset({"d30", "d90", "d180"}),
            buckets=_FRESHNESS,
            bucket=_freshness,
            value=lambda cell: "" if cell.freshness_days is None else days_words(max(cell.freshness_days, 0)),
            points=_freshness_points,
            points_words="100 for evidence of today, falling evenly to 0 at a year or older",
            gradient=_RAMP,
        ),
        Mode(
            key="threat",
            title="Threat relevance",
            definition="Number of threat actors (ATT&CK groups) known to use the technique.",
            headline="used by a known actor",
            counted=_keys(_THREAT, "none"),
            buckets=_THREAT,
            bucket=lambda cell: _step(cell.groups, _THREAT_BOUNDS),
            value=lambda cell: str(cell.groups),
            points=lambda cell: _capped(cell.groups),
            points_words="threat actors known to use the technique, counted up to 100",
            gradient=_RAMP,
        ),
    )
}
DEFAULT_MODE = "status"
OUT_OF_SCOPE_BUCKET = Bucket(OUT_OF_SCOPE, "Out of scope", "surface-2", "×")
