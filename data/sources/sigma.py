"""Sigma rules: a GitHub archive of SigmaHQ/sigma, a directory of own rules, or a single rule.

Format: https://github.com/SigmaHQ/sigma-specification. In a tree laid out like upstream's only `rules` and `rules-*`
count (not `deprecated`, `unsupported`, `tests`, ...); in any other directory every YAML file is taken for a rule.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import orjson

from data.sources import safe_yaml
from data.sources.base import Asked, Document, Input, Rejected
from data.sources.rule_records import LEVELS, RuleRecord, RuleSet
from domain.attack_ids import normalise
from domain.errors import BadInput

REVISION = 1
LICENCE = "DRL 1.1"
_SWITCHED_OFF = frozenset({"deprecated", "unsupported"})
_TECHNIQUE_TAG = re.compile(r"attack\.(t\d[\w.]{0,15})", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DATE = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})")


class _Refused(Exception):
    """Why a document is no rule, in words that follow its path."""


def wanted(path: str) -> bool:
    return path.lower().endswith((".yml", ".yaml"))


def parse(source: Input, asked: Asked) -> RuleSet:
    """Every rule of `source`; a file that is none becomes a Rejected. Raises BadInput when there is no rule at all."""
    documents, upstream = _choose(source.documents)
    rules: dict[str, RuleRecord] = {}
    rejected = list(source.rejected)
    for document in documents:
        try:
            rule = _rule(document, upstream=upstream)
        except (_Refused, safe_yaml.Unreadable) as refused:
            rejected.append(Rejected(document.path, str(refused)))
            continue
        held = rules.setdefault(rule.external_id, rule)
        if held is not rule:
            rejected.append(Rejected(document.path, f"has the same id as {held.path}, which is kept"))
    if not rules:
        read = "1 file was" if len(documents) == 1 else f"{len(documents):,} files were"
        first = f"; the first, {rejected[0].item}, {rejected[0].reason}" if rejected else ""
        raise BadInput(f"{source.name} holds no Sigma rule: {read} read{first}.")
    return RuleSet(
        version=asked.version or _version(source),
        whole=source.whole,
        rules=tuple(rules.values()),
        rejected=tuple(rejected),
    )


def _choose(documents: Iterable[Document]) -> tuple[list[Document], bool]:
    """The documents that should be rules, and whether the tree is laid out like upstream's."""
    everything = list(documents)
    laid_out = [document for document in everything if _is_rules_folder(document.path.partition("/")[0])]
    folders = any("/" in document.path for document in laid_out)
    return (laid_out, True) if folders else (everything, False)


def _is_rules_folder(folder: str) -> bool:
    return folder == "rules" or folder.startswith("rules-")


def _version(source: Input) -> str | None:
    """`sigma-r2026-04-01` with its commit as `r2026-04-01 (0e3b749e0d85)`; None for files without such a name."""
    if source.root is None:
        return None
    branch = source.root.removeprefix("sigma-")
    commit = source.comment if source.comment and _COMMIT.fullmatch(source.comment) else None
    return f"{branch} ({commit[:12]})" if commit else branch


def _rule(document: Document, *, upstream: bool) -> RuleRecord:
    body = _text_of(document.content)
    content = safe_yaml.load(document.content)
    if not isinstance(content, dict) or not {"detection", "logsource", "title"} & content.keys():
        raise _Refused("is not a Sigma rule")
    external_id, title = _line(content.get("id")).lower(), _line(content.get("title"))
    if not external_id:
        raise _Refused("has no id")
    if not title:
        raise _Refused("has no title")
    _check_detection(content)
    logsource = content["logsource"] if isinstance(content.get("logsource"), dict) else {}
    status, level = _line(content.get("status")).lower() or None, _line(content.get("level")).lower()
    tags = _lines(content.get("tags"))
    licence = _line(content.get("license")) or (LICENCE if upstream else None)
    rule = RuleRecord(
        external_id=external_id,
        title=title,
        description=_text(content.get("description")).strip(),
        status=status,
        level=level if level in LEVELS else None,
        author=", ".join(_lines(content.get("author"))),
        licence=licence,
        product=_line(logsource.get("product")) or None,
        category=_line(logsource.get("category")) or None,
        service=_line(logsource.get("service")) or None,
        tags=tags,
        references=_lines(content.get("references")),
        language="sigma",
        body=body,
        details=_details(content, logsource),
        path=document.path,
        written_on=_date(content.get("date")),
        changed_on=_date(content.get("modified")),
        enabled=status not in _SWITCHED_OFF,
        claims=_claims(tags),
        content_hash=_digest(document, licence),
    )
    if "\\" in body and _holds_nul(rule):
        raise _Refused("holds a NUL character")
    return rule


def _text_of(content: bytes) -> str:
    try:
        body = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Refused("is not text in UTF-8") from error
    if "\0" in body:
        raise _Refused("holds a NUL character")
    return body


def _check_detection(content: Mapping[Any, Any]) -> None:
    if "correlation" in content and "detection" not in content:
        raise _Refused("is a correlation of other rules, which has no detection of its own")
    detection = content.get("detection")
    if not isinstance(detection, dict) or not detection:
        raise _Refused("has no detection")
    if "condition" not in detection:
        raise _Refused("has a detection without a condition")


def _details(content: Mapping[Any, Any], logsource: Mapping[Any, Any]) -> dict[str, Any]:
    related = content.get("related")
    return {
        "falsepositives": list(_lines(content.get("falsepositives"))),
        "related": [
            {"id": _line(item.get("id")), "type": _line(item.get("type"))}
            for item in (related if isinstance(related, list) else ())
            if isinstance(item, dict)
        ],
        "logsource_definition": _text(logsource.get("definition")).strip(),
        "fields": list(_lines(content.get("fields"))),
    }


def _claims(tags: Iterable[str]) -> tuple[str, ...]:
    """Technique ids in the tags. One that is written wrong is claimed as it stands: it will show as not placed."""
    found = (_TECHNIQUE_TAG.fullmatch(tag) for tag in tags)
    return tuple(dict.fromkeys(normalise(match[1]) for match in found if match))


def _digest(document: Document, licence: str | None) -> bytes:
    seen = hashlib.blake2b(digest_size=16)
    seen.update(f"{REVISION}\0{document.path}\0{licence}\0".encode())
    seen.update(document.content)
    return seen.digest()


def _holds_nul(rule: RuleRecord) -> bool:
    """Whether an escape like "\\0" made a character that the database cannot keep."""
    texts = (rule.external_id, rule.title, rule.description, rule.author, rule.licence or "", *rule.tags)
    packed = orjson.dumps(rule.details)
    places = (rule.product or "", rule.category or "", rule.service or "", rule.status or "", *rule.references)
    return b"\\u0000" in packed or any("\0" in text for text in (*texts, *places))


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float | date) and not isinstance(value, bool) else ""


def _line(value: object) -> str:
    return " ".join(_text(value).split())


def _lines(value: object) -> tuple[str, ...]:
    """A list of texts; a single text is a list of one, whatever is no text is left out."""
    values = value if isinstance(value, list) else [value]
    return tuple(line for line in map(_line, values) if line)


def _date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = _DATE.fullmatch(_line(value))
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
