"""What `domain/survival.py` defines, over a million cases at once: many groups in one pass, as columns.

A case is one number, its `key`: twice its whole seconds, plus one when it is censored. Sorted, that is the order of the
estimator: who is censored at a time was still open at it. A product over the cases of a group is a sum of logarithms
over all cases, minus what had added up before its group began.
"""

import math
from collections.abc import Sequence

import polars as pl

from domain.statistics import Z_95
from domain.survival import CLOSE

_KEY_BITS = 33
_NOTHING_LEFT = -800.0  # a logarithm for a share of 0 that sums can go on with
_CURVE_POINTS = 400  # of a drawn curve; finer than a pixel

SUMMARY = (
    "cases", "happened", "median", "median_low", "median_high", "p90", "mean", "mean_low", "mean_high", "naive_mean",
    "open_at_level", "variance_at_level",
)  # fmt: skip


def summaries(cases: pl.LazyFrame, *, horizon: int, level: int | None = None, bands: bool = True) -> pl.DataFrame:
    """A row a `group` (whole, >= 0, below 2^29) of `cases` {group, key}, with the columns of SUMMARY, ordered by group.

    Seconds, shares 0..1; null is "not reached". `level` is a time in seconds at which the open share and its Greenwood
    sum are read. Without `bands` the intervals are null, at half the cost.
    """
    spots = _sorted(cases)
    ends = spots.lazy().filter(pl.col("end").is_not_null())
    groups = ends.select("group", cases=pl.col("end") - pl.col("end").shift(1, fill_value=0))
    steps = _steps(spots, horizon)
    found = groups.join(_figures(steps, horizon, level), on="group", how="left")
    if bands:
        found = found.join(_intervals(steps, horizon), on="group", how="left")
    columns = found.collect_schema().names()
    missing = [pl.lit(None, pl.Float64).alias(name) for name in SUMMARY if name not in columns]
    return (
        found.with_columns(*missing)
        .with_columns(
            pl.col("happened").fill_null(0),
            pl.col("mean").fill_null(float(horizon)),
            pl.col("mean_low", "mean_high").fill_null(float(horizon)) if bands else pl.col("mean_low"),
            pl.col("open_at_level").fill_null(1.0),
        )
        .with_columns(pl.col("mean_low").clip(lower_bound=0.0), pl.col("mean_high").clip(upper_bound=float(horizon)))
        .select("group", *SUMMARY)
        .sort("group")
        .collect()
    )


