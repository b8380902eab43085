"""The overview never turns "not known" into a figure, and every figure leads on."""

from dataclasses import replace
from datetime import UTC, datetime

from pages import overview
from pages.components.figure import Share
from tests.pages.reading import hrefs, nodes, size, words

NONE = Share(n=0, of=0)
FIGURES = overview.Overview(
    domain="enterprise-attack",
    domains=["enterprise-attack"],
    attack_version="18.1",
    techniques=691,
    tested=243,
    score=overview.Score(weighted=46.3, plain=38.1, weights_version=1),
    proven=Share(n=131, of=691),
    claimed=Share(n=356, of=691, low=0.4, high=0.6),
    funnel=overview.Funnel(
        planned=912, executed=Share(n=771, of=912), evaluated=Share(n=702, of=771), detected=Share(n=398, of=702)
    ),
    outcomes=overview.Outcomes(
        prevented=171, partly_prevented=64, not_prevented=467, alerted=398, logged=167, missed=137
    ),
    tactics=[
        overview.TacticRow(
            shortname="execution", name="Execution", tested=20, proven=Share(n=9, of=53), claimed=Share(n=35, of=53)
        ),
        overview.TacticRow(
            shortname="impact", name="Impact", tested=9, proven=Share(n=1, of=33), claimed=Share(n=20, of=33)
        ),
        overview.TacticRow(
            shortname="exfiltration", name="Exfiltration", tested=0, proven=Share(n=0, of=19), claimed=Share(n=4, of=19)
        ),
    ],
    attention=overview.Attention(stale_techniques=38, review_techniques=1, not_placed={"sigma": 244}),
    changes=[
        overview.SyncChange(
            run_id="r1",
            name="Sigma",
            version=None,
            finished_at=datetime(2026, 11, 1, tzinfo=UTC),
            counts={"added": 1_204, "removed": 3, "not_placed": 244},
        )
    ],
)


def test_the_title_of_the_bars_names_the_least_proven_among_the_tested() -> None:
    assert "Impact is proven least: 1 of 33" in words(overview.render_overview(FIGURES))


def test_an_untested_tactic_has_no_proven_figure() -> None:
    rows = next(nodes(overview.render_overview(FIGURES), "Bars")).rows
    proven, claimed = rows[2]["bars"]
    assert (proven["of"], proven["empty"]) == (0, "none tested")
    assert (claimed["n"], claimed["of"]) == (4, 19)


def test_claims_are_counted_not_sampled() -> None:
    assert "interval" not in words(overview.render_overview(FIGURES))


def test_the_funnel_narrows_against_what_was_planned() -> None:
    rows = list(nodes(overview.render_overview(FIGURES), "Bars"))[1].rows
    widths = [row["bars"][0]["width"] for row in rows]
    assert widths == [1.0, 771 / 912, 702 / 912, 398 / 912]
    assert rows[3]["bars"][0]["of"] == 702


def test_both_axes_of_outcomes_add_up_to_the_same_whole() -> None:
    detection, prevention = nodes(overview.render_overview(FIGURES), "Mix")
    assert sum(part["n"] for part in detection.parts) == sum(part["n"] for part in prevention.parts) == 702


def test_what_waits_and_what_changed_lead_to_their_rows() -> None:
    page = overview.render_overview(FIGURES)
    assert "/sources?source=sigma&kind=not_placed" in hrefs(page)
    assert "/sources?run=r1" in hrefs(page)
    assert "/heatmap?colour=freshness" in hrefs(page)
    assert "1 technique changed by ATT&CK" in words(page)
    assert "1,204 added, 3 removed" in words(page)


def test_a_fresh_instance_says_what_to_do_and_scores_nothing() -> None:
    fresh = replace(
        FIGURES,
        tested=0,
        proven=Share(n=0, of=691),
        score=overview.Score(weighted=None, plain=None, weights_version=1),
        funnel=overview.Funnel(planned=0, executed=NONE, evaluated=NONE, detected=NONE),
        outcomes=overview.Outcomes(prevented=0, partly_prevented=0, not_prevented=0, alerted=0, logged=0, missed=0),
    )
    page = words(overview.render_overview(fresh))
    assert "Nothing has been tested yet. Rules claim 356 techniques" in page
    assert "0 of 691" not in page
    assert overview.answer(fresh) == "691 techniques in scope, none tested yet"


def test_with_neither_tests_nor_rules_there_is_no_score() -> None:
    scored = overview.Score(weighted=0.0, plain=0.0, weights_version=1)
    nothing = replace(FIGURES, tested=0, claimed=Share(n=0, of=691), score=scored)
    shown = words(overview.render_overview(nothing))
    assert "of 100" not in shown
    assert "plain mean" not in shown
    assert "0 of 100" in words(overview.render_overview(replace(nothing, claimed=Share(n=1, of=691))))


def test_without_attack_only_those_who_may_are_sent_to_the_sources() -> None:
    empty = replace(FIGURES, techniques=0)
    assert hrefs(overview.render_overview(empty)) == []
    assert hrefs(overview.render_overview(replace(empty, may_sync=True))) == ["/sources"]


def test_the_tree_stays_small() -> None:
    assert size(overview.render_overview(FIGURES)) < 150
