"""All that can be done to a test, by the kind of the action, and who may do it now."""

from collections.abc import Mapping
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from domain.errors import AegisError, BadInput
from domain.testing.evaluation import STEPS as EVALUATION
from domain.testing.execution import STEPS as EXECUTION
from domain.testing.person import Person
from domain.testing.planning import STEPS as PLANNING
from domain.testing.repair import STEPS as REPAIR
from domain.testing.step import Step
from domain.testing.validation import STEPS as VALIDATION

if TYPE_CHECKING:
    from domain.testing.entity import SecurityTest

STEPS: Mapping[str, Step] = MappingProxyType({**PLANNING, **EXECUTION, **EVALUATION, **VALIDATION, **REPAIR})


def refused(test: "SecurityTest", kind: str, by: Person, **needed: Any) -> AegisError | None:
    """The refusal that `kind` would meet before anything that was typed in is looked at; None when it would not.

    Raises BadInput when there is no such kind.
    """
    step = STEPS.get(kind)
    if step is None:
        raise BadInput("There is no such action on a test.", errors={"kind": "unknown"})
    try:
        step.check(test, by, SimpleNamespace(**needed))
    except AegisError as refusal:
        return refusal
    return None
