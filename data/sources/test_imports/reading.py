"""Which kind of file it is, by its content, and its rows."""

from collections.abc import Callable, Mapping

from data.sources.test_imports import csv_table, vectr
from data.sources.test_imports.records import Table
from domain.errors import BadInput, TooLarge
from domain.test_imports.fields import MAX_BYTES

PARSERS: Mapping[str, Callable[[bytes], Table]] = {
    "csv": csv_table.parse,
    "vectr": vectr.parse,
}


def read(content: bytes, kind: str = "") -> Table:
    """The rows of a file; `kind` ('' to find out) says what it must be. BadInput with one sentence when it is not."""
    if kind and kind not in PARSERS:
        raise BadInput(f"{kind[:40]!r} is no kind of file; there are {', '.join(PARSERS)}.")
    if len(content) > MAX_BYTES:
        raise TooLarge(f"The file is over the limit of {MAX_BYTES // 1024 // 1024} MB.")
    if not content.strip():
        raise BadInput("The file is empty.")
    return PARSERS[kind](content) if kind else _sniffed(content)


def _sniffed(content: bytes) -> Table:
    table = csv_table.parse(content)
    return vectr.of(table) if vectr.is_vectr(table.columns) else table
