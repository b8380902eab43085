"""MITRE D3FEND: countermeasures and the ATT&CK techniques each applies to.

Two kinds of file say so:

- the finished mapping that D3FEND published for years (`d3fend-full-mappings.json` or `.csv`), the result of a SPARQL
  query with a row for each way in which a countermeasure and a technique meet in an artifact;
- the ontology itself as Turtle (https://github.com/d3fend/d3fend-ontology), which has no such rows: there a
  countermeasure D and a technique T belong together when D has a restriction to an artifact A, T has one to an artifact
  B, and B is A or a subclass of A (`data/sources/d3fend_ontology.py`).

A record's name is that of its class in the ontology, which all files share.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import orjson

from data.sources import d3fend_ontology
from data.sources.base import Asked, Input, Rejected
from data.sources.countermeasure_records import CountermeasureRecord, CountermeasureSet
from domain.attack_ids import is_technique_id, normalise
from domain.errors import BadInput

REVISION = 1
_ROWS_MAX = 2_000_000
_TEXT_MAX = 300
_NEEDED = ("def_tech", "def_tech_label")
Row = Mapping[str, str]


def wanted(path: str) -> bool:
    return path.lower().endswith((".ttl", ".json", ".csv"))


def parse(source: Input, asked: Asked) -> CountermeasureSet:
    """Raises BadInput when the file is neither a mapping nor an ontology with countermeasures."""
    if len(source.documents) != 1:
        raise BadInput(f"{source.name} has to hold one file of D3FEND, not {len(source.documents)}.")
    (document,) = source.documents
    try:
        text = document.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{source.name} is not text in UTF-8.") from error
    if "\0" in text or ("\\u0000" in text):
        raise BadInput(f"{source.name} holds a NUL character.")
    rejected: tuple[Rejected, ...] = ()
    if text.lstrip().startswith("{"):
        found, rejected = _mapped(_of_json(source.name, document.content))
    elif "def_tech" in text.partition("\n")[0]:
        found, rejected = _mapped(_of_csv(text))
    else:
        try:
            found = d3fend_ontology.read(text)
        except d3fend_ontology.Unreadable as error:
            raise BadInput(f"{source.name} {error}.") from error
    if not found:
        raise BadInput(f"{source.name} holds no countermeasure of D3FEND.")
    version = asked.version or d3fend_ontology.version_of(text)
    rejected = (*source.rejected, *rejected)
    return CountermeasureSet(version=version, revision=REVISION, countermeasures=tuple(found), rejected=rejected)


def _of_json(name: str, content: bytes) -> Iterator[Row]:
    """The rows of a SPARQL result in JSON."""
    try:
        whole = orjson.loads(content)
        bindings = whole["results"]["bindings"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BadInput(f"{name} is no mapping of D3FEND: it has no results.bindings.") from error
    for row in bindings if isinstance(bindings, list) else ():
        if isinstance(row, dict):
            yield {key: _value(cell) for key, cell in row.items()}


def _value(cell: object) -> str:
    value = cell.get("value") if isinstance(cell, dict) else None
    return value if isinstance(value, str) else ""


def _of_csv(text: str) -> Iterator[Row]:
    for row in csv.DictReader(io.StringIO(text)):
        yield {key: value or "" for key, value in row.items() if isinstance(key, str) and isinstance(value, str | None)}


def _mapped(rows: Iterable[Row]) -> tuple[list[CountermeasureRecord], tuple[Rejected, ...]]:
    """One record a countermeasure from the rows of a mapping; rows that name none, or no technique, are counted."""
    facts: dict[str, tuple[str, str]] = {}
    against: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    left_out = 0
    for number, row in enumerate(rows):
        if number >= _ROWS_MAX:
            raise BadInput(f"This mapping has more than {_ROWS_MAX:,} rows.")
        name, technique = _local(row.get("def_tech", "")), _technique(row)
        label = row.get("def_tech_label", "")[:_TEXT_MAX].strip()
        if not name or not label or not technique:
            left_out += 1
            continue
        facts.setdefault(name, (label, row.get("def_tactic_label", "")[:_TEXT_MAX].strip()))
        artifact = (row.get("off_artifact_label") or row.get("def_artifact_label") or "")[:_TEXT_MAX].strip()
        against[name][technique].update({artifact: None} if artifact else {})
    records = [
        CountermeasureRecord(
            name=name,
            d3fend_id="",
            label=label,
            definition="",
            tactic=tactic,
            parent="",
            synonyms=(),
            against={technique: tuple(sorted(found)) for technique, found in sorted(against[name].items())},
        )
        for name, (label, tactic) in sorted(facts.items())
    ]
    why = "name no countermeasure or no technique of ATT&CK"
    return records, (Rejected(f"{left_out:,} rows", why),) if left_out else ()


def _technique(row: Row) -> str:
    """The id as said, or as the last part of the technique's name."""
    found = normalise(row.get("off_tech_id", "").strip() or _local(row.get("off_tech", "")))
    return found if is_technique_id(found) else ""


def _local(iri: str) -> str:
    """`http://d3fend.mitre.org/ontologies/d3fend.owl#NetworkTrafficAnalysis` or `d3f:...` as its last part."""
    name = iri.strip().rpartition("#")[2].rpartition(":")[2]
    return name if name and len(name) <= _TEXT_MAX and not any(mark in name for mark in "/ \t\n<>\"'&?") else ""
