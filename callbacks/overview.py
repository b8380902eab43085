"""The overview: what is known of the whole, in one answer."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from callbacks.viewer import Viewer
from data.database import reading
from data.queries import heatmap
from data.queries import overview as query
from data.queries import sources as source_query
from domain.heatmap_view import DOMAINS
from domain.roles import Permission
from domain.statistics import Share as Counted
from pages import overview as page
from pages.components.coverage import MonthRow
from pages.components.figure import Share


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _overview(me, asked.get("domain", ""))
    return page.render_overview(data), page.TITLE, page.answer(data)


def _overview(me: Viewer, asked: str) -> page.Overview:
    loaded = heatmap.choices("enterprise-attack")["domains"]
    domain = asked if asked in loaded else next(iter(loaded), "enterprise-attack")
    found = query.overview(domain)
    totals, tests = found["totals"], found["totals"]["tests"]
    lately = query.lately(domain)
    with reading() as session:
        rows = source_query.sources(session)
    return page.Overview(
        domain=domain,
        domains=[one for one in DOMAINS if one in loaded],
        attack_version=found["version"],
        techniques=totals["techniques"],
        tested=totals["tested"],
        score=page.Score(
            weighted=totals["score"]["weighted"],
            plain=totals["score"]["plain"],
            weights_version=found["weights_version"],
        ),
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
