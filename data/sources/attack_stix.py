"""MITRE ATT&CK as a STIX bundle: 2.0 (mitre/cti) and 2.1 (attack-stix-data), with the old and the new detection model.

Layout of the format: https://github.com/mitre-attack/attack-stix-data/blob/master/USAGE.md. Differences between the two
that matter here: only 2.1 bundles hold an `x-mitre-collection`, which names the version; a missing `revoked` or
`x_mitre_deprecated` means false; an ATT&CK id hides in one of three `source_name`s, in any place of the list.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from data.sources.attack_objects import DETAILS, KINDS
from data.sources.attack_records import (
    AttackBundle,
    ObjectRecord,
    RelationshipRecord,
    TacticRecord,
    TechniqueRecord,
    digest,
)
from data.sources.base import Asked, Input, Rejected
from data.sources.stix_values import Stix, flag, strings, text, words
from domain.attack_ids import DOMAIN_LABELS
from domain.errors import BadInput

REVISION = 1
_KILL_CHAINS = {
    "mitre-attack": "enterprise-attack",
    "mitre-mobile-attack": "mobile-attack",
    "mitre-ics-attack": "ics-attack",
}
_ID_SOURCES = frozenset({"mitre-attack", "mitre-mobile-attack", "mitre-ics-attack"})
_VERSION = re.compile(r"(?:ATT&CK-)?v?(\d{1,3})(?:\.(\d{1,3}))?", re.IGNORECASE)
# enterprise-attack-18.1.json, enterprise-attack-v18.1.json, ics-attack_8.2.json.gz
_VERSION_IN_NAME = re.compile(r"attack[-_ ]?v?(\d{1,3}\.\d{1,3})(?!\d)", re.IGNORECASE)


def parse(source: Input, asked: Asked) -> AttackBundle:
    """The one bundle of `source`. Version: from the bundle, else as asked, else from the file's name."""
    document = source.documents[0]
    objects = _objects(document.content, source.name)
    by_type = _by_type(objects)
    domain = _domain(by_type, source.name, asked.domain)
    version = _version(by_type, document.path, source.name, asked.version)
    rejected: list[Rejected] = []
    positions = _positions(by_type.get("x-mitre-matrix", []), by_type.get("x-mitre-tactic", []), source.name)
    return AttackBundle(
        domain=domain,
        version=version,
        shortened=False,
        tactics=tuple(_tactics(by_type.get("x-mitre-tactic", []), positions, rejected)),
        techniques=tuple(_techniques(by_type.get("attack-pattern", []), rejected)),
        objects=tuple(_others(by_type, rejected)),
        relationships=tuple(_relationships(by_type.get("relationship", []), rejected)),
        rejected=tuple(rejected),
    )


def _objects(content: bytes, name: str) -> list[Stix]:
    try:
        bundle = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{name} is not JSON; an ATT&CK bundle is a STIX file in JSON.") from error
    objects = bundle.get("objects") if isinstance(bundle, dict) else None
    if not isinstance(bundle, dict) or bundle.get("type") != "bundle" or not isinstance(objects, list):
        raise BadInput(f"{name} is JSON but not a STIX bundle; give a bundle as MITRE publishes it.")
    if b"\\u0000" in content:
        raise BadInput(f"{name} holds a NUL character, which no text in ATT&CK has; it was not read.")
    return [item for item in objects if isinstance(item, dict)]


def _by_type(objects: Iterable[Stix]) -> dict[str, list[Stix]]:
    """Objects by type, each STIX id once: where a bundle repeats one, the newest counts."""
    unique: dict[str, Stix] = {}
    for item in objects:
        key = text(item, "id")
        held = unique.get(key)
        if held is None or text(item, "modified") > text(held, "modified"):
            unique[key] = item
    by_type: dict[str, list[Stix]] = {}
    for item in unique.values():
        by_type.setdefault(text(item, "type"), []).append(item)
    return by_type


def _domain(by_type: Mapping[str, list[Stix]], name: str, asked: str | None) -> str:
    chains = {chain for item in by_type.get("attack-pattern", []) for chain, _ in _phases(item)}
    domains = {_KILL_CHAINS[chain] for chain in chains if chain in _KILL_CHAINS}
    if not domains:
        raise BadInput(f"{name} is a STIX bundle but holds no ATT&CK techniques.")
    if len(domains) > 1:
        labels = ", ".join(DOMAIN_LABELS[domain] for domain in sorted(domains))
        raise BadInput(f"{name} mixes several ATT&CK domains ({labels}); give one bundle for each.")
    domain = domains.pop()
    if asked is not None and asked != domain:
        wanted = DOMAIN_LABELS.get(asked, asked)
        raise BadInput(f"{name} is the {DOMAIN_LABELS[domain]} bundle, not {wanted} as asked; nothing was changed.")
    return domain


def _version(by_type: Mapping[str, list[Stix]], path: str, name: str, asked: str | None) -> str:
    wanted = normalise_version(asked) if asked else None
    collections = by_type.get("x-mitre-collection", [])
    stated = text(collections[0], "x_mitre_version") if len(collections) == 1 else ""
    if stated:
        found = normalise_version(stated)
        if wanted and wanted != found:
            raise BadInput(f"{name} says it is ATT&CK {found}, not {wanted} as asked; nothing was changed.")
        return found
    if wanted:
        return wanted
    in_name = _VERSION_IN_NAME.search(path.rpartition("/")[2])
    if in_name is None:
        raise BadInput(f"{name} does not say which version of ATT&CK it is; give --version, for example 18.1.")
    return normalise_version(in_name[1])


