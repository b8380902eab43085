"""D3FEND's countermeasures as records, whichever of its files they come from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from data.sources.base import Rejected

PAGE = "https://d3fend.mitre.org/technique/d3f:{name}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountermeasureRecord:
    """A defensive technique. `name` is its name in the ontology, the same in every file; `d3fend_id` '' where unknown.

    `against`: technique id as D3FEND states it -> the artifacts, in words, through which it applies.
    """

    name: str
    d3fend_id: str
    label: str
    definition: str
    tactic: str
    parent: str
    synonyms: tuple[str, ...]
    against: Mapping[str, tuple[str, ...]]

    @property
    def url(self) -> str:
        return PAGE.format(name=self.name)

    def content_hash(self, revision: int) -> bytes:
        facts = [revision, self.d3fend_id, self.label, self.definition, self.tactic, self.parent, self.synonyms]
        packed = orjson.dumps([*facts, sorted(self.against.items())])
        return hashlib.blake2b(packed, digest_size=16).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountermeasureSet:
    """All of D3FEND: what is not in it is gone. `revision` is that of its reader."""

    version: str | None
    revision: int
    countermeasures: tuple[CountermeasureRecord, ...]
    rejected: tuple[Rejected, ...] = ()
