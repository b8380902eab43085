"""Which detection rules a person looks at, and in which order: the state of the rules page as a value.

It is read from the query of an address, so that a view can be linked and exported; what an address says wrongly is left
out. Limits hold for whatever anybody writes there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.attack_ids import is_technique_id, normalise
from domain.rule_truth import RuleTruth

LEVELS = ("informational", "low", "medium", "high", "critical")
NO_LEVEL = "none"
PAGE_ROWS = 50
PAGES_MAX = 200  # further down a person narrows the filters
_TEXT_MAX = 120
_VALUES_MAX = 50
_WORD = re.compile(r"[^\W_]+")
_PLAIN = re.compile(r"[\w .&()/+:,-]{1,120}")


class Order(StrEnum):
    """What rules can be ordered by; each but the title has its greatest first."""

    TITLE = "title"
    LEVEL = "level"
    CHANGED = "changed"
    FIRED = "fired"
    LAST = "last"  # fired last; never comes last


class Presence(StrEnum):
    """Whether its source still has it."""

    PRESENT = "present"
    REMOVED = "removed"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesView:
    """'' , () and None ask for nothing. `technique` brings its sub-techniques; `logs` is (product, category, service).

    `external_id`: what was searched for is the id of a rule.
    """

    words: tuple[str, ...] = ()
    external_id: str = ""
    sources: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    truths: tuple[RuleTruth, ...] = ()
    technique: str = ""
    tactic: str = ""
    product: str = ""
    logs: tuple[str, str, str] | None = None
    enabled: bool | None = None
    presence: Presence = Presence.PRESENT
    order: Order = Order.TITLE
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "RulesView":
        text = query.get("q", "").strip()[:_TEXT_MAX]
        is_id = bool(re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text))
        technique = normalise(query.get("technique", ""))
        page = query.get("page", "")
        state, sort = query.get("state", ""), query.get("sort", "")
        return cls(
            words=() if is_id else tuple(_WORD.findall(text.lower())),
            external_id=text.lower() if is_id else "",
            sources=_listed(query.get("source", "")),
            statuses=_listed(query.get("status", "")),
            levels=tuple(one for one in _listed(query.get("level", "")) if one in (*LEVELS, NO_LEVEL)),
            truths=tuple(RuleTruth(one) for one in _listed(query.get("truth", "")) if one in set(RuleTruth)),
            technique=technique if is_technique_id(technique) else "",
            tactic=query.get("tactic", "") if _PLAIN.fullmatch(query.get("tactic", "")) else "",
            product=query.get("product", "") if _PLAIN.fullmatch(query.get("product", "")) else "",
            logs=logs_of(query.get("logs", "")),
            enabled={"yes": True, "no": False}.get(query.get("enabled", "")),
            presence=Presence(state) if state in set(Presence) else Presence.PRESENT,
            order=Order(sort) if sort in set(Order) else Order.TITLE,
            page=min(PAGES_MAX, max(1, int(page))) if page.isdecimal() and len(page) < 6 else 1,
        )


def logs_of(text: str) -> tuple[str, str, str] | None:
    """`windows|process_creation|` as product, category and service."""
    parts = text[:300].split("|")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and "\0" not in text else None


def logs_text(product: str, category: str, service: str) -> str:
    """A log source as an address names it."""
    return "|".join((product, category, service))


def _listed(text: str) -> tuple[str, ...]:
    found = (one.strip() for one in text.split(",")[:_VALUES_MAX])
    return tuple(one for one in found if one and _PLAIN.fullmatch(one))
