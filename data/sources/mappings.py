"""Mappings of controls, cloud capabilities and exploited vulnerabilities to ATT&CK, as CTID publishes them.

Format: JSON files of https://github.com/center-for-threat-informed-defense/mappings-explorer. One file is one
framework; an archive or a directory holds several, of which for each framework the newest is read. Rows that name a
control and no technique say that none fits; rows that name a technique and no control, that none addresses it. Every
row is kept as it stands, also where another says the same.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson

from data.sources.base import MEBIBYTE, Asked, Document, Input, Rejected
from data.sources.framework_records import (
    CATEGORIES,
    VALUES,
    ControlRecord,
    FrameworkRecord,
    FrameworkSet,
    MappingRecord,
)
from domain.attack_ids import DOMAINS, normalise
from domain.errors import BadInput

REVISION = 1
DOCUMENT_MAX = 50 * MEBIBYTE
ROWS_MAX = 200_000
_CODE_MAX, _NAME_MAX, _ID_MAX, _TEXT_MAX, _REFERENCES_MAX = 200, 1_000, 40, 20_000, 200
_NAMES = {
    "nist_800_53": "NIST SP 800-53",
    "cri_profile": "CRI Profile",
    "csa_ccm": "CSA Cloud Controls Matrix",
    "kev": "CISA Known Exploited Vulnerabilities",
    "cve": "CVE",
    "aws": "Amazon Web Services",
    "azure": "Microsoft Azure",
    "gcp": "Google Cloud",
    "m365": "Microsoft 365",
    "veris": "VERIS",
    "intel-vpro": "Intel vPro",
}
_VULNERABILITIES = frozenset({"kev", "cve"})
_SCORED = frozenset({"technique_score", "technique_scores"})
_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
_KNOWN = frozenset(
    {
        "capability_id",
        "capability_description",
        "capability_group",
        "mapping_type",
        "attack_object_id",
        "attack_object_name",
        "score_category",
        "score_value",
        "comments",
        "references",
        "status",
    }
)


class _Refused(Exception):
    """Why a file, or a row of one, cannot be used, in words that follow its name."""


def wanted(path: str) -> bool:
    return path.lower().endswith((".json", ".json.gz"))


def parse(source: Input, asked: Asked) -> FrameworkSet:
    """The newest of every framework of `source`. Raises BadInput when there is none at all.

    A file that is no mapping, and a row that says nothing, become a Rejected each. `asked.version` is of no use here:
    every file says its own.
    """
    rejected = list(source.rejected)
    newest: dict[str, tuple[tuple[Any, ...], FrameworkRecord, list[Rejected]]] = {}
    for document in source.documents:
        try:
            framework, wrong = _framework(document)
        except _Refused as refused:
            rejected.append(Rejected(document.path, str(refused)))
            continue
        age = (_parts(framework.attack_version), _version_parts(framework.version), document.path)
        held = newest.get(framework.slug)
        if held is None or age > held[0]:
            newest[framework.slug] = (age, framework, wrong)
    if not newest:
        first = f": {rejected[0].item} {rejected[0].reason}" if rejected else ""
        raise BadInput(f"{source.name} holds no mapping to ATT&CK{first}.")
    found = [newest[slug] for slug in sorted(newest)]
    for _age, _framework_found, wrong in found:
        rejected += wrong
    frameworks = tuple(framework for _age, framework, _wrong in found)
    return FrameworkSet(version=_version_of(frameworks), frameworks=frameworks, rejected=tuple(rejected))


def _version_of(frameworks: tuple[FrameworkRecord, ...]) -> str:
    if len(frameworks) == 1:
        return f"{frameworks[0].name} {frameworks[0].version}".strip()
    return f"{len(frameworks)} frameworks"


def _framework(document: Document) -> tuple[FrameworkRecord, list[Rejected]]:
    content = _json(document.content)
    metadata, rows = content.get("metadata"), content.get("mapping_objects")
    if not isinstance(metadata, dict) or not isinstance(rows, list):
        raise _Refused("is not a mapping: it has no metadata with mapping_objects")
    if len(rows) > ROWS_MAX:
        raise _Refused(f"has more than {ROWS_MAX:,} rows")
    key = _line(metadata.get("mapping_framework")).lower().replace(" ", "_")
    if not _SLUG.fullmatch(key):
        raise _Refused("does not say which framework it maps")
    domain = _domain(metadata)
    reading = _Rows(document.path, metadata.get("capability_groups"))
    reading.read(rows)
    if not reading.controls and not reading.mappings:
        raise _Refused("has no row that can be used")
    suffix = "" if domain == DOMAINS[0] else f"_{domain.removesuffix('-attack')}"
    facts = {name: metadata[name] for name in ("creation_date", "last_update", "organization") if metadata.get(name)}
    return FrameworkRecord(
        slug=f"{key}{suffix}",
        name=_NAMES.get(key, key.replace("_", " ").upper()),
        version=_line(metadata.get("mapping_framework_version"))[:60],
        kind=_kind(key, reading.mappings),
        origin="mappings",
        domain=domain,
        attack_version=_line(metadata.get("attack_version"))[:20],
        published_on=_day(metadata.get("last_update")) or _day(metadata.get("creation_date")),
        details={name: _line(value)[:200] for name, value in facts.items()} | {"rows": len(rows)},
        controls=reading.made(),
        mappings=tuple(reading.mappings),
    ), reading.rejected


def _kind(key: str, mappings: Iterable[MappingRecord]) -> str:
    if key in _VULNERABILITIES:
        return "vulnerabilities"
    return "capabilities" if any(row.mapping_type in _SCORED for row in mappings) else "controls"


def _domain(metadata: Mapping[str, Any]) -> str:
    name = _line(metadata.get("technology_domain")).lower().removesuffix("-attack") or "enterprise"
    domain = f"{name}-attack"
    if domain not in DOMAINS:
        raise _Refused(f"maps to {name[:40]}, which is not a domain of ATT&CK")
    return domain


@dataclass(slots=True)
class _Control:
    name: str
    group: str
    not_mappable: bool
    notes: list[str]


class _Rows:
    """The rows of one file. A control's name and group are those of the first row that names it."""

    def __init__(self, path: str, groups: object) -> None:
        self.path = path
        self.groups = groups if isinstance(groups, dict) else {}
        self.controls: dict[str, _Control] = {}
        self.mappings: list[MappingRecord] = []
        self.rejected: list[Rejected] = []

    def read(self, rows: list[Any]) -> None:
        for position, row in enumerate(rows, 1):
            try:
                self._row(row, position)
            except _Refused as refused:
                self.rejected.append(Rejected(f"{self.path}, row {position}", str(refused)))

    def made(self) -> tuple[ControlRecord, ...]:
        """In the order of their groups and codes: the rows of these files come in any order."""
        ordered = sorted(self.controls.items(), key=lambda item: (_natural(item[1].group), _natural(item[0])))
        return tuple(
            ControlRecord(
                code=code,
                name=one.name,
                group_code=one.group,
                group_name=_line(self.groups.get(one.group))[:_NAME_MAX],
                position=position,
                not_mappable=one.not_mappable,
                note="\n".join(one.notes),
            )
            for position, (code, one) in enumerate(ordered, 1)
        )

    def _row(self, row: Any, position: int) -> None:
        if not isinstance(row, dict):
            raise _Refused("is not a row of a mapping")
        code = _limited(_line(row.get("capability_id")), "control id", _CODE_MAX)
        technique = _limited(normalise(_line(row.get("attack_object_id"))), "technique id", _ID_MAX)
        if not code and not technique:
            raise _Refused("names neither a control nor a technique")
        comment = _limited(_text(row.get("comments")).strip(), "comment", _TEXT_MAX)
        name = _limited(_line(row.get("capability_description")), "name", _NAME_MAX)
        group = _limited(_line(row.get("capability_group")), "group", _CODE_MAX)
        mapping = self._mapping(row, code, technique, comment, position) if technique else None
        if code:
            control = self.controls.setdefault(code, _Control(name, group, False, []))
            if mapping is None:
                control.not_mappable = True
                control.notes += [comment] if comment and comment not in control.notes else []
            elif group != control.group:
                mapping = _with_group(mapping, group)
        if mapping is not None:
            self.mappings.append(mapping)

    def _mapping(self, row: Mapping[str, Any], code: str, technique: str, comment: str, position: int) -> MappingRecord:
        category, value = _line(row.get("score_category")).lower(), _line(row.get("score_value")).lower()
        more = {name: said for name, said in row.items() if name not in _KNOWN and said not in (None, "", [], {})}
        if category and category not in CATEGORIES:
            more["score_category"] = category
        if value and value not in VALUES:
            more["score_value"] = value
        return MappingRecord(
            control=code,
            technique=technique,
            technique_name=_limited(_line(row.get("attack_object_name")), "technique name", _NAME_MAX),
            mapping_type=_limited(_line(row.get("mapping_type")) or _unmapped(row), "mapping type", _CODE_MAX),
            score_category=category if category in CATEGORIES else None,
            score_value=value if value in VALUES else None,
            comment=comment,
            references=_references(row.get("references")),
            details={str(name)[:60]: _limited(_any(said), str(name)[:60], _TEXT_MAX) for name, said in more.items()},
            position=position,
        )


