"""A framework of one's own from a table: columns control, name, group, technique, mapping type and note.

A row says that a control is mapped to a technique (or to several, separated by commas); a row without a technique names
a control that is mapped to none. Nothing is guessed: a row that cannot be meant is a problem with its number.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from data.sources.framework_records import ControlRecord, FrameworkRecord, MappingRecord
from data.sources.test_imports import csv_table
from domain.attack_ids import DOMAINS, is_technique_id, normalise
from domain.errors import BadInput, TooLarge

MAX_BYTES = 10 * 1024 * 1024
CONTROLS_MAX = 20_000
NAME_MAX, VERSION_MAX = 120, 40
COLUMNS = ("control", "name", "group", "technique", "mapping type", "note")
_TYPE_MAX = 60
_LIMITS = {"control": 60, "name": 500, "group": 200, "technique": 2_000, "mapping type": _TYPE_MAX, "note": 5_000}
_KNOWN_AS = {
    "control": ("control", "controlid", "code", "id"),
    "name": ("name", "title", "controlname", "description"),
    "group": ("group", "family", "domain", "category"),
    "technique": ("technique", "techniques", "techniqueid", "attckid", "attack"),
    "mapping type": ("mappingtype", "mapping", "type"),
    "note": ("note", "notes", "comment", "comments"),
}
_SEPARATORS = re.compile(r"[,;\s]+")
NOT_MAPPABLE = "non_mappable"


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be taken, by its number in the file (the headings are row 1)."""

    number: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Table:
    """What a file says. With a problem nothing of it may be used."""

    controls: tuple[ControlRecord, ...]
    mappings: tuple[MappingRecord, ...]
    problems: tuple[Problem, ...]

    def framework(self, name: str, version: str) -> FrameworkRecord:
        """The framework, named. Raises BadInput."""
        name, version = " ".join(name.split()), " ".join(version.split())
        if not 2 <= len(name) <= NAME_MAX:
            raise BadInput(f"Give the framework a name of 2 to {NAME_MAX} characters.", errors={"name": "length"})
        if len(version) > VERSION_MAX:
            raise BadInput(f"A version has at most {VERSION_MAX} characters.", errors={"version": "length"})
        return FrameworkRecord(
            slug=slug_of(name),
            name=name,
            version=version,
            kind="controls",
            origin="own",
            domain=DOMAINS[0],
            attack_version="",
            published_on=None,
            details={},
            controls=self.controls,
            mappings=self.mappings,
        )


def slug_of(name: str) -> str:
    """The address of a framework of one's own. Raises BadInput when nothing of the name can stand in one."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:50]
    if not plain:
        raise BadInput("The name of the framework needs letters or digits.", errors={"name": "letters"})
    return f"own_{plain}"


def read(content: bytes) -> Table:
    """Every row. Raises BadInput, TooLarge when the file is no such table."""
    if len(content) > MAX_BYTES:
        raise TooLarge(f"The file is over the limit of {MAX_BYTES // 1024 // 1024} MB.")
    if not content.strip():
        raise BadInput("The file is empty.")
    table = csv_table.parse(content)
    places = _places(table.columns)
    reading = _Reading()
    for number, cells in table.rows:
        try:
            reading.row(number, _texts(cells, places))
        except _Wrong as wrong:
            reading.problems.append(Problem(number, str(wrong)))
    if len(reading.controls) > CONTROLS_MAX:
        raise TooLarge(f"The file names more than {CONTROLS_MAX:,} controls, which is the limit.")
    return reading.made()


def template() -> bytes:
    """A file to fill in, with rows to show how."""
    rows = (
        COLUMNS,
        ("IAM-1", "Administrators sign in with a second factor", "Identity", "T1078, T1110.001", "mitigates", ""),
        ("IAM-2", "Accounts of leavers are closed the same day", "Identity", "T1078", "mitigates", ""),
        ("GOV-1", "The policy is approved every year", "Governance", "", NOT_MAPPABLE, "Nothing to test"),
    )
    lines = (",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows)
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


class _Wrong(Exception):
    """What is wrong with a row, as a sentence."""


def _places(columns: Sequence[str]) -> dict[str, int]:
    plain = [re.sub(r"[^a-z0-9]", "", column.lower()) for column in columns]
    places = {
        field: next((plain.index(name) for name in names if name in plain), -1) for field, names in _KNOWN_AS.items()
    }
    missing = [field for field in ("control", "technique") if places[field] < 0]
    if missing:
        raise BadInput(
            f"There is no column {' or '.join(missing)}; the columns are {', '.join(COLUMNS)}.",
            errors={"columns": "missing"},
        )
    return places


def _texts(cells: Sequence[str] | str, places: Mapping[str, int]) -> dict[str, str]:
    if isinstance(cells, str):
        raise _Wrong(cells)
    texts = {field: " ".join(cells[place].split()) if place >= 0 else "" for field, place in places.items()}
    for field, text in texts.items():
        if len(text) > _LIMITS[field]:
            raise _Wrong(f"The {field} has more than {_LIMITS[field]:,} characters.")
    return texts


class _Reading:
    def __init__(self) -> None:
        self.controls: dict[str, ControlRecord] = {}
        self.rows: dict[str, int] = {}  # code -> the row that named it first
        self.mappings: list[MappingRecord] = []
        self.problems: list[Problem] = []
        self._pairs: dict[tuple[str, str], int] = {}

    def made(self) -> Table:
        return Table(tuple(self.controls.values()), tuple(self.mappings), tuple(self.problems))

    def row(self, number: int, said: Mapping[str, str]) -> None:
        code = said["control"]
        if not code:
            raise _Wrong("It names no control.")
        techniques = list(_techniques(said["technique"]))
        none_fits = said["mapping type"].lower().replace("-", "_").replace(" ", "_") == NOT_MAPPABLE
        if techniques and none_fits:
            raise _Wrong("It names a technique and says that none fits.")
        for technique in techniques:
            held = self._pairs.setdefault((code, technique), number)
            if held != number:
                raise _Wrong(f"{code} is mapped to {technique} in row {held} already.")
        self._control(number, code, said, none_fits=none_fits, note="" if techniques else said["note"])
        self.mappings.extend(
            MappingRecord(
                control=code,
                technique=technique,
                mapping_type=said["mapping type"],
                comment=said["note"],
                position=number,
            )
            for technique in techniques
        )

    def _control(self, number: int, code: str, said: Mapping[str, str], *, none_fits: bool, note: str) -> None:
        held = self.controls.get(code)
        if held is None:
            self.rows[code] = number
            group = said["group"]
            self.controls[code] = ControlRecord(
                code=code,
                name=said["name"],
                group_code=group,
                group_name="",
                position=number,
                not_mappable=none_fits,
                note=note,
            )
            return
        for field, kept in (("name", held.name), ("group", held.group_code)):
            if said[field] and said[field] != kept:
                raise _Wrong(f"The {field} of {code} is another one in row {self.rows[code]}.")


def _techniques(text: str) -> Iterator[str]:
    """Distinct ids, in their order."""
    for one in dict.fromkeys(normalise(part) for part in _SEPARATORS.split(text) if part):
        if not is_technique_id(one):
            raise _Wrong(f"{one[:40]} is not the id of a technique; write it as T1059 or T1059.001.")
        yield one
