"""Elastic detection rules: a GitHub archive of elastic/detection-rules, a directory of such files, or a single rule.

Format: https://github.com/elastic/detection-rules. In a tree laid out like upstream's only `rules` counts (not
`rules_building_block`, `hunting`, ...); in any other directory every TOML file is taken for a rule.

Every entry under a threat table is one statement about a technique, and its sub-techniques stand under their parent:
the statement is then about these and not about the parent. Of the logs a rule reads, Elastic names operating systems in
tags and integrations in the metadata: the first are kept as product, the second as service.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from data.sources import rule_records, safe_toml
from data.sources.base import Asked, Document, Input
from data.sources.rule_records import LEVELS, SWITCHED_OFF, Refused, RuleRecord, RuleSet, day, line, lines, text
from domain.attack_ids import normalise

REVISION = 1
LICENCE = "Elastic License 2.0"
_FRAMEWORK = "MITRE ATT&CK"
_DEPRECATED_FOLDER = "_deprecated"
_SYSTEMS = {"windows": "windows", "linux": "linux", "macos": "macos"}
# As rules spell it; the licence itself is called Elastic License 2.0.
_LICENCE_NAMES = frozenset({"elastic license v2", "elastic licence v2", "elastic license", "elastic license 2.0"})
_Table = Mapping[str, Any]


def wanted(path: str) -> bool:
    return path.lower().endswith(".toml")


def parse(source: Input, asked: Asked) -> RuleSet:
    """Every rule of `source`; a file that is none becomes a Rejected. Raises BadInput when there is no rule at all."""
    everything = list(source.documents)
    laid_out = [document for document in everything if document.path.startswith("rules/")]
    chosen = laid_out or everything
    return rule_records.gather(source, asked, chosen, read, what="Elastic rule", prefix="detection-rules-")


def read(document: Document) -> RuleRecord:
    """The rule in a document. Raises Refused."""
    body = rule_records.body_of(document)
    try:
        content = safe_toml.load(body)
    except safe_toml.Unreadable as error:
        raise Refused(str(error)) from error
    metadata, rule = _table(content, "metadata"), _table(content, "rule")
    if not rule:
        raise Refused("is not an Elastic rule: it has no [rule]")
    external_id, title = line(rule.get("rule_id")).lower(), line(rule.get("name"))
    if not external_id:
        raise Refused("has no rule_id")
    if not title:
        raise Refused("has no name")
    status, level = _status(document, metadata), line(rule.get("severity")).lower()
    licence, tags = _licence(rule), lines(rule.get("tags"))
    made = RuleRecord(
        external_id=external_id,
        title=title,
        description=text(rule.get("description")).strip(),
        status=status,
        level=level if level in LEVELS else None,
        author=", ".join(lines(rule.get("author"))),
        licence=licence,
        product=", ".join(_systems(tags)) or None,
        category=None,
        service=", ".join(lines(metadata.get("integration"))) or None,
        tags=tags,
        references=lines(rule.get("references")),
        language=line(rule.get("language")) or line(rule.get("type")) or "none",
        body=body,
        details=_details(metadata, rule),
        path=document.path,
        written_on=day(metadata.get("creation_date")),
        changed_on=day(metadata.get("updated_date")),
        enabled=status not in SWITCHED_OFF,
        claims=tuple(dict.fromkeys(_claims(rule))),
        content_hash=rule_records.digest(REVISION, document, licence),
    )
    return rule_records.checked(made)


def _status(document: Document, metadata: _Table) -> str | None:
    """The maturity; what lies in the folder for deprecated rules is deprecated, whatever it says."""
    if _DEPRECATED_FOLDER in document.path.split("/")[:-1]:
        return "deprecated"
    return line(metadata.get("maturity")).lower() or None


def _licence(rule: _Table) -> str | None:
    said = line(rule.get("license"))
    return LICENCE if said.lower() in _LICENCE_NAMES else said or None


def _systems(tags: tuple[str, ...]) -> list[str]:
    """The operating systems that tags like "OS: Windows" name, in alphabetical order."""
    named = (tag.partition(":")[2].strip().lower() for tag in tags if tag.lower().startswith("os:"))
    return sorted({_SYSTEMS.get(name, name) for name in named if name})


def _details(metadata: _Table, rule: _Table) -> dict[str, Any]:
    risk = rule.get("risk_score")
    return {
        "falsepositives": [text(one).strip() for one in _list(rule, "false_positives") if text(one).strip()],
        "risk_score": risk if isinstance(risk, int) and not isinstance(risk, bool) and 0 <= risk <= 100 else None,
        "type": line(rule.get("type")),
        "index": list(lines(rule.get("index"))),
        "min_stack_version": line(metadata.get("min_stack_version")),
        "deprecated_on": line(metadata.get("deprecation_date")),
    }


def _claims(rule: _Table) -> Iterator[str]:
    """Technique ids in the threat tables. One that is written wrong is claimed as it stands: it will not be placed."""
    for threat in _tables(rule, "threat"):
        if line(threat.get("framework")) not in ("", _FRAMEWORK):
            continue
        for technique in _tables(threat, "technique"):
            below = [_id(one) for one in _tables(technique, "subtechnique") if _id(one)]
            yield from below or filter(None, [_id(technique)])


def _id(table: _Table) -> str:
    return normalise(line(table.get("id")))[:20]


def _table(content: _Table, name: str) -> _Table:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _list(content: _Table, name: str) -> list[Any]:
    found = content.get(name)
    return found if isinstance(found, list) else []


def _tables(content: _Table, name: str) -> list[_Table]:
    return [one for one in _list(content, name) if isinstance(one, dict)]
