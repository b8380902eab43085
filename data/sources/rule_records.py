"""Detection rules as records, whatever their source; one apply step writes them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from data.sources.base import Rejected

LEVELS = frozenset({"informational", "low", "medium", "high", "critical"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRecord:
    """One rule. `claims` are technique ids as the rule states them, in upper case; `body` is its text, verbatim."""

    external_id: str
    title: str
    description: str
    status: str | None
    level: str | None
    author: str
    licence: str | None
    product: str | None
    category: str | None
    service: str | None
    tags: tuple[str, ...]
    references: tuple[str, ...]
    language: str
    body: str
    details: Mapping[str, Any]
    path: str
    written_on: date | None
    changed_on: date | None
    enabled: bool
    claims: tuple[str, ...]
    content_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """What a source of rules brings. `whole` false: an addition, what is not in it stays."""

    version: str | None
    whole: bool
    rules: tuple[RuleRecord, ...]
    rejected: tuple[Rejected, ...] = ()
