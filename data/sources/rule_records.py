"""Detection rules as records, whatever their source; one apply step writes them all."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from data.sources.base import Asked, Document, Input, Rejected
from domain.errors import BadInput

LEVELS = frozenset({"informational", "low", "medium", "high", "critical"})
# A source's own word for "no longer meant to be used": such a rule is kept, and comes disabled.
SWITCHED_OFF = frozenset({"deprecated", "unsupported"})
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DATE = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})")


class Refused(Exception):
    """Why a document is no rule, in words that follow its path."""


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


def gather(
    source: Input,
    asked: Asked,
    documents: Iterable[Document],
    read: Callable[[Document], RuleRecord],
    *,
    what: str,
    prefix: str = "",
) -> RuleSet:
    """The rule `read` makes of each document; one it refuses becomes a Rejected. Raises BadInput without a rule.

    `what` names a rule in a sentence, `prefix` is what the top folder of the source's archives begins with.
    """
    chosen, rejected = list(documents), list(source.rejected)
    rules: dict[str, RuleRecord] = {}
    for document in chosen:
        try:
            rule = read(document)
        except Refused as refused:
            rejected.append(Rejected(document.path, str(refused)))
            continue
        held = rules.setdefault(rule.external_id, rule)
        if held is not rule:
            rejected.append(Rejected(document.path, f"has the same id as {held.path}, which is kept"))
    if not rules:
        number = "1 file was" if len(chosen) == 1 else f"{len(chosen):,} files were"
        first = f"; the first, {rejected[0].item}, {rejected[0].reason}" if rejected else ""
        raise BadInput(f"{source.name} holds no {what}: {number} read{first}.")
    return RuleSet(
        version=asked.version or _version(source, prefix),
        whole=source.whole,
        rules=tuple(rules.values()),
        rejected=tuple(rejected),
    )


def _version(source: Input, prefix: str) -> str | None:
    """`sigma-r2026-04-01` with its commit as `r2026-04-01 (0e3b749e0d85)`; None for files without such a name."""
    if source.root is None:
        return None
    branch = source.root.removeprefix(prefix)
    commit = source.comment if source.comment and _COMMIT.fullmatch(source.comment) else None
    return f"{branch} ({commit[:12]})" if commit else branch


def body_of(document: Document) -> str:
    """The document's text, verbatim. Raises Refused for what the database cannot keep."""
    try:
        body = document.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("is not text in UTF-8") from error
    if "\0" in body:
        raise Refused("holds a NUL character")
    return body


def checked(rule: RuleRecord) -> RuleRecord:
    """The rule, or Refused when an escape like "\\0" made a character that the database cannot keep."""
    if "\\" in rule.body and _holds_nul(rule):
        raise Refused("holds a NUL character")
    return rule


def _holds_nul(rule: RuleRecord) -> bool:
    texts = (rule.external_id, rule.title, rule.description, rule.author, rule.licence or "", *rule.tags)
    packed = orjson.dumps(rule.details)
    places = (rule.product or "", rule.category or "", rule.service or "", rule.status or "", *rule.references)
    more = (*places, *rule.claims, rule.language)
    return b"\\u0000" in packed or any("\0" in text for text in (*texts, *more))


def digest(revision: int, document: Document, licence: str | None) -> bytes:
    """Equal for what a reader of this revision makes the same record of."""
    seen = hashlib.blake2b(digest_size=16)
    seen.update(f"{revision}\0{document.path}\0{licence}\0".encode())
    seen.update(document.content)
    return seen.digest()


def text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float | date) and not isinstance(value, bool) else ""


def line(value: object) -> str:
    """Text on one line."""
    return " ".join(text(value).split())


def lines(value: object) -> tuple[str, ...]:
    """A list of texts; a single text is a list of one, whatever is no text is left out."""
    values = value if isinstance(value, list) else [value]
    return tuple(found for found in map(line, values) if found)


def day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = _DATE.fullmatch(line(value))
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
