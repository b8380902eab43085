"""What a source of content is, and what its parser hands on.

A further source is one parser module plus one entry in `data/sources/registry.py`. A parser is pure: it takes an
`Input` (named bytes, already fetched and within limits) and returns records; a document it cannot read becomes a
`Rejected` and the rest goes on, unless the source as a whole is unusable, which raises `domain.errors.BadInput`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

MEBIBYTE = 1024 * 1024

# Phase in words, units done, units in all (None when nobody knows yet).
Progress = Callable[[str, int | None, int | None], None]


@dataclass(frozen=True, slots=True)
class Document:
    """One file of a source: its path inside the archive or directory (forward slashes) and its bytes."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document or object left out, and why, in one sentence for people."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a source may send and what it may grow to. Sizes in bytes.

    `sent`: the file as it arrives; `unpacked`: all wanted documents together; `document`: one of them; `documents`: how
    many; `ratio`: unpacked to packed, above which a file is taken for a bomb.
    """

    sent: int
    unpacked: int
    document: int
    documents: int
    ratio: int = 100


@dataclass(frozen=True, slots=True)
class Input:
    """What was fetched. `whole` is false for a single file: it adds to what is there and removes nothing.

    `root` is the top folder of an archive ("sigma-master"), `comment` the archive's comment (a commit, from GitHub).
    """

    name: str
    documents: tuple[Document, ...]
    whole: bool
    root: str | None = None
    comment: str | None = None
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person who started the sync said about the input."""

    version: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What people see of a source before anything is loaded."""

    slug: str
    name: str
    what: str
    licence: str
    licence_url: str
    attribution: str
    home_url: str
    default_url: str | None
    default_interval: timedelta
    accepts: tuple[str, ...]
    max_bytes: int
    extra: Mapping[str, str] = field(default_factory=dict)
