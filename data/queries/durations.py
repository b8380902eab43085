"""How long it takes to detect, contain and remediate: the figures of the metrics page and of `aegis metrics`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from data import cache
from data.queries import months, reader, survival
from data.queries.months import LEFT_OUT, STILL_OPEN, code
from domain.durations import About, By, Measure
from domain.durations_view import View
from domain.statistics import Share

TOPICS = ("tests", "techniques", "templates", "weights")
GROUPS_MAX = 200  # listed; a template each of thousands is no answer
MULTIPLES = 6  # groups that get a curve of their own
NONE = ""  # the key of those that belong to no group
TICKS = (60, 600, 3_600, 28_800, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400, 365 * 86_400)
EDGES = (60, 300, 900, 3_600, 4 * 3_600, 8 * 3_600, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400)

# What codes mean: {code, key, label, position}. A technique under two tactics counts in both.
_NAMES: Mapping[By, str] = {
    By.TACTIC: f"""SELECT {code("link.technique_id")} AS code, tactic.shortname AS key, tactic.name AS label,
      coalesce(tactic.position, 99) AS position
      FROM technique_tactic AS link JOIN tactic ON tactic.id = link.tactic_id AND tactic.active""",
    By.PLATFORM: f"""SELECT {code("platform")}, platform, platform, 0
      FROM (SELECT DISTINCT platform FROM rollup_technique_month) AS known""",
    By.ACTOR: f"""SELECT {code("c.id")}, c.actor_attack_id, coalesce((SELECT name FROM attack_object
        WHERE kind = 'group' AND attack_id = c.actor_attack_id ORDER BY active DESC, domain LIMIT 1),
        c.actor_attack_id), 0
      FROM test_campaign AS c WHERE c.actor_attack_id IS NOT NULL""",
    By.TEAM: f"SELECT {code('id')}, team, team, 0 FROM user_account WHERE team <> ''",
    By.PERSON: f"SELECT {code('id')}, id::text, display_name, 0 FROM user_account",
    By.TOOL: f"SELECT {code('id')}, slug, name, 0 FROM defence_tool",
    By.SOURCE: f"SELECT {code('id')}, source, source, 0 FROM test_template",
    By.TEMPLATE: f"SELECT {code('id')}, id::text, name, 0 FROM test_template",
}
_COLUMN: Mapping[By, str] = {
    By.TACTIC: "technique",
    By.PLATFORM: "platform",
    By.ACTOR: "campaign",
    By.TEAM: "person",
    By.PERSON: "person",
    By.TOOL: "tool",
    By.SOURCE: "template",
    By.TEMPLATE: "template",
}
_LEVELS = """SELECT measure, seconds, share, reason, author_name, decided_at FROM service_level ORDER BY measure"""
_PLATFORMS = "SELECT DISTINCT platform FROM rollup_technique_month WHERE validated > 0 ORDER BY 1"
_TACTICS = """SELECT shortname, min(name) AS name FROM tactic WHERE active
GROUP BY shortname ORDER BY min(position), shortname"""


def metrics(view: View) -> Mapping[str, Any]:
    """Everything the page shows of a view, as of this hour.

    `{as_of, first, last, figures, left_out, curve, groups, of_groups, multiples, months, before, alike, effort,
    distribution, level}`; figures are {cases, happened, share, median, ...} as `survival.SUMMARY` names them.
    """
    return _kept("durations", _metrics, view)


def headline(view: View) -> Mapping[str, Any]:
    """Only the `figures` of `metrics`."""
    return _kept("durations headline", _headline, view)


def _kept(name: str, make: Callable[[View, datetime], dict[str, Any]], view: View) -> Mapping[str, Any]:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    asked = {"view": view.query(), "hour": hour.isoformat()}

    def compute() -> dict[str, Any]:
        now = hour + timedelta(hours=1)
        try:
            return make(view, now)
        except FileNotFoundError:  # another process has put a newer month in the place of one that was about to be read
            return make(view, now)

    answer: Mapping[str, Any] = cache.answer(name, asked, TOPICS, compute)
    return answer


def choices() -> Mapping[str, Any]:
    """What can be filtered by: `{platforms: [...], tactics: [[shortname, name]]}`."""

    def compute() -> dict[str, Any]:
        platforms = [row["platform"] for row in reader.rows(_PLATFORMS)]
        tactics = [[row["shortname"], row["name"]] for row in reader.rows(_TACTICS)]
        return {"platforms": platforms, "tactics": tactics}

    answer: Mapping[str, Any] = cache.answer("durations choices", {}, TOPICS, compute)
    return answer


def by_month_and_tactic(measure: Measure = Measure.DETECT) -> pl.DataFrame:
    """The widest question: every month and tactic at once, over all tests. {month, tactic, and survival's columns}."""
    cases = _Cases.of(View(measure=measure, months=0), datetime.now(UTC))
    groups = _names(By.TACTIC)
    frame = cases.rows.join(groups.codes.lazy(), left_on="technique", right_on="code", how="inner")
    first = cases.first_month
    found = survival.summaries(
        frame.select("key", group=(pl.col("month") - months.number_of(first)) * 64 + pl.col("group")),
        horizon=measure.about.horizon,
        bands=False,
    )
    labels = dict(enumerate(groups.labels))
    return found.with_columns(
        month=(pl.col("group") // 64 + months.number_of(first)),
        tactic=(pl.col("group") % 64).replace_strict(labels, return_dtype=pl.String),
    )


@dataclass(frozen=True, slots=True)
class _Names:
    """`codes` {code, group}; the group is the position in `keys` and `labels`, 0 that of no group."""

    codes: pl.DataFrame
    keys: Sequence[str]
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Cases:
    """The cases of a view: `rows` {key, month, codes} of its period, `before` those of the period before it; those
    left out are in neither, but in `everything`, whose keys may be LEFT_OUT."""

    measure: Measure
    rows: pl.LazyFrame
    before: pl.LazyFrame | None
    everything: pl.LazyFrame
    first_month: date
    last_month: date

    @classmethod
    def of(cls, view: View, now: datetime, *, tools: bool = False) -> "_Cases":
        today = now.date()
        first, earlier = view.first(today), view.first_before(today)
        stamps = {month: stamp for month, stamp in months.stamps().items() if earlier is None or month >= earlier}
        read = months.tools if tools else months.tests
        frames = dict(zip(stamps, read(stamps), strict=True))
        chosen = [frame for month, frame in frames.items() if first is None or month >= first]
        others = [frame for month, frame in frames.items() if first is not None and month < first]
        starts = first or (min(stamps) if stamps else today.replace(day=1))
        everything = _keyed(chosen, view, now, tools=tools)
        return cls(
            measure=view.measure,
            rows=everything.filter(pl.col("key") >= 0),
            before=_keyed(others, view, now, tools=tools).filter(pl.col("key") >= 0) if first else None,
            everything=everything,
            first_month=starts,
            last_month=max([*stamps, today.replace(day=1)]),
        )

    def held(self, by: By) -> "_Cases":
        """Only what the figures by this need, read once for all of them."""
        twice = ["key", "month", *(("procedure", "executed") if self.before is not None else ())]
        once = [*twice, *([_COLUMN[by]] if by in _COLUMN and by is not By.TOOL else ()), "red_effort", "blue_effort"]
        everything = self.everything.select(once).collect().lazy()
        return replace(
            self,
            rows=everything.filter(pl.col("key") >= 0),
            before=self.before.select(twice).collect().lazy() if self.before is not None else None,
            everything=everything,
        )


def _keyed(frames: Sequence[pl.LazyFrame], view: View, now: datetime, *, tools: bool) -> pl.LazyFrame:
    """The rows of the measure's population that the filters let through, what is still open censored now."""
    rows = pl.concat([pl.LazyFrame(schema=months.TOOLS if tools else months.TESTS), *frames])
    key = pl.col(view.measure.value)
    if view.measure is Measure.REMEDIATE:
        opened = pl.col("opened")
        until_now = pl.when(opened.is_null()).then(LEFT_OUT).otherwise(
            2 * (int(now.timestamp()) - opened).clip(lower_bound=0) + 1
        )  # fmt: skip
        key = pl.when(key == STILL_OPEN).then(until_now).otherwise(key)
    rows = rows.filter(pl.col(view.measure.value).is_not_null()).with_columns(key=key.cast(pl.Int64))
    if view.platforms:
        asked = [row["code"] for row in reader.rows(
            f"SELECT {code('name')} AS code FROM unnest({reader.split('$1')}) AS name", reader.joined(view.platforms)
        )]  # fmt: skip
        rows = rows.filter(pl.col("platform").is_in(asked))
    if view.tactic:
        names = _names(By.TACTIC)
        group = names.keys.index(view.tactic) if view.tactic in names.keys else -1
        inside = names.codes.filter(pl.col("group") == group)["code"].unique().to_list()
        rows = rows.filter(pl.col("technique").is_in(inside))
    return rows


def _headline(view: View, now: datetime) -> dict[str, Any]:
    return _one(_Cases.of(view, now).rows.select("key").collect().lazy(), view.measure.about, None)


def _metrics(view: View, now: datetime) -> dict[str, Any]:
    about = view.measure.about
    cases = _Cases.of(view, now).held(view.by)
    level = next((row for row in reader.rows(_LEVELS) if row["measure"] == view.measure), None)
    seconds = level["seconds"] if level else None
    groups = _groups(view, cases, now, about, seconds)
    return {
        "as_of": now if view.measure is Measure.REMEDIATE else None,
        "first": cases.first_month,
        "last": cases.last_month,
        "figures": _one(cases.rows, about, seconds),
        "left_out": cases.everything.select((pl.col("key") == LEFT_OUT).sum()).collect().item(),
        "curve": {"ticks": TICKS, **survival.curve(cases.rows, TICKS)},
        "groups": groups[:GROUPS_MAX],
        "of_groups": len(groups),
        "months": _months(cases, about, seconds),
        "before": _one(cases.before, about, seconds) if cases.before is not None else None,
        "alike": _alike(cases, about) if cases.before is not None else None,
        "effort": _effort(cases.everything),
        "distribution": _distribution(cases.rows),
        "level": level,
    }


def _groups(view: View, cases: _Cases, now: datetime, about: About, level: int | None) -> list[dict[str, Any]]:
    """A row a group, most cases first but for those that have an order of their own; a few with a curve."""
    if view.by is By.MONTH:
        return _months(cases, about, level, before=False)
    names, column = _names(view.by), _COLUMN[view.by]
    rows = _Cases.of(view, now, tools=True).rows if view.by is By.TOOL else cases.rows
    several = view.by is By.TACTIC
    grouped = rows.join(names.codes.lazy(), left_on=column, right_on="code", how="left").with_columns(
        pl.col("group").fill_null(0)
    )
    found = [
        {"key": names.keys[row.pop("group")], **row}
        for row in survival.summaries(grouped.select("group", "key"), horizon=about.horizon, level=level).to_dicts()
    ]
    labels = dict(zip(names.keys, names.labels, strict=True))
    made = [{"label": labels[row["key"]], **_said(row)} for row in found]
    made = made if several else sorted(made, key=lambda row: (not row["key"], -row["cases"], row["label"]))
    shown = sorted((row for row in made if row["key"]), key=lambda row: -row["cases"])[:MULTIPLES]
    for row in shown:
        mine = grouped.filter(pl.col("group") == names.keys.index(row["key"]))
        row["curve"] = survival.curve(mine, ())
    return made


def _months(cases: _Cases, about: About, level: int | None, *, before: bool = True) -> list[dict[str, Any]]:
    """A row a month, oldest first; with `before`, those of the period before too."""
    parts = [cases.rows] if cases.before is None or not before else [cases.before, cases.rows]
    rows = pl.concat([part.select("key", "month") for part in parts])
    found = survival.summaries(rows.select("key", group="month"), horizon=about.horizon, level=level)
    made = []
    for row in found.to_dicts():
        year, index = divmod(row.pop("group"), 12)
        month = date(year, index + 1, 1)
        made.append({"key": month.isoformat()[:7], "label": f"{month:%b %Y}", **_said(row)})
    return made


def _one(rows: pl.LazyFrame, about: About, level: int | None) -> dict[str, Any]:
    found = survival.summaries(
        rows.select("key", group=pl.lit(0, pl.Int64)), horizon=about.horizon, level=level
    ).to_dicts()
    empty = dict.fromkeys(survival.SUMMARY, None) | {"cases": 0, "happened": 0}
    row = found[0] if found else empty
    row.pop("group", None)
    return _said(row)


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "share": Share.count(row["happened"], row["cases"])}


def _alike(cases: _Cases, about: About) -> dict[str, Any]:
    """The procedures (on a platform) of both periods, once each by their latest test in either."""
    assert cases.before is not None  # noqa: S101 - only asked where there is one
    now, before = (_latest(rows) for rows in (cases.rows, cases.before))
    both = now.join(before, on="procedure", suffix="_before").collect()
    return {
        "procedures": both.height,
        "now": _one(both.lazy().select("key"), about, None),
        "before": _one(both.lazy().select(key="key_before"), about, None),
    }


def _latest(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.group_by("procedure").agg(pl.col("key").sort_by("executed", "key").last())


def _effort(rows: pl.LazyFrame) -> dict[str, Any]:
    """Seconds people worked on these tests, pauses not counted: in all, and the median of a test."""
    sides = [
        part
        for side in ("red", "blue")
        for part in (
            pl.col(f"{side}_effort").cast(pl.Int64).sum().alias(side),
            pl.col(f"{side}_effort").filter(pl.col(f"{side}_effort") > 0).median().alias(f"{side}_median"),
            (pl.col(f"{side}_effort") > 0).sum().alias(f"{side}_tests"),
        )
    ]
    return rows.select(pl.len().alias("tests"), *sides).collect().row(0, named=True)


def _distribution(rows: pl.LazyFrame) -> list[dict[str, int]]:
    """Cases by how long they took or were watched, between EDGES: `{happened, censored}`, one more than edges."""
    seconds = pl.col("key") // 2
    place = pl.sum_horizontal((seconds >= edge).cast(pl.Int32) for edge in EDGES)
    found = (
        rows.group_by(place.alias("place"))
        .agg(happened=(pl.col("key") % 2 == 0).sum(), censored=(pl.col("key") % 2 == 1).sum())
        .collect()
    )
    by_place = {row["place"]: row for row in found.to_dicts()}
    return [
        {name: by_place.get(place, {}).get(name, 0) for name in ("happened", "censored")}
        for place in range(len(EDGES) + 1)
    ]


def _names(by: By) -> _Names:
    found = reader.frame(f"SELECT code, key, label, position FROM ({_NAMES[by]}) AS named (code, key, label, position)")
    ordered = found.group_by("key").agg(pl.col("label").min(), pl.col("position").min()).sort("position", "label")
    groups = ordered.with_columns(group=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    codes = found.select("code", "key").unique().join(groups.select("key", "group"), on="key").select("code", "group")
    nameless = "No team" if by is By.TEAM else "None"
    return _Names(codes, [NONE, *groups["key"]], [nameless, *groups["label"]])