def _unmapped(row: Mapping[str, Any]) -> str:
    status = _line(row.get("status"))
    return status if status == "non_mappable" else ""


def _with_group(mapping: MappingRecord, group: str) -> MappingRecord:
    """A row that puts its control into another group than the first one did keeps that."""
    return replace(mapping, details={**mapping.details, "capability_group": group})


def _json(content: bytes) -> dict[str, Any]:
    try:
        loaded = orjson.loads(_plain(content))
    except orjson.JSONDecodeError as error:
        raise _Refused("is not JSON") from error
    if not isinstance(loaded, dict):
        raise _Refused("is not a mapping: it is not one JSON object")
    return loaded


def _plain(content: bytes) -> bytes:
    """A single file inside a directory or an archive may be packed itself."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    packed = zlib.decompressobj(wbits=31)
    try:
        plain = packed.decompress(content, DOCUMENT_MAX)
    except zlib.error as error:
        raise _Refused("is damaged: its gzip data cannot be read") from error
    if packed.unconsumed_tail:
        raise _Refused(f"is over the limit of {DOCUMENT_MAX // MEBIBYTE} MB when unpacked")
    if not packed.eof:
        raise _Refused("is cut off: the gzip stream ends too early")
    return plain


def _limited(text: str, what: str, most: int) -> str:
    if "\0" in text:
        raise _Refused(f"holds a NUL character in its {what}")
    if len(text) > most:
        raise _Refused(f"has a {what} of more than {most:,} characters")
    return text


def _references(value: object) -> tuple[str, ...]:
    lines = [_line(one) for one in value] if isinstance(value, list) else []
    found = tuple(line for line in lines if line)
    if len(found) > _REFERENCES_MAX:
        raise _Refused(f"has more than {_REFERENCES_MAX} references")
    return tuple(_limited(line, "reference", _TEXT_MAX) for line in found)


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _any(value: object) -> str:
    return _text(value) or orjson.dumps(value).decode()


def _line(value: object) -> str:
    return " ".join(_text(value).split())


def _day(value: object) -> date | None:
    """Dates stand in the files the American way, month first."""
    try:
        return datetime.strptime(_line(value), "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _natural(text: str) -> tuple[tuple[str, int], ...]:
    """Sorts AC-2 before AC-10."""
    return tuple((words.lower(), int(number or 0)) for words, number in re.findall(r"(\D*)(\d{0,9})", text))


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:6])


def _version_parts(version: str) -> tuple[int, ...]:
    """Versions that are dates go by the day, not by the month."""
    day = _day(version.replace(".", "/"))
    return (day.year, day.month, day.day) if day else _parts(version)
