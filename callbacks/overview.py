"""The overview: what is known of the whole, in one answer."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from callbacks.next_best import gap_of
from callbacks.viewer import Viewer
from data.database import reading
from data.queries import campaigns, compliance, durations, heatmap, measured, next_best, snapshots
from data.queries import overview as query
from data.queries import score as score_query
from data.queries import sources as source_query
from domain.change_story import Since
from domain.durations import Measure
from domain.durations_view import View
from domain.heatmap_view import DOMAINS
from domain.roles import Permission
from domain.snapshots import as_of_note, day_asked
from domain.statistics import Share as Counted
from pages import overview as page
from pages.components.coverage import MonthRow
from pages.components.figure import Share

_MONTHS = 12
_GAPS = 10
_CAMPAIGNS = 5


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _overview(me, asked, day_asked(asked.get("as_of", ""), measured.today()))
    return page.render_overview(data), page.TITLE, page.answer(data)


def _overview(me: Viewer, asked: Mapping[str, str], as_of: date | None = None) -> page.Overview:
    """The present, or with `as_of` the standing of that day: what is going on is told of the present only."""
    loaded = heatmap.choices("enterprise-attack")["domains"]
    domain = asked["domain"] if asked.get("domain") in loaded else next(iter(loaded), "enterprise-attack")
    since = Since(asked["since"]) if asked.get("since") in set(Since) else Since.MONTH
    found = query.overview(domain, as_of)
    totals, tests = found["totals"], found["totals"]["tests"]
    lately = {"months": []} if as_of else query.lately(domain)
    with reading() as session:
        rows = source_query.sources(session)
    present = as_of is None and totals["techniques"] > 0
    story, unknown = query.changed(domain, since) if present else ([], [])
    gaps = next_best.what_next(next_best.Asked(domain)) if present else {"gaps": [], "all_gaps": 0}
    return page.Overview(
        domain=domain,
        domains=[one for one in DOMAINS if one in loaded] or [domain],
        attack_version=found["version"],
        techniques=totals["techniques"],
        tested=totals["tested"],
        score=_score(domain, found, since if present else None),
        note=as_of_note(as_of, found["notes"]) if as_of else "",
        since=since,
        story=story,
        unknown=unknown,
        points=[*snapshots.trend(domain), snapshots.now(domain)] if present else [],
        times=[_time(one) for one in (Measure.DETECT, Measure.REMEDIATE)] if present else [],
        gaps=[gap_of(gap) for gap in gaps["gaps"][:_GAPS]],
        all_gaps=gaps["all_gaps"],
        frameworks=[_framework(one) for one in compliance.frameworks(as_of) if one["kind"] != "vulnerabilities"],
        campaigns=[_campaign(row) for row in campaigns.search(_UNDER_WAY).rows[:_CAMPAIGNS]] if present else [],
        proven=Share(**totals["proven"]),
        claimed=Share(**totals["claimed"]),
        funnel=page.Funnel(
            planned=tests["planned"],
            executed=_share(tests["executed"], tests["planned"]),
            evaluated=_share(tests["evaluated"], tests["executed"]),
            detected=_share(tests["alerted"], tests["evaluated"]),
        ),
        outcomes=page.Outcomes(
            **{name: tests[name] for name in ("prevented", "partly_prevented", "not_prevented")},
            **{name: tests[name] for name in ("alerted", "logged", "missed")},
        ),
        tactics=[
            page.TacticRow(
                shortname=row["key"],
                name=row["name"],
                tested=row["tested"],
                proven=Share(**row["proven"]),
                claimed=Share(**row["claimed"]),
            )
            for row in totals["tactics"]
        ],
        attention=page.Attention(
            stale_techniques=totals["stale"],
            review_techniques=totals["review"],
            not_placed={row.slug: _not_placed(row) for row in rows if _not_placed(row)},
            failed_sources=[row.last.source_name for row in rows if row.last and row.last.state == "failed"],
        ),
        months=[
            MonthRow(month=date.fromisoformat(row["month"]), detected=Share(**row["detected"]))
            for row in lately["months"]
        ],
        changes=[_change(row.last) for row in rows if row.last and row.last.state == "succeeded"],
        newly_covered=[
            page.NewlyCovered(
                attack_id=one["attack_id"],
                name=one["name"],
                validated_at=datetime.fromisoformat(one["validated_at"]).replace(tzinfo=UTC),
            )
            for one in found["newly_covered"]
        ],
        may_sync=me.may(Permission.RUN_SYNC),
    )


_UNDER_WAY = campaigns.Asked(states=("running", "planned"))


def _score(domain: str, found: Mapping[str, Any], since: Since | None) -> page.Score:
    """With what changed, and the band of the weights, where the present is looked at."""
    kept, score = found["totals"]["score"], None
    if since is not None:
        day = snapshots.kept_day(domain, measured.today() - timedelta(days=since.days))
        change = snapshots.change(domain, day, measured.today())[0] if day else None
        moved = None if change is None or change.tenths is None else change.tenths / 10
        score = (moved, f"{day.day} {day:%b %Y}" if day else "", score_query.band(domain))
    moved, day_words, band = score or (None, "", None)
    return page.Score(
        weighted=kept["weighted"],
        plain=kept["plain"],
        weights_version=found["weights_version"],
        change=moved,
        change_since=day_words,
        band=band,
    )


def _time(measure: Measure) -> page.Time:
    figures = durations.headline(View(measure=measure, months=_MONTHS))
    kept = ("cases", "happened", "median", "median_low", "median_high", "p90")
    return page.Time(measure=measure, months=_MONTHS, **{name: figures[name] for name in kept})


def _framework(row: Mapping[str, Any]) -> page.Framework:
    return page.Framework(
        slug=row["slug"],
        name=row["name"],
        version=row["version"],
        demonstrated=Share(**row["demonstrated"]),
        states=row["states"],
    )


def _campaign(row: Mapping[str, Any]) -> page.Campaign:
    kept = ("name", "state", "planned", "evaluated", "detected")
    return page.Campaign(key=row["id"], **{name: row[name] for name in kept})


def _share(n: int, of: int) -> Share:
    counted = Counted.count(min(n, of), of)
    return Share(n=counted.n, of=counted.of, low=counted.low, high=counted.high)


def _not_placed(row: source_query.SourceRow) -> int:
    return row.last.kinds.get("not_placed", 0) if row.last else 0


def _change(run: source_query.RunRow) -> page.SyncChange:
    return page.SyncChange(
        run_id=str(run.id),
        name=run.source_name,
        version=run.version,
        finished_at=run.finished_at or run.queued_at,
        counts=run.kinds,
    )
