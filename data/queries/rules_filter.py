"""The conditions and orders of a view of rules as SQL, for list, ids and CSV alike; `k` is the summary of a rule."""

from collections.abc import Mapping

from data.queries.tests_filter import Conditions
from domain.rules_view import LEVELS, NO_LEVEL, Order, Presence, RulesView

_WORDS = "to_tsvector('simple'::regconfig, k.title) @@ to_tsquery('simple'::regconfig, {words})"
_TECHNIQUE = """k.rule_id IN (SELECT claim.rule_id FROM rule_technique AS claim
  WHERE claim.technique_id = ANY (ARRAY(SELECT within.id FROM technique AS within
    WHERE within.attack_id = {id} OR within.attack_id LIKE {id} || '.%')) OR claim.claimed_id = {id})"""
_TACTIC = """k.rule_id IN (SELECT claim.rule_id FROM rule_technique AS claim
  WHERE claim.technique_id = ANY (ARRAY(SELECT placed.technique_id FROM technique_tactic AS placed
    JOIN tactic ON tactic.id = placed.tactic_id AND tactic.shortname = {name})))"""
_EXTERNAL = "k.rule_id IN (SELECT named.id FROM detection_rule AS named WHERE named.external_id = {id})"
# Each has an index in this very order, which ends in the id.
_ORDERS: Mapping[Order, str] = {
    Order.TITLE: "{k}.title, {k}.rule_id",
    Order.LEVEL: "{k}.level DESC, {k}.rule_id",
    Order.CHANGED: "{k}.changed_on DESC NULLS LAST, {k}.rule_id",
    Order.FIRED: "{k}.fired DESC, {k}.rule_id",
    Order.LAST: "{k}.last_fired_at DESC NULLS LAST, {k}.rule_id",
}


def ordered(view: RulesView, table: str = "k") -> str:
    return _ORDERS[view.order].format(k=table)


def conditions(view: RulesView) -> Conditions:
    made = Conditions()
    if view.presence is not Presence.ALL:
        made.texts.append("k.present" if view.presence is Presence.PRESENT else "NOT k.present")
    if view.words:
        made.texts.append(_WORDS.format(words=made.value(" & ".join(f"{word}:*" for word in view.words), "text")))
    if view.external_id:
        made.texts.append(_EXTERNAL.format(id=made.value(view.external_id, "text")))
    made.among("k.source", view.sources)
    made.among("k.status", view.statuses)
    made.among("k.truth", view.truths)
    made.among("k.product", (view.product,) if view.product else ())
    if view.levels:
        ranks = [0 if level == NO_LEVEL else LEVELS.index(level) + 1 for level in view.levels]
        made.texts.append(f"k.level IN ({', '.join(map(str, ranks))})")
    if view.technique:
        made.texts.append(_TECHNIQUE.format(id=made.value(view.technique, "text")))
    if view.tactic:
        made.texts.append(_TACTIC.format(name=made.value(view.tactic, "text")))
    if view.enabled is not None:
        made.texts.append("k.enabled" if view.enabled else "NOT k.enabled")
    if view.logs is not None:
        for column, value in zip(("product", "category", "service"), view.logs, strict=True):
            made.texts.append(f"k.{column} = {made.value(value, 'text')}")
    return made
