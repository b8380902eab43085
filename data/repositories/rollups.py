"""The rollups against the rows they sum up: counting what differs, and making them anew where something does.

Triggers keep them; this finds what a trigger could not see (rows changed with triggers off, a restored backup).
"""

# ruff: noqa: S608 - statements are put together from the constants of this module

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.outcomes import TestState

_EVALUATED = "state = 'validated' AND NOT not_applicable"
_COUNTERS: Mapping[str, str] = {
    **{state.value: f"state = '{state.value}'" for state in TestState},
    "executed": "executed_at IS NOT NULL",
    "evaluated": _EVALUATED,
    "not_applicable": "state = 'validated' AND not_applicable",
    "prevented": f"{_EVALUATED} AND prevention = 'full'",
    "partly_prevented": f"{_EVALUATED} AND prevention = 'partial'",
    "not_prevented": f"{_EVALUATED} AND prevention = 'none'",
    **{name: f"{_EVALUATED} AND detection = '{name}'" for name in ("alerted", "logged", "missed")},
    **{
        f"{name}_outcome": f"{_EVALUATED} AND outcome = '{name}'" for name in ("blocked", "alerted", "logged", "missed")
    },
}
_NAMES = ", ".join(_COUNTERS)
_RESULTS = ", ".join(
    # averages of the same numbers in another order differ in their last digits
    f"round({prevention}_{detection}::numeric, 9)"
    for prevention in ("full", "partial", "none")
    for detection in ("alerted", "logged", "missed")
)
_SUMMARY = f"technique_id, platform, {_NAMES}, procedures, {_RESULTS}, newest_at"
_RESULT = "prevention, detection, executed_at, validated_at"
_LATEST = f"technique_id, procedure_key, platform, test_id, {_RESULT}, evaluated_by, round"
_ALIKE = "source, status, product, category, service, enabled, truth"
_EVERY = "ARRAY(SELECT id FROM technique)"


@dataclass(frozen=True, slots=True)
class _Rollup:
    """`kept` is what the table says, `counted` what its rows say; `rebuild` is the database's own function."""

    kept: str
    counted: str
    rebuild: str
    topic: str


