"""Atomic Red Team: a GitHub archive of redcanaryco/atomic-red-team, a directory of own atomics, or a single file.

Format: https://github.com/redcanaryco/atomic-red-team/wiki/Contributing and its `atomic_red_team/spec.yaml`. In a tree
laid out like upstream's only `T####/T####.yaml` counts (not the indexes, nor payloads that happen to be YAML); in any
other directory every YAML file is taken for one of atomics. Commands are text here; nothing runs them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from data.sources import safe_yaml, template_records
from data.sources.base import Asked, Document, Input, Rejected
from data.sources.template_records import Refused, TemplateRecord, TemplateSet, line, lines, platforms_of, text
from domain.attack_ids import normalise
from domain.templates import Argument, Dependency, Executor, Template

REVISION = 1
LICENCE = "MIT"
_AUTHOR = "Atomic Red Team"
_LAID_OUT = re.compile(r"(?:^|/)(T\d{4}(?:\.\d{3})?)/\1\.ya?ml$", re.IGNORECASE)


def wanted(path: str) -> bool:
    return path.lower().endswith((".yml", ".yaml")) and "Indexes/" not in path


def parse(source: Input, asked: Asked) -> TemplateSet:
    """Every atomic of `source`; a file or an atomic that cannot be used becomes a Rejected. Raises BadInput if all."""
    chosen = _choose(source.documents)
    return template_records.gather(source, asked, chosen, _read, what="atomic test", prefix="atomic-red-team-")


def _choose(documents: Iterable[Document]) -> list[Document]:
    everything = list(documents)
    laid_out = [document for document in everything if _LAID_OUT.search(document.path)]
    return laid_out or everything


def _read(document: Document) -> Iterator[TemplateRecord | Rejected]:
    content = safe_yaml.load(document.content)
    if not isinstance(content, dict) or not isinstance(content.get("atomic_tests"), list):
        raise Refused("is not a file of atomic tests")
    technique = normalise(line(content.get("attack_technique")))
    if not technique:
        raise Refused("names no technique")
    for number, item in enumerate(content["atomic_tests"], start=1):
        try:
            yield _atomic(item, technique, document.path)
        except Refused as refused:
            yield Rejected(f"{document.path}, test {number}", str(refused))


def _atomic(item: object, technique: str, path: str) -> TemplateRecord:
    if not isinstance(item, dict):
        raise Refused("is not an atomic test")
    guid, name = line(item.get("auto_generated_guid")).lower(), line(item.get("name"))
    if not guid:
        raise Refused("has no auto_generated_guid")
    if not name:
        raise Refused("has no name")
    named = tuple(dict.fromkeys(each.lower() for each in lines(item.get("supported_platforms"))))
    platforms = platforms_of(named)
    executor = item.get("executor")
    if not isinstance(executor, dict):
        raise Refused("has no executor")
    value = Template(
        name=name,
        description=text(item.get("description")),
        technique=technique,
        platforms=platforms,
        executors=(_executor(executor, platforms),),
        arguments=tuple(_arguments(item.get("input_arguments"))),
        dependencies=tuple(_dependencies(item.get("dependencies"))),
        dependency_tool=line(item.get("dependency_executor_name")).lower(),
        elevation_required=executor.get("elevation_required") is True,
    )
    return template_records.template(
        revision=REVISION,
        source_id=guid,
        value=value,
        named_platforms=named,
        author=_AUTHOR,
        licence=LICENCE,
        path=path,
    )


def _executor(given: Mapping[Any, Any], platforms: tuple[str, ...]) -> Executor:
    tool, command, steps = line(given.get("name")).lower(), text(given.get("command")), text(given.get("steps"))
    if not tool:
        raise Refused("has an executor without a name")
    if not (command or steps):
        raise Refused("has an executor with neither a command nor steps")
    cleanup = text(given.get("cleanup_command"))
    return Executor(tool=tool, platforms=platforms, command=command, cleanup=cleanup, steps=steps)


def _arguments(given: object) -> Iterator[Argument]:
    for key, about in (given if isinstance(given, dict) else {}).items():
        name, facts = line(key), about if isinstance(about, dict) else {}
        default = facts.get("default")
        yield Argument(
            name=name,
            placeholder=f"#{{{name}}}",
            description=text(facts.get("description")),
            type=line(facts.get("type")).lower() or "string",
            default=None if default is None else text(default),
        )


def _dependencies(given: object) -> Iterator[Dependency]:
    for each in given if isinstance(given, list) else []:
        if isinstance(each, dict):
            yield Dependency(
                description=text(each.get("description")),
                check=text(each.get("prereq_command")),
                get=text(each.get("get_prereq_command")),
            )