def normalise_version(version: str) -> str:
    """`v18.1`, `ATT&CK-v18.1`, `18` as `18.1`, `18.1`, `18.0`."""
    found = _VERSION.fullmatch(version.strip())
    if found is None:
        raise BadInput(f"{version.strip()[:40]!r} is not a version of ATT&CK; write it like 18.1.")
    return f"{int(found[1])}.{int(found[2] or 0)}"


def _positions(matrices: list[Stix], tactics: list[Stix], name: str) -> dict[str, int]:
    """Tactic STIX id -> column. Mobile once had two active matrices: the larger comes first."""
    active = [matrix for matrix in matrices if not flag(matrix, "revoked") and not flag(matrix, "x_mitre_deprecated")]
    if not active:
        raise BadInput(f"{name} holds no active ATT&CK matrix; give the whole bundle, not a part of it.")
    living = {
        text(item, "id") for item in tactics if not flag(item, "revoked") and not flag(item, "x_mitre_deprecated")
    }
    active.sort(key=lambda matrix: -len(strings(matrix, "tactic_refs")))
    order = dict.fromkeys(ref for matrix in active for ref in strings(matrix, "tactic_refs") if ref in living)
    if not order:
        raise BadInput(f"{name} holds a matrix without tactics; give the whole bundle, not a part of it.")
    return {ref: position for position, ref in enumerate(order)}


def _tactics(items: Iterable[Stix], positions: Mapping[str, int], rejected: list[Rejected]) -> Iterator[TacticRecord]:
    for item in items:
        common = _common(item, rejected)
        shortname = text(item, "x_mitre_shortname")
        if common is None or not shortname:
            continue
        position = positions.get(common["stix_id"])
        yield TacticRecord(
            **common, shortname=shortname, position=position, content_hash=_digest(common, shortname, position)
        )


def _techniques(items: Iterable[Stix], rejected: list[Rejected]) -> Iterator[TechniqueRecord]:
    for item in items:
        common = _common(item, rejected)
        if common is None:
            continue
        if common["attack_id"] is None:
            rejected.append(Rejected(common["stix_id"], f"the technique {common['name']!r} has no ATT&CK id"))
            continue
        is_subtechnique = flag(item, "x_mitre_is_subtechnique")
        platforms = words(item, "x_mitre_platforms")
        tactics = tuple(dict.fromkeys(phase for chain, phase in _phases(item) if chain in _KILL_CHAINS))
        detection = text(item, "x_mitre_detection")
        yield TechniqueRecord(
            **common,
            is_subtechnique=is_subtechnique,
            platforms=platforms,
            tactics=tactics,
            detection=detection,
            content_hash=_digest(common, is_subtechnique, sorted(platforms), sorted(tactics), detection),
        )


def _others(by_type: Mapping[str, list[Stix]], rejected: list[Rejected]) -> Iterator[ObjectRecord]:
    for stix_type, kind in KINDS.items():
        for item in by_type.get(stix_type, []):
            common = _common(item, rejected)
            if common is None:
                continue
            aliases = strings(item, "aliases") or strings(item, "x_mitre_aliases")
            aliases = tuple(alias for alias in dict.fromkeys(aliases) if alias != common["name"])
            platforms = words(item, "x_mitre_platforms")
            details = DETAILS[kind](item)
            yield ObjectRecord(
                **common,
                kind=kind,
                aliases=aliases,
                platforms=platforms,
                details=details,
                content_hash=_digest(common, kind, sorted(aliases), sorted(platforms), details),
            )


def _relationships(items: Iterable[Stix], rejected: list[Rejected]) -> Iterator[RelationshipRecord]:
    for item in items:
        stix_id, kind = text(item, "id"), text(item, "relationship_type")
        source, target = text(item, "source_ref"), text(item, "target_ref")
        if not (stix_id and kind and source and target):
            rejected.append(Rejected(stix_id or "a relationship", "the relationship lacks its type or one of its ends"))
            continue
        description = text(item, "description")
        revoked, deprecated = flag(item, "revoked"), flag(item, "x_mitre_deprecated")
        yield RelationshipRecord(
            stix_id=stix_id,
            kind=kind,
            source_ref=source,
            target_ref=target,
            description=description,
            revoked=revoked,
            deprecated=deprecated,
            content_hash=digest(kind, source, target, description, revoked, deprecated),
        )


def _common(item: Stix, rejected: list[Rejected]) -> dict[str, Any] | None:
    stix_id, name = text(item, "id"), text(item, "name").strip()
    if not stix_id or not name:
        rejected.append(Rejected(stix_id or text(item, "type") or "an object", "the object lacks its id or its name"))
        return None
    attack_id, url = _attack_id(item)
    return {
        "stix_id": stix_id,
        "attack_id": attack_id,
        "name": name,
        "description": text(item, "description"),
        "url": url,
        "object_version": text(item, "x_mitre_version") or None,
        "published_at": _moment(text(item, "created")),
        "modified_at": _moment(text(item, "modified")),
        "revoked": flag(item, "revoked"),
        "deprecated": flag(item, "x_mitre_deprecated"),
    }


def _digest(common: Mapping[str, Any], *visible: object) -> bytes:
    return digest(
        common["attack_id"],
        common["name"],
        common["description"],
        common["object_version"],
        common["revoked"],
        common["deprecated"],
        *visible,
    )


def _attack_id(item: Stix) -> tuple[str | None, str | None]:
    references = item.get("external_references")
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, dict) and reference.get("source_name") in _ID_SOURCES:
            found = text(reference, "external_id").strip()
            if found:
                return found, text(reference, "url") or None
    return None, None


def _phases(item: Stix) -> Iterator[tuple[str, str]]:
    phases = item.get("kill_chain_phases")
    for phase in phases if isinstance(phases, list) else ():
        if isinstance(phase, dict):
            yield text(phase, "kill_chain_name"), text(phase, "phase_name")


def _moment(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None