_ROLLUPS: Mapping[str, _Rollup] = {
    "rollup_technique_month": _Rollup(
        kept=f"SELECT technique_id, platform, month, {_NAMES} FROM rollup_technique_month "
        f"WHERE ({' OR '.join(f'{name} <> 0' for name in _COUNTERS)})",
        counted="SELECT technique_id, platform, "
        "date_trunc('month', coalesce(executed_at, created_at) AT TIME ZONE 'UTC')::date, "
        + ", ".join(f"count(*) FILTER (WHERE {condition})::integer" for condition in _COUNTERS.values())
        + " FROM security_test GROUP BY 1, 2, 3",
        rebuild="rollup_tests_rebuild",
        topic="tests",
    ),
    "rollup_procedure_latest": _Rollup(
        kept=f"SELECT {_LATEST} FROM rollup_procedure_latest",
        counted="SELECT DISTINCT ON (technique_id, procedure_key, platform) technique_id, procedure_key, platform, id, "
        f"{_RESULT}, blue_submitted_by, round FROM security_test WHERE {_EVALUATED} "
        "ORDER BY technique_id, procedure_key, platform, validated_at DESC, id DESC",
        rebuild="rollup_tests_rebuild",
        topic="tests",
    ),
    "rollup_technique": _Rollup(
        kept=f"SELECT {_SUMMARY} FROM rollup_technique",
        counted=f"SELECT {_SUMMARY} FROM technique_summaries({_EVERY}, false) "
        f"UNION ALL SELECT {_SUMMARY} FROM technique_summaries({_EVERY}, true)",
        rebuild="rollup_tests_rebuild",
        topic="tests",
    ),
    "rollup_technique_rules": _Rollup(
        kept="SELECT technique_id, source, rules, value FROM rollup_technique_rules",
        counted="SELECT claim.technique_id, rule.source, count(*)::integer, sum(rule_value(rule.level, rule.status)) "
        "FROM (SELECT DISTINCT technique_id, rule_id FROM rule_technique WHERE technique_id IS NOT NULL) AS claim "
        "JOIN detection_rule AS rule ON rule.id = claim.rule_id "
        "WHERE rule.enabled AND rule.removed_at IS NULL GROUP BY 1, 2",
        rebuild="rollup_rules_rebuild",
        topic="rules",
    ),
    "rollup_rules_not_placed": _Rollup(
        kept="SELECT claimed_id, source, rules FROM rollup_rules_not_placed",
        counted="SELECT claim.claimed_id, rule.source, count(*)::integer FROM rule_technique AS claim "
        "JOIN detection_rule AS rule ON rule.id = claim.rule_id "
        "WHERE rule.enabled AND rule.removed_at IS NULL AND claim.resolution = 'not_placed' GROUP BY 1, 2",
        rebuild="rollup_rules_rebuild",
        topic="rules",
    ),
    "rollup_technique_tested": _Rollup(
        kept="SELECT technique_id, platform FROM rollup_technique_tested",
        counted=f"SELECT DISTINCT technique_id, platform FROM security_test WHERE {_EVALUATED}",
        rebuild="rollup_truth_rebuild",
        topic="rules",
    ),
    "rollup_rule": _Rollup(
        kept="SELECT * FROM rollup_rule",
        counted="SELECT * FROM rule_rows(ARRAY(SELECT id FROM detection_rule))",
        rebuild="rollup_truth_rebuild",
        topic="rules",
    ),
    "rollup_rule_count": _Rollup(
        kept=f"SELECT {_ALIKE}, rules FROM rollup_rule_count",
        counted=f"SELECT {_ALIKE}, count(*)::integer FROM rollup_rule WHERE present GROUP BY {_ALIKE}",
        rebuild="rollup_rule_counts_rebuild",
        topic="rules",
    ),
    "rollup_technique_proven": _Rollup(
        kept="SELECT technique_id, claims FROM rollup_technique_proven",
        counted="SELECT claim.technique_id, count(*)::integer FROM rollup_rule AS rule "
        "JOIN rule_technique AS claim USING (rule_id) WHERE rule.truth = 'proven' AND rule.enabled AND rule.present "
        "AND claim.technique_id IS NOT NULL GROUP BY 1",
        rebuild="rollup_rule_counts_rebuild",
        topic="rules",
    ),
    "rollup_technique_countermeasures": _Rollup(
        kept="SELECT technique_id, applicable, in_place FROM rollup_technique_countermeasures",
        counted="SELECT link.technique_id, count(DISTINCT link.countermeasure_id)::integer, "
        "count(DISTINCT link.countermeasure_id) FILTER (WHERE decided.state = 'in_place')::integer "
        "FROM countermeasure_technique AS link JOIN countermeasure ON countermeasure.id = link.countermeasure_id "
        "LEFT JOIN countermeasure_decision AS decided USING (countermeasure_id) WHERE link.technique_id IS NOT NULL "
        "AND countermeasure.removed_at IS NULL AND decided.state IS DISTINCT FROM 'not_applicable' GROUP BY 1",
        rebuild="rollup_countermeasures_rebuild",
        topic="countermeasures",
    ),
}
NAMES = tuple(_ROLLUPS)


def verify(session: Session) -> dict[str, int]:
    """Rollup -> rows that are there and should not be, or the other way round; an altered row is both, so counts 2."""
    return {name: _differences(session, one) for name, one in _ROLLUPS.items()}


def repair(session: Session) -> list[str]:
    """Make anew what `verify` finds wrong, in the caller's transaction; names of the rollups that differed.

    Cached answers are given up with it. Writers of the same rows wait until the transaction ends.
    """
    wrong = [name for name, count in verify(session).items() if count]
    for function in dict.fromkeys(_ROLLUPS[name].rebuild for name in wrong):
        session.execute(text(f"SELECT {function}()"))
    topics = sorted({_ROLLUPS[name].topic for name in wrong})
    if topics:
        session.execute(
            text("UPDATE data_generation SET number = number + 1 WHERE topic = ANY (:topics)"), {"topics": topics}
        )
    return wrong


def _differences(session: Session, one: _Rollup) -> int:
    statement = f"""
      WITH kept AS MATERIALIZED ({one.kept}), counted AS MATERIALIZED ({one.counted})
      SELECT (SELECT count(*) FROM (TABLE kept EXCEPT ALL TABLE counted) AS superfluous)
           + (SELECT count(*) FROM (TABLE counted EXCEPT ALL TABLE kept) AS missing)
    """
    return int(session.execute(text(statement)).scalar_one())
