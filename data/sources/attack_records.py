"""ATT&CK as records: what both the STIX parser and the built-in baseline hand on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from data.sources.base import Rejected

_DIGEST_BYTES = 16


def digest(*visible: object) -> bytes:
    """16 bytes over what people can see of an object. When upstream last touched it is not among that."""
    packed = orjson.dumps(visible, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(packed, digest_size=_DIGEST_BYTES).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What every ATT&CK object has. `attack_id` is None where ATT&CK gave none (data components before 18)."""

    stix_id: str
    attack_id: str | None
    name: str
    description: str
    url: str | None
    object_version: str | None
    published_at: datetime | None
    modified_at: datetime | None
    revoked: bool
    deprecated: bool
    content_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticRecord(Published):
    """`position` is the column in the matrix, from 0; None when no active matrix has it."""

    shortname: str
    position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TechniqueRecord(Published):
    """`tactics` are short names; `detection` is the text field that ATT&CK had before version 18."""

    is_subtechnique: bool
    platforms: tuple[str, ...]
    tactics: tuple[str, ...]
    detection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRecord(Published):
    """A group, software, campaign, mitigation, data source, data component, detection strategy, analytic or asset."""

    kind: str
    aliases: tuple[str, ...]
    platforms: tuple[str, ...]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationshipRecord:
    stix_id: str
    kind: str
    source_ref: str
    target_ref: str
    description: str
    revoked: bool
    deprecated: bool
    content_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackBundle:
    """One domain in one version. `shortened`: its texts were cut by whoever packed it."""

    domain: str
    version: str
    shortened: bool
    tactics: tuple[TacticRecord, ...]
    techniques: tuple[TechniqueRecord, ...]
    objects: tuple[ObjectRecord, ...]
    relationships: tuple[RelationshipRecord, ...]
    rejected: tuple[Rejected, ...] = ()
