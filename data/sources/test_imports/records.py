"""A file of somebody's tests as rows of texts: what every parser of this package hands on.

A parser takes the bytes, already within the limit, and raises BadInput with one sentence when the file is not what it
says; a row that cannot be read becomes a sentence in its place, and the rest goes on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from domain.errors import BadInput, TooLarge
from domain.test_imports.fields import MAX_ROWS


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` as the file names them; `rows` are (number in the file, cells) or (number, why it cannot be read).

    `mapping` (field -> column) is what the headings propose. `fixed`: the file's columns are not for choosing.
    """

    kind: str
    columns: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str] | str]]
    mapping: Mapping[str, str]
    fixed: bool = False

    def read(self, mapping: Mapping[str, str]) -> Iterator[tuple[int, Mapping[str, str] | str]]:
        """The texts of each row by field."""
        places = {field: self.columns.index(column) for field, column in mapping.items()}
        for number, cells in self.rows:
            if isinstance(cells, str):
                yield number, cells
            else:
                yield number, {field: cells[place] for field, place in places.items() if cells[place]}


def table_of(kind: str, records: Sequence[Mapping[str, str] | str]) -> Table:
    """Records that name our own fields already: nothing is left to choose."""
    if not records:
        raise BadInput("The file holds no tests.")
    if len(records) > MAX_ROWS:
        raise TooLarge(f"The file holds {len(records):,} tests, and {MAX_ROWS:,} are the limit.")
    columns = list(dict.fromkeys(key for one in records if not isinstance(one, str) for key in one))
    rows = [
        (number, one if isinstance(one, str) else [one.get(column, "") for column in columns])
        for number, one in enumerate(records, start=1)
    ]
    return Table(kind, columns, rows, {column: column for column in columns}, fixed=True)


def json_of(content: bytes) -> Any:
    try:
        return orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise BadInput("The file starts like JSON, but cannot be read as JSON.") from error


def words(value: Any) -> str:
    """A JSON value as the text of a cell: lists with commas, yes and no for booleans, nothing for null and objects."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return ", ".join(words(one) for one in value if isinstance(one, str | int | float))
    return ""
