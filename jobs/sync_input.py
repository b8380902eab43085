"""Where a run's input comes from: upstream, an address, a path, an upload, or an installed package."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from data import fetch, objects
from data.sources.base import Asked, Document, Input, Progress
from data.sources.registry import Content, SourceEntry
from data.unpack import Opener
from domain.attack_ids import DOMAINS
from domain.errors import BadInput, Unavailable

KINDS = ("upstream", "url", "path", "upload", "built_in", "rehearsal")
_NEEDED = {"url": ("url",), "path": ("path",), "upload": ("key", "name"), "rehearsal": ("key", "name", "rehearsal")}


@dataclass(frozen=True, slots=True)
class Fetched:
    """An input and who reads it. `fingerprint` is its hash and its reader's revision: equal means equal records."""

    input: Input
    sha256: str
    fingerprint: str
    origin: str
    parse: Callable[[Input, Asked], Content]


def check(entry: SourceEntry, given: Mapping[str, Any]) -> None:
    """Refuse an input that no run could use, before one is promised."""
    kind = given.get("kind")
    if kind not in KINDS:
        raise BadInput(f"A sync cannot start from {str(kind)[:40]!r}.")
    missing = [name for name in _NEEDED.get(str(kind), ()) if not given.get(name)]
    if missing:
        raise BadInput(f"A sync from {kind} needs {' and '.join(missing)}.")
    domain = given.get("domain")
    if domain is not None and (domain not in DOMAINS or entry.info.slug != "attack"):
        raise BadInput(f"{str(domain)[:40]} is not a domain of ATT&CK; there are {', '.join(DOMAINS)}.")
    if kind == "built_in" and entry.built_in is None:
        raise BadInput(f"{entry.info.name} does not come with Aegis; give a file or an address.")
    if kind == "upstream" and _upstream(entry, given) is None:
        raise BadInput(f"{entry.info.name} has no address of its own; give a file or an address.")


@contextmanager
def fetched(entry: SourceEntry, given: Mapping[str, Any], progress: Progress, *, fallback: bool) -> Iterator[Fetched]:
    """The input, for the length of the block. With `fallback` built-in data serves when upstream does not answer."""
    kind = given["kind"]
    opener = Opener(entry.info.name, entry.takes, entry.limits, entry.wanted)
    progress("Fetching", None, None)
    if kind == "built_in":
        yield _built_in(entry)
    elif kind in ("upload", "rehearsal"):
        with objects.as_file(given["key"]) as path, path.open("rb") as file:
            origin = given.get("origin") or given["name"]
            yield _read(entry, fetch.read_file(file, given["name"], opener, origin=origin))
    elif kind == "upstream":
        yield _from_upstream(entry, given, opener, progress, fallback=fallback)
    else:
        yield _read(entry, fetch.fetch(given[kind], opener, progress))


def _from_upstream(
    entry: SourceEntry, given: Mapping[str, Any], opener: Opener, progress: Progress, *, fallback: bool
) -> Fetched:
    try:
        return _read(entry, fetch.fetch(str(_upstream(entry, given)), opener, progress))
    except Unavailable:
        if not fallback or given.get("domain") not in (None, "enterprise-attack") or entry.built_in is None:
            raise
        return _built_in(entry)


def _upstream(entry: SourceEntry, given: Mapping[str, Any]) -> str | None:
    domain = given.get("domain")
    return entry.info.extra.get(domain) if domain else entry.info.default_url


def _read(entry: SourceEntry, got: fetch.Fetched) -> Fetched:
    return Fetched(got.input, got.sha256, _fingerprint(got.sha256, got.input.name, entry), got.origin, entry.parse)


def _built_in(entry: SourceEntry) -> Fetched:
    held = entry.built_in
    if held is None:
        raise BadInput(f"{entry.info.name} does not come with Aegis; give a file or an address.")
    folder = files(held.package)
    documents = tuple(Document(name, (folder / name).read_bytes()) for name in held.files)
    digest = hashlib.sha256()
    for document in documents:
        digest.update(document.content)
    sha256 = digest.hexdigest()
    made = Input(name=held.origin, documents=documents, whole=True)
    return Fetched(made, sha256, _fingerprint(sha256, held.origin, entry), held.origin, held.parse)


def _fingerprint(sha256: str, name: str, entry: SourceEntry) -> str:
    """The name is part of it: a version can stand in it."""
    return hashlib.sha256(f"{entry.revision}\0{name}\0{sha256}".encode()).hexdigest()
