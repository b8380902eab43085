"""Deciding on weights: what a person may type in, checked into a version of the weights."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import BadInput
from domain.score import Weights

REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class Field:
    """A number of the weights: its words, its unit, and what it may lie between."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    says: str
    whole: bool = False


PARTS = (
    Field("tests", "Tests", "of 100", 0, 100, "What the latest validated tests showed."),
    Field("rules", "Detection rules", "of 100", 0, 100, "Enabled rules, the first more than the fiftieth."),
    Field("countermeasures", "Countermeasures", "of 100", 0, 100, "D3FEND countermeasures in place."),
    Field("freshness", "Freshness", "of 100", 0, 100, "How new the evidence is."),
    Field("platforms", "Platforms", "of 100", 0, 100, "Platforms tested, of those in scope."),
)
PARAMETERS = (
    Field("prevented", "Prevented", "0 to 1", 0, 1, "What a test is worth whose attack was stopped."),
    Field("partly_prevented", "Partly prevented", "0 to 1", 0, 1, "What one is worth that was partly stopped."),
    Field("alerted", "Alerted", "0 to 1", 0, 1, "What one is worth that raised an alert."),
    Field("logged", "Logged only", "0 to 1", 0, 1, "What one is worth that left a trace nobody was told of."),
    Field("missed", "Missed", "0 to 1", 0, 1, "What one is worth that nobody saw."),
    Field("half_life_days", "Half-life", "days", 7, 1_825, "After so many days evidence counts half."),
    Field("freshness_window_days", "Stale after", "days", 1, 1_825, "Older evidence is stale.", whole=True),
    Field("rule_saturation", "Saturation of rules", "", 0.1, 50, "So many full rules make 0.63 of the part."),
    Field("own_group", "Own threat groups", "", 0, 10, "What a group named as ours adds to relevance."),
    Field("exploitation", "Known exploitation", "", 0, 10, "What exploited vulnerabilities add to relevance."),
    Field("high_priority", "High priority", "times", 0.1, 10, "What it multiplies relevance by."),
    Field("low_priority", "Low priority", "times", 0.01, 10, "What it multiplies relevance by."),
)
FIELDS = {field.name: field for field in (*PARTS, *PARAMETERS)}


def proposed(values: Mapping[str, object], version: int) -> Weights:
    """The version that these values make. Raises BadInput with one sentence and the fields it is about."""
    numbers = {name: _number(field, values.get(name)) for name, field in FIELDS.items()}
    total = sum(numbers[field.name] for field in PARTS)
    if not math.isclose(total, 100.0, abs_tol=0.001):
        raise BadInput(
            f"The five weights add up to {total:g}; they have to add up to 100.",
            errors={field.name: "sum" for field in PARTS},
        )
    order = [numbers[name] for name in ("prevented", "alerted", "logged", "missed")]
    if numbers["missed"] > min(order[:3]) or numbers["logged"] > min(order[:2]):
        raise BadInput(
            "What was missed cannot be worth more than what was logged, nor that more than an alert or a stop.",
            errors={"missed": "order", "logged": "order"},
        )
    made = {name: int(value) if FIELDS[name].whole else value for name, value in numbers.items()}
    return Weights(version=version, **made)  # type: ignore[arg-type] # whole numbers where days are whole


def _number(field: Field, value: object) -> float:
    try:
        number = float(str(value).strip().replace(",", "."))
    except ValueError as error:
        raise BadInput(f"{field.label} has to be a number.", errors={field.name: "not a number"}) from error
    if not field.low <= number <= field.high:
        raise BadInput(
            f"{field.label} has to lie between {field.low:g} and {field.high:g}.", errors={field.name: "out of range"}
        )
    if field.whole and number != int(number):
        raise BadInput(f"{field.label} has to be a whole number.", errors={field.name: "not whole"})
    return round(number, 2) if field in PARTS else number


def checked_reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise BadInput("Say why the weights change: everybody's scores move with them.", errors={"reason": "required"})
    if len(reason) > REASON_MAX:
        raise BadInput(f"A reason has at most {REASON_MAX} characters.", errors={"reason": "too long"})
    return reason
