"""Test templates and adversary profiles as records, whatever their source; one apply step writes them all."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import orjson

from data.sources import safe_yaml
from data.sources.base import Asked, Document, Input, Rejected
from domain.errors import BadInput
from domain.platforms import all_in_attack_words
from domain.templates import Template

_COMMIT = re.compile(r"[0-9a-f]{40}")


class Refused(Exception):
    """Why a document or an item in it is no template, in words that follow its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRecord:
    """One template. `named_platforms` are its platforms in its source's own words, `content_hash` covers everything."""

    source_id: str
    value: Template
    tools: tuple[str, ...]
    named_platforms: tuple[str, ...]
    author: str
    licence: str
    path: str
    content_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversaryRecord:
    """A profile: `steps` are ids of templates of its source, in order; some may be ids of nothing that is here."""

    source_id: str
    name: str
    description: str
    steps: tuple[str, ...]
    path: str
    content_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSet:
    """What a source of templates brings. `whole` false: an addition, what is not in it stays."""

    version: str | None
    whole: bool
    templates: tuple[TemplateRecord, ...]
    adversaries: tuple[AdversaryRecord, ...] = ()
    rejected: tuple[Rejected, ...] = ()


Record = TemplateRecord | AdversaryRecord


@dataclass(slots=True)
class _Gathered:
    templates: dict[str, TemplateRecord] = field(default_factory=dict)
    adversaries: dict[str, AdversaryRecord] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)

    def add(self, found: Record | Rejected) -> None:
        if isinstance(found, Rejected):
            self.rejected.append(found)
            return
        held: Record
        if isinstance(found, TemplateRecord):
            held = self.templates.setdefault(found.source_id, found)
        else:
            held = self.adversaries.setdefault(found.source_id, found)
        if held is not found:
            self.rejected.append(Rejected(found.path, f"has the same id as one in {held.path}, which is kept"))


def gather(
    source: Input,
    asked: Asked,
    documents: Iterable[Document],
    read: Callable[[Document], Iterable[Record | Rejected]],
    *,
    what: str,
    prefix: str,
) -> TemplateSet:
    """Everything `read` finds in the documents; one it refuses becomes a Rejected. Raises BadInput without a template.

    `what` names the templates in a sentence, `prefix` is what the top folder of the source's archives begins with.
    """
    chosen, gathered = list(documents), _Gathered(rejected=list(source.rejected))
    for document in chosen:
        try:
            for found in read(document):
                gathered.add(found)
        except (Refused, safe_yaml.Unreadable) as refused:
            gathered.add(Rejected(document.path, str(refused)))
    if not gathered.templates:
        number = "1 file was" if len(chosen) == 1 else f"{len(chosen):,} files were"
        rejected = gathered.rejected
        first = f"; the first, {rejected[0].item}, {rejected[0].reason}" if rejected else ""
        raise BadInput(f"{source.name} holds no {what}: {number} read{first}.")
    return TemplateSet(
        version=asked.version or _version(source, prefix),
        whole=source.whole,
        templates=tuple(gathered.templates.values()),
        adversaries=tuple(gathered.adversaries.values()),
        rejected=tuple(gathered.rejected),
    )


def template(
    *,
    revision: int,
    source_id: str,
    value: Template,
    named_platforms: tuple[str, ...],
    author: str,
    licence: str,
    path: str,
    tools: tuple[str, ...] = (),
) -> TemplateRecord:
    """A record with its hash. Raises Refused when it holds what the database cannot keep."""
    tools = value.tools + tuple(tool for tool in tools if tool not in value.tools)
    packed = orjson.dumps([revision, source_id, value.as_dict(), named_platforms, tools, author, licence, path])
    return TemplateRecord(
        source_id=source_id,
        value=value,
        tools=tools,
        named_platforms=named_platforms,
        author=author,
        licence=licence,
        path=path,
        content_hash=_digest(packed),
    )


def adversary(
    *, revision: int, source_id: str, name: str, description: str, steps: tuple[str, ...], path: str
) -> AdversaryRecord:
    """A record with its hash. Raises Refused when it holds what the database cannot keep."""
    packed = orjson.dumps([revision, source_id, name, description, steps, path])
    return AdversaryRecord(
        source_id=source_id,
        name=name,
        description=description,
        steps=steps,
        path=path,
        content_hash=_digest(packed),
    )


def platforms_of(named: Iterable[str]) -> tuple[str, ...]:
    """In ATT&CK's words, each once. Raises Refused when there is none."""
    found = all_in_attack_words(named)
    if not found:
        raise Refused("names no platform")
    return found


def text(value: object) -> str:
    """Text as it stands, without empty lines around it; what is no text is empty."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).lstrip("\r\n").rstrip() if isinstance(value, str | int | float | date) else ""


def line(value: object) -> str:
    """Text on one line."""
    return " ".join(text(value).split())


def lines(value: object) -> Iterator[str]:
    """The texts of a list; a single text is a list of one."""
    for each in value if isinstance(value, list) else [value]:
        if found := line(each):
            yield found


def _digest(packed: bytes) -> bytes:
    if b"\\u0000" in packed:
        raise Refused("holds a NUL character")
    return hashlib.blake2b(packed, digest_size=16).digest()


def _version(source: Input, prefix: str) -> str | None:
    """`atomic-red-team-master` with its commit as `master (9f85cf3e54b0)`; None for files without such a name."""
    if source.root is None:
        return None
    branch = source.root.removeprefix(prefix)
    commit = source.comment if source.comment and _COMMIT.fullmatch(source.comment) else None
    if _COMMIT.fullmatch(branch):
        return branch[:12]
    return f"{branch} ({commit[:12]})" if commit else branch
