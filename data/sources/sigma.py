"""Sigma rules: a GitHub archive of SigmaHQ/sigma, a directory of own rules, or a single rule.

Format: https://github.com/SigmaHQ/sigma-specification. In a tree laid out like upstream's only `rules` and `rules-*`
count (not `deprecated`, `unsupported`, `tests`, ...); in any other directory every YAML file is taken for a rule.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from data.sources import rule_records, safe_yaml
from data.sources.base import Asked, Document, Input
from data.sources.rule_records import LEVELS, SWITCHED_OFF, Refused, RuleRecord, RuleSet, day, line, lines, text
from domain.attack_ids import normalise

REVISION = 1
LICENCE = "DRL 1.1"
_TECHNIQUE_TAG = re.compile(r"attack\.(t\d[\w.]{0,15})", re.IGNORECASE)


def wanted(path: str) -> bool:
    return path.lower().endswith((".yml", ".yaml"))


def parse(source: Input, asked: Asked) -> RuleSet:
    """Every rule of `source`; a file that is none becomes a Rejected. Raises BadInput when there is no rule at all."""
    documents, upstream = _choose(source.documents)
    return rule_records.gather(
        source, asked, documents, lambda document: read(document, upstream=upstream), what="Sigma rule", prefix="sigma-"
    )


def _choose(documents: Iterable[Document]) -> tuple[list[Document], bool]:
    """The documents that should be rules, and whether the tree is laid out like upstream's."""
    everything = list(documents)
    laid_out = [document for document in everything if _is_rules_folder(document.path.partition("/")[0])]
    folders = any("/" in document.path for document in laid_out)
    return (laid_out, True) if folders else (everything, False)


def _is_rules_folder(folder: str) -> bool:
    return folder == "rules" or folder.startswith("rules-")


def read(document: Document, *, upstream: bool = False) -> RuleRecord:
    """The rule in a document; `upstream`: of SigmaHQ's tree, under its licence. Raises Refused."""
    body = rule_records.body_of(document)
    try:
        content = safe_yaml.load(document.content)
    except safe_yaml.Unreadable as error:
        raise Refused(str(error)) from error
    if not isinstance(content, dict) or not {"detection", "logsource", "title"} & content.keys():
        raise Refused("is not a Sigma rule")
    external_id, title = line(content.get("id")).lower(), line(content.get("title"))
    if not external_id:
        raise Refused("has no id")
    if not title:
        raise Refused("has no title")
    _check_detection(content)
    logsource = content["logsource"] if isinstance(content.get("logsource"), dict) else {}
    status, level = line(content.get("status")).lower() or None, line(content.get("level")).lower()
    tags = lines(content.get("tags"))
    licence = line(content.get("license")) or (LICENCE if upstream else None)
    made = RuleRecord(
        external_id=external_id,
        title=title,
        description=text(content.get("description")).strip(),
        status=status,
        level=level if level in LEVELS else None,
        author=", ".join(lines(content.get("author"))),
        licence=licence,
        product=line(logsource.get("product")) or None,
        category=line(logsource.get("category")) or None,
        service=line(logsource.get("service")) or None,
        tags=tags,
        references=lines(content.get("references")),
        language="sigma",
        body=body,
        details=_details(content, logsource),
        path=document.path,
        written_on=day(content.get("date")),
        changed_on=day(content.get("modified")),
        enabled=status not in SWITCHED_OFF,
        claims=_claims(tags),
        content_hash=rule_records.digest(REVISION, document, licence),
    )
    return rule_records.checked(made)


def _check_detection(content: Mapping[Any, Any]) -> None:
    if "correlation" in content and "detection" not in content:
        raise Refused("is a correlation of other rules, which has no detection of its own")
    detection = content.get("detection")
    if not isinstance(detection, dict) or not detection:
        raise Refused("has no detection")
    if "condition" not in detection:
        raise Refused("has a detection without a condition")


def _details(content: Mapping[Any, Any], logsource: Mapping[Any, Any]) -> dict[str, Any]:
    related = content.get("related")
    return {
        "falsepositives": list(lines(content.get("falsepositives"))),
        "related": [
            {"id": line(item.get("id")), "type": line(item.get("type"))}
            for item in (related if isinstance(related, list) else ())
            if isinstance(item, dict)
        ],
        "logsource_definition": text(logsource.get("definition")).strip(),
        "fields": list(lines(content.get("fields"))),
    }


def _claims(tags: Iterable[str]) -> tuple[str, ...]:
    """Technique ids in the tags. One that is written wrong is claimed as it stands: it will show as not placed."""
    found = (_TECHNIQUE_TAG.fullmatch(tag) for tag in tags)
    return tuple(dict.fromkeys(normalise(match[1]) for match in found if match))
