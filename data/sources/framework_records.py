"""Frameworks with their mapping to ATT&CK as records, whatever they were read from; one apply step writes them all."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from data.sources.base import Rejected

CATEGORIES = frozenset({"protect", "detect", "respond"})
VALUES = frozenset({"minimal", "partial", "significant"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRecord:
    """One row that names a technique, as its source has it. `control` is '' where it names no control.

    `details` is what else the row says. `position` is its place in the source.
    """

    control: str
    technique: str
    technique_name: str = ""
    mapping_type: str = ""
    score_category: str | None = None
    score_value: str | None = None
    comment: str = ""
    references: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRecord:
    """One control. `not_mappable`: a row of the source says that no technique fits; `note` is its reason."""

    code: str
    name: str = ""
    group_code: str = ""
    group_name: str = ""
    position: int = 0
    not_mappable: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkRecord:
    """A framework as one file has it. `kind` and `origin` are words of the table `framework`."""

    slug: str
    name: str
    version: str
    kind: str
    origin: str
    domain: str
    attack_version: str
    published_on: date | None
    details: Mapping[str, Any]
    controls: tuple[ControlRecord, ...]
    mappings: tuple[MappingRecord, ...]

    @property
    def content_hash(self) -> bytes:
        facts = (self.name, self.version, self.kind, self.domain, self.attack_version, self.published_on, self.details)
        return digest(facts, self.controls, self.mappings)

    def control_hashes(self) -> dict[str, bytes]:
        """Code -> a digest of the control and its rows, wherever in the file they stand."""
        rows: dict[str, list[bytes]] = {control.code: [] for control in self.controls}
        for row in self.mappings:
            if row.control:
                rows[row.control].append(digest(_without_position(row)))
        return {one.code: digest(_without_position(one), sorted(rows[one.code])) for one in self.controls}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkSet:
    """What one run brings: each framework takes the place of the one of its name, no other is touched."""

    version: str | None
    frameworks: tuple[FrameworkRecord, ...]
    rejected: tuple[Rejected, ...] = ()


def digest(*parts: object) -> bytes:
    """A digest of records and plain values."""
    return hashlib.blake2b(orjson.dumps(parts, default=_plain), digest_size=16).digest()


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value))


def _without_position(record: MappingRecord | ControlRecord) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(orjson.dumps(record))
    fields.pop("position")
    return fields
