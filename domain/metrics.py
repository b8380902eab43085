"""Every metric as one object: the screen, the PDF, the CSV, the API and docs/measures.md print the same words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.durations import Measure


class Adding(StrEnum):
    """How figures of several periods become the figure of all of them."""

    SUM = "sum"  # counts of different things in each period
    POOL = "pool"  # add numerators and denominators, then divide; never average the shares
    MOMENT = "moment"  # the state at a moment: periods do not add up, the last one holds
    CASES = "cases"  # put the cases of all periods on one curve; never average what was read off several

    @property
    def words(self) -> str:
        return {
            Adding.SUM: "Periods add up.",
            Adding.POOL: "Periods are pooled: numerators and denominators add up, percentages do not.",
            Adding.MOMENT: "A state at a moment: periods do not add up.",
            Adding.CASES: "The cases of all periods go on one curve; medians and means of periods are never averaged.",
        }[self]


@dataclass(frozen=True, slots=True)
class Metric:
    """`source` says where the definition comes from: the field, a paper, or ourselves."""

    slug: str
    name: str
    unit: str
    definition: str
    source: str
    adding: Adding


_OURS = "Aegis; docs/measures.md"
_SCALE = "The usual scale of purple-team work, blocked > alerted > logged > missed, kept as two axes"

_CURVE = "E. L. Kaplan and P. Meier, JASA 53 (1958); bands after M. Greenwood on the log(-log) scale"
_ALIKE = "Direct standardisation in its simplest form: the same procedures in both periods"


def _of_times(measure: Measure) -> list[Metric]:
    about = measure.about
    days = about.horizon // 86_400
    horizon = f"{days} days" if days > 1 else "24 hours"
    of = f"Of {about.population}, from {about.start} to {about.end}. {about.censored}"
    return [
        Metric(
            f"{measure}_median",
            f"{about.name}, median",
            "time",
            f"The time by which it happened for half, those included to whom it has not happened. {of} Where less than "
            "half is reached it is not reached, and no number stands for it.",
            _CURVE,
            Adding.CASES,
        ),
        Metric(
            f"{measure}_p90",
            f"{about.name}, nine of ten",
            "time",
            f"The time by which it happened for nine of ten, those included to whom it has not happened. {of}",
            _CURVE,
            Adding.CASES,
        ),
        Metric(
            f"{measure}_restricted_mean",
            f"{about.name}, mean up to {horizon}",
            "time",
            f"The mean when nobody is followed for longer than {horizon}: the area under the curve up to there. It "
            f"exists however few are {about.happened}. {of}",
            "Restricted mean survival time, variance after M. Greenwood",
            Adding.CASES,
        ),
        Metric(
            f"{measure}_share",
            f"{about.name}, share {about.happened}",
            "tests",
            f"How many were {about.happened} at all, out of {about.population} whose times are known. With a 95 % "
            "Wilson interval.",
            _SCALE if measure is Measure.DETECT else _OURS,
            Adding.POOL,
        ),
        Metric(
            f"{measure}_naive_mean",
            f"{about.name}, mean of the {about.happened} only",
            "time",
            f"The arithmetic mean over those {about.happened}, as it is usually quoted. It leaves out everything that "
            f"was not, so that it looks better the less is {about.happened}: always read it beside the share.",
            "Common usage",
            Adding.CASES,
        ),
        Metric(
            f"{measure}_within_level",
            f"{about.name}, share within the target",
            "share",
            f"The share {about.happened} within the time the organisation has set itself, read off the curve with its "
            f"band. {of}",
            _CURVE,
            Adding.CASES,
        ),
        Metric(
            f"{measure}_alike",
            f"{about.name}, like for like",
            "time",
            "The change of the restricted mean between two periods, on the procedures (each on its platform) that were "
            "run in both, once each by their latest test. What is left of the raw change comes from what was tested.",
            _ALIKE,
            Adding.MOMENT,
        ),
    ]


METRICS: Mapping[str, Metric] = {
    metric.slug: metric
    for metric in (
        Metric(
            "organisation_score",
            "Score, threat-weighted",
            "points, 0 to 100",
            "Mean of the scores of all techniques in scope, each weighted by 1 + log2(1 + threat actors that use it). "
            "Techniques with neither tests nor rules count with 0.",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "organisation_score_plain",
            "Score, plain mean",
            "points, 0 to 100",
            "Mean of the scores of all techniques in scope, every technique counting the same.",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "score_band",
            "Score, band under plausible weights",
            "points, 0 to 100",
            "The middle 90 % of the threat-weighted score under 1,000 sets of weights drawn around those decided. Says "
            "how much of the score hangs on the choice of weights, not how well it is measured.",
            "Dirichlet distribution with the decided weights as mean, concentration 50; Aegis, docs/score.md",
            Adding.MOMENT,
        ),
        Metric(
            "score_change",
            "Change of the score, by cause",
            "points",
            "What each cause did to the threat-weighted score between two days: its mean effect over all orders in "
            "which the causes could have come. The causes add up exactly to the change shown.",
            "L. S. Shapley, A value for n-person games, 1953",
            Adding.SUM,
        ),
        Metric(
            "technique_score",
            "Score",
            "points, 0 to 100",
            "Tests, detection rules, countermeasures, freshness and platforms, each by its weight. A part that cannot "
            "apply is left out and its weight spread over the others.",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "proven",
            "Proven by tests",
            "techniques",
            "Techniques in scope whose latest validated tests, one per procedure and platform, were all detected or "
            "prevented. Out of all techniques in scope, tested or not.",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "proven_share",
            "Procedures that held",
            "share",
            "Share of a technique's procedures whose latest validated test was detected or fully prevented; a "
            "procedure is the mean over its platforms.",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "claimed",
            "Claimed by rules",
            "techniques",
            "Techniques in scope for which at least one enabled detection rule exists. A claim: nobody has to have "
            "tested it.",
            "The rules' own ATT&CK tags, resolved on the loaded version",
            Adding.MOMENT,
        ),
        Metric(
            "subtechniques_evaluated",
            "Sub-techniques evaluated",
            "sub-techniques",
            "Active sub-techniques of a technique with at least one validated test, out of all it has. Never mixed "
            "into the parent's own status.",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "planned",
            "Planned tests",
            "tests",
            "Tests of techniques and platforms in scope, in any state. Cancelled ones stay in: dropping a test must "
            "not improve a share.",
            _OURS,
            Adding.SUM,
        ),
        Metric(
            "executed",
            "Executed tests",
            "tests",
            "Planned tests whose attack was carried out. Out of planned.",
            _OURS,
            Adding.POOL,
        ),
        Metric(
            "evaluated",
            "Evaluated tests",
            "tests",
            "Executed tests that were validated with an outcome. Out of executed. Not applicable is no outcome.",
            _OURS,
            Adding.POOL,
        ),
        Metric(
            "detected",
            "Tests detected",
            "tests",
            "Evaluated tests in which a defence tool raised an alert. Out of evaluated. Logged only is not detected.",
            _SCALE,
            Adding.POOL,
        ),
        Metric(
            "prevented",
            "Tests prevented",
            "tests",
            "Evaluated tests that a defence tool stopped completely. Out of evaluated. A test can be prevented and "
            "detected.",
            _SCALE,
            Adding.POOL,
        ),
        Metric(
            "not_applicable",
            "Not applicable",
            "tests",
            "Validated tests marked not applicable, with a reason and by a second person. Out of validated.",
            _OURS,
            Adding.POOL,
        ),
        Metric(
            "freshness",
            "Freshness",
            "days",
            "Days since the attack of the newest validated test that still counts for coverage.",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "stale",
            "Stale techniques",
            "techniques",
            "Techniques in scope whose newest evidence is older than the freshness window (180 days by default).",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "controls_demonstrated",
            "Controls demonstrated",
            "controls",
            "Controls of a framework all of whose mapped techniques in scope are covered by fresh evidence. Out of the "
            "controls that can be judged: neither not mappable nor out of scope.",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "controls_contradicted",
            "Controls contradicted",
            "controls",
            "Controls of a framework with at least one mapped technique in scope that validated tests show as not "
            "covered, however old. Out of the controls that can be judged.",
            _OURS,
            Adding.MOMENT,
        ),
        Metric(
            "not_placed",
            "Not placed",
            "claims",
            "Technique ids named by rules that lie nowhere on the loaded ATT&CK version. Kept, and counted nowhere "
            "else.",
            "ATT&CK's revoked-by relationships and published successors",
            Adding.MOMENT,
        ),
        *(metric for measure in Measure for metric in _of_times(measure)),
        *(
            Metric(
                f"{side}_effort",
                f"{side.capitalize()} effort",
                "hours of work",
                f"Time {side} worked on validated tests, pauses not counted; in all, and the median of the tests that "
                "have any. It says how much work testing is, nothing about how fast an attack was seen.",
                _OURS,
                Adding.SUM,
            )
            for side in ("red", "blue")
        ),
    )
}
