"""A Navigator layer as a plan: one draft for every technique that the layer marks. Layers hold no results of tests.

A technique that is only unfolded (`showSubtechniques`, without score, colour or comment) is not marked. Under several
tactics it is one draft. The comment becomes the procedure; the title is the technique's name.
"""

from collections.abc import Iterator

from data.sources.test_imports.records import Table, table_of
from domain import navigator
from domain.errors import BadInput
from domain.navigator import Layer, Note


def parse(content: bytes) -> Table:
    records = [record for layer in navigator.parse(content) for record in _records(layer)]
    if not records:
        raise BadInput("The layer marks no technique.")
    return table_of("navigator", records)


def _records(layer: Layer) -> Iterator[dict[str, str]]:
    marked: dict[str, Note] = {}
    for note in layer.notes:
        if note.enabled and not _only_open(note):
            held = marked.setdefault(note.technique, note)
            if note.comment and not held.comment:
                marked[note.technique] = note
    for technique, note in marked.items():
        yield {
            "external_id": f"{layer.name}/{technique}",
            "technique": technique,
            "procedure": note.comment,
            "campaign": layer.name,
        }


def _only_open(note: Note) -> bool:
    return note.open and note.score is None and not note.colour and not note.comment