def curve(keys: pl.LazyFrame, ticks: Sequence[int]) -> dict[str, list[float]]:
    """One curve to draw, of `keys` {key}: `{seconds, open, low, high, censored_at, censored_open, at_risk}`.

    `seconds` to `high` are steps (the band is null at 0 and 1), thinned where they lie closer than can be drawn, each
    kept one exact; `censored_at` and `censored_open` are the marks of censored cases; `at_risk` is one number for each
    of `ticks`.
    """
    spots = _sorted(keys.select("key", group=pl.lit(0, pl.Int64)))
    steps = _steps(spots, 1)
    drawn = _thinned(steps.lazy().select("seconds", "open", "variance")).collect()
    drawn = drawn.with_columns(**_band(pl.col("open"), pl.col("variance")))
    seconds = spots.lazy().filter(pl.col("key") % 2 == 1).select(seconds=pl.col("key") // 2)
    marks = (
        _thinned(seconds)
        .collect()
        .join_asof(steps.select(pl.col("seconds").set_sorted(), "open"), on="seconds", strategy="backward")
        .with_columns(pl.col("open").fill_null(1.0))
    )
    longer = [(pl.col("key") // 2 >= tick).sum().alias(str(tick)) for tick in ticks]
    at_risk = list(spots.select(longer).row(0)) if ticks else []
    return {
        **drawn.select("seconds", "open", "low", "high").to_dict(as_series=False),
        "censored_at": marks["seconds"].to_list(),
        "censored_open": marks["open"].to_list(),
        "at_risk": at_risk,
    }


def _sorted(cases: pl.LazyFrame) -> pl.DataFrame:
    """{group, key, risk, end}: the cases of one group together, in the order of their times.

    `risk`: how many of the group are still open just before; `end`, at the last of a group only: how many cases there
    are up to it.
    """
    both = pl.col("group").cast(pl.Int64) * 2**_KEY_BITS + pl.col("key").cast(pl.Int64)
    ordered = cases.select(both=both).collect()["both"].sort()
    at = pl.int_range(pl.len(), dtype=pl.Int64)
    return (
        pl.LazyFrame({"both": ordered})
        .with_columns(group=pl.col("both") // 2**_KEY_BITS)
        .with_columns(end=pl.when(_ends_group()).then(at + 1))
        .select(
            pl.col("group").set_sorted(),
            "end",
            key=pl.col("both") - pl.col("group") * 2**_KEY_BITS,
            risk=(pl.col("end").backward_fill() - at).cast(pl.Float64),
        )
        .collect()
    )


def _steps(spots: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """{group, seconds, open, variance, lost}: a row for each case to whom it happened.

    `lost` is the area the curve loses by it, up to the horizon.
    """
    risk = pl.col("risk")
    begins = _begins_group()
    return (
        spots.lazy()
        .filter(pl.col("key") % 2 == 0)
        .select(
            "group",
            "risk",
            seconds=pl.col("key") // 2,
            log=pl.max_horizontal((-1.0 / risk).log1p(), pl.lit(_NOTHING_LEFT)),
            term=pl.when(risk > 1).then(1.0 / (risk * (risk - 1.0))).otherwise(0.0),
        )
        .with_columns(logs=pl.col("log").cum_sum() - pl.col("log"), terms=pl.col("term").cum_sum())
        .with_columns(
            was=(pl.col("logs") - pl.when(begins).then("logs").forward_fill()).exp(),
            variance=pl.col("terms") - pl.when(begins).then(pl.col("terms") - pl.col("term")).forward_fill(),
        )
        .with_columns(drop=pl.col("was") / risk)
        .select(
            pl.col("group").set_sorted(),
            "seconds",
            "variance",
            open=pl.col("was") - pl.col("drop"),
            lost=pl.col("drop") * (horizon - pl.col("seconds")).clip(lower_bound=0),
        )
        .collect()
    )


def _figures(steps: pl.DataFrame, horizon: int, level: int | None) -> pl.LazyFrame:
    seconds, share = pl.col("seconds"), pl.col("open")
    within = seconds <= (level if level is not None else -1)
    read = steps.lazy().with_columns(
        median=pl.when(share <= 0.5 + CLOSE).then(seconds), p90=pl.when(share <= 0.1 + CLOSE).then(seconds)
    )
    at_level = [
        pl.when(within).then(share).min().alias("open_at_level"),
        pl.when(within).then(pl.col("variance")).max().alias("variance_at_level"),
    ]
    return read.group_by("group").agg(
        pl.len().alias("happened"),
        pl.col("median", "p90").min(),
        (horizon - pl.col("lost").sum()).alias("mean"),
        seconds.mean().alias("naive_mean"),
        *(at_level if level is not None else ()),
    )


def _intervals(steps: pl.DataFrame, horizon: int) -> pl.LazyFrame:
    """{group, median_low, median_high, mean_low, mean_high}, read at the last of those who share a time."""
    added_up = pl.col("lost").cum_sum()
    last = (
        steps.lazy()
        .with_columns(lost_so_far=added_up - pl.when(_begins_group()).then(added_up - pl.col("lost")).forward_fill())
        .with_columns(lost_total=pl.when(_ends_group()).then("lost_so_far").backward_fill())
        .filter((pl.col("seconds") != pl.col("seconds").shift(-1)).fill_null(True) | _ends_group())
    )
    area = pl.col("open") * (horizon - pl.col("seconds")) - (pl.col("lost_total") - pl.col("lost_so_far"))
    before = pl.when(_begins_group()).then(0.0).otherwise(pl.col("variance").shift(1, fill_value=0.0))
    squares = pl.when(pl.col("seconds") < horizon).then(area * area * (pl.col("variance") - before)).otherwise(0.0)
    return (
        last.with_columns(**_band(pl.col("open"), pl.col("variance")), square=squares)
        .group_by("group")
        .agg(
            median_low=pl.when(pl.coalesce("low", "open") <= 0.5 + CLOSE).then(pl.col("seconds")).min(),
            median_high=pl.when(pl.col("high") <= 0.5 + CLOSE).then(pl.col("seconds")).min(),
            spread=Z_95 * pl.col("square").sum().sqrt(),
            lost_total=pl.col("lost_total").first(),
        )
        .select(
            "group",
            "median_low",
            "median_high",
            mean_low=horizon - pl.col("lost_total") - pl.col("spread"),
            mean_high=horizon - pl.col("lost_total") + pl.col("spread"),
        )
    )


def _begins_group() -> pl.Expr:
    return (pl.col("group") != pl.col("group").shift(1)).fill_null(True)


def _ends_group() -> pl.Expr:
    return (pl.col("group") != pl.col("group").shift(-1)).fill_null(True)


def _band(share: pl.Expr, variance: pl.Expr) -> dict[str, pl.Expr]:
    """The ends of the band on the log(-log) scale; null at a share of 0 or 1."""
    width = Z_95 * variance.sqrt() / share.log().abs()
    inside = (share > 0) & (share < 1)
    return {
        "low": pl.when(inside).then(share.pow(width.exp())),
        "high": pl.when(inside).then(share.pow((-width).exp())),
    }


def _thinned(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The last of the rows that would be drawn at one place of a logarithmic axis, ordered by `seconds`."""
    widest = math.log1p(3 * 365 * 86400)
    place = (pl.col("seconds").log1p() * (_CURVE_POINTS / widest) * 2).floor()
    return rows.group_by(place.alias("place")).agg(pl.all().last()).drop("place").sort("seconds")
