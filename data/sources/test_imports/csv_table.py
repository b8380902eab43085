"""A table in CSV with any headings, separated by commas, semicolons or tabs, in UTF-8 (or UTF-16 with its mark)."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from data.sources.test_imports.records import Table
from domain.errors import BadInput, TooLarge
from domain.test_imports.fields import FIELDS, MAX_COLUMNS, MAX_ROWS, proposed

_SEPARATORS = (",", ";", "\t")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_HEADING_MAX = 100
TEMPLATE_ROWS = (
    {
        "external_id": "1", "title": "Encoded PowerShell", "technique": "T1059.001", "platform": "Windows",
        "procedure": "powershell -enc ...", "environment": "lab", "campaign": "Autumn", "priority": "high",
        "status": "completed", "executed_at": "2026-01-15 09:30", "attack_succeeded": "yes", "prevention": "none",
        "detection": "alerted", "tools": "EDR", "detected_at": "2026-01-15 09:42", "watched_until": "2026-01-15 17:00",
        "red_notes": "Ran as a user", "blue_notes": "Alert of the standard rule",
    },
    {
        "external_id": "2", "title": "Scheduled task", "technique": "T1053.005", "platform": "Windows",
        "status": "pending",
    },
)  # fmt: skip


def parse(content: bytes) -> Table:
    """The first row holds the headings. Row numbers count as a spreadsheet does: the headings are row 1."""
    found = _rows(_decoded(content))
    headings = _headings(next(found, (1, []))[1])
    rows: list[tuple[int, Sequence[str] | str]] = []
    for number, cells in found:
        if not any(map(str.strip, cells)):
            continue
        if len(rows) >= MAX_ROWS:
            raise TooLarge(f"The file has more than {MAX_ROWS:,} rows, which is the limit.")
        if len(cells) > len(headings):
            rows.append((number, f"It has {len(cells):,} cells, and there are {len(headings)} columns."))
        else:
            rows.append((number, [*cells, *[""] * (len(headings) - len(cells))]))
    if not rows:
        raise BadInput("The file has headings, but no row under them.")
    return Table("csv", headings, rows, proposed(headings))


def template() -> bytes:
    """A file to fill in: every heading there is, and two rows to show how."""
    made = io.StringIO(newline="")
    writer = csv.DictWriter(made, [field.key for field in FIELDS if field.key not in ("outcome", "alerted", "logged")])
    writer.writeheader()
    writer.writerows(TEMPLATE_ROWS)
    return made.getvalue().encode("utf-8-sig")


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("The file is not text in UTF-8; save it as “CSV UTF-8” and try again.") from error
    if "\x00" in text:
        raise BadInput("The file is not a table: it holds characters that no text has.")
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    start = text[:100_000].partition("\n")[0]
    separator = max(_SEPARATORS, key=start.count)
    number = 1
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1):
            yield number, cells
    except csv.Error as error:
        if "field limit" in str(error):
            raise TooLarge(
                f"A cell after row {number} is longer than {csv.field_size_limit():,} characters."
            ) from error
        raise BadInput(f"The file cannot be read after row {number}: a quotation mark is not closed.") from error


def _headings(cells: Sequence[str]) -> list[str]:
    """Each once: one without a name is called by its place, a name that comes again gets a number."""
    if len(cells) > MAX_COLUMNS:
        raise TooLarge(f"The file has {len(cells):,} columns, and {MAX_COLUMNS} are the limit.")
    if not any(map(str.strip, cells)):
        raise BadInput("The first row is empty; it has to hold the headings.")
    seen: Counter[str] = Counter()
    headings = []
    for place, cell in enumerate(cells, start=1):
        name = " ".join(cell.split())[:_HEADING_MAX] or f"Column {place}"
        seen[name] += 1
        headings.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return headings
