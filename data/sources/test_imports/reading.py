"""Which kind of file it is, by its content, and its rows."""

from collections.abc import Callable, Mapping

from data.sources.test_imports import caldera_report, csv_table, navigator_layer, purpleops, vectr
from data.sources.test_imports.records import Table, json_of
from domain.errors import BadInput, TooLarge
from domain.test_imports.fields import MAX_BYTES

PARSERS: Mapping[str, Callable[[bytes], Table]] = {
    "csv": csv_table.parse,
    "vectr": vectr.parse,
    "purpleops": purpleops.parse,
    "navigator": navigator_layer.parse,
    "caldera": caldera_report.parse,
}
_JSON = (b"[", b"{")
_BEFORE = b"\xef\xbb\xbf \t\r\n"  # a mark of UTF-8, and blanks


def read(content: bytes, kind: str = "") -> Table:
    """The rows of a file; `kind` ('' to find out) says what it must be. BadInput with one sentence when it is not."""
    if kind and kind not in PARSERS:
        raise BadInput(f"{kind[:40]!r} is no kind of file; there are {', '.join(PARSERS)}.")
    if len(content) > MAX_BYTES:
        raise TooLarge(f"The file is over the limit of {MAX_BYTES // 1024 // 1024} MB.")
    if not content.strip(_BEFORE):
        raise BadInput("The file is empty.")
    return PARSERS[kind](content) if kind else _found_out(content)


def _found_out(content: bytes) -> Table:
    if content.startswith(purpleops.ZIP):
        return purpleops.parse(content)
    if content.lstrip(_BEFORE).startswith(_JSON):
        return PARSERS[_kind_of_json(content)](content)
    table = csv_table.parse(content)
    if vectr.is_vectr(table.columns):
        return vectr.of(table)
    return purpleops.of(table) if purpleops.is_purpleops(table.columns) else table


def _kind_of_json(content: bytes) -> str:
    value = json_of(content)
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, dict):
        if "techniques" in first:
            return "navigator"
        if isinstance(first.get("steps"), dict) or caldera_report.is_event(first):
            return "caldera"
        if purpleops.is_purpleops(list(first)):
            return "purpleops"
    raise BadInput("This JSON is no Navigator layer, no export of PurpleOps and no report of CALDERA.")
