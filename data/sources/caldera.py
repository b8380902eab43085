"""MITRE CALDERA: abilities and adversaries of a stockpile archive or of a plugin's `data` directory.

Format: https://caldera.readthedocs.io/en/latest/Learning-the-terminology.html. An ability is written in one of two
shapes: `platforms` (platform -> executor -> command, where a key may hold several names: `linux,darwin`, `psh,pwsh`) or
a list of `executors`. Each block becomes one executor of the template; its platforms are those of all blocks together.
`#{host.user.name}` in a command is a fact that CALDERA would fill in; here it is an argument.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from data.sources import safe_yaml, template_records
from data.sources.base import Asked, Document, Input, Rejected
from data.sources.template_records import (
    AdversaryRecord,
    Record,
    Refused,
    TemplateRecord,
    TemplateSet,
    line,
    lines,
    platforms_of,
    text,
)
from domain.attack_ids import normalise
from domain.platforms import all_in_attack_words
from domain.templates import Argument, Executor, Template, placeholders

REVISION = 1
LICENCE = "Apache-2.0"
_AUTHOR = "The MITRE Corporation"
_FOLDERS = ("abilities", "adversaries")
_TOOLS = {
    "psh": "powershell",
    "pwsh": "powershell",
    "cmd": "command_prompt",
    "osa": "osascript",
    "shellcode_amd64": "shellcode",
    "shellcode_386": "shellcode",
}
_ELEVATED = "elevated"
_SECRET = ("password", "token", "key")


def wanted(path: str) -> bool:
    return path.lower().endswith((".yml", ".yaml"))


def parse(source: Input, asked: Asked) -> TemplateSet:
    """Abilities as templates, adversaries as they are. Raises BadInput when there is no ability at all."""
    everything = list(source.documents)
    laid_out = [document for document in everything if _folder(document.path)]
    chosen = laid_out or everything
    return template_records.gather(source, asked, chosen, _read, what="CALDERA ability", prefix="stockpile-")


def _folder(path: str) -> str | None:
    """Which of upstream's folders a path lies in; other data of a plugin (objectives, sources) is not for us."""
    return next((part for part in path.split("/")[:-1] if part in _FOLDERS), None)


def _read(document: Document) -> Iterator[Record | Rejected]:
    content = safe_yaml.load(document.content)
    if isinstance(content, dict) and "atomic_ordering" in content:
        yield _adversary(content, document.path)
        return
    abilities = content if isinstance(content, list) else [content]
    for number, item in enumerate(abilities, start=1):
        try:
            yield _ability(item, document.path)
        except Refused as refused:
            where = document.path if len(abilities) == 1 else f"{document.path}, ability {number}"
            yield Rejected(where, str(refused))


def _ability(item: object, path: str) -> TemplateRecord:
    if not isinstance(item, dict) or not {"platforms", "executors"} & item.keys():
        raise Refused("is neither an ability nor an adversary")
    ident, name = line(item.get("id")).lower(), line(item.get("name"))
    if not ident:
        raise Refused("has no id")
    if not name:
        raise Refused("has no name")
    stated = item.get("technique")
    claimed = stated.get("attack_id") if isinstance(stated, dict) else item.get("technique_id")
    technique = normalise(line(claimed))
    if not technique:
        raise Refused("names no technique")
    blocks = list(chain(_platform_blocks(item.get("platforms")), _executor_blocks(item.get("executors"))))
    named = tuple(dict.fromkeys(name for names, _, _ in blocks for name in names))
    platforms = platforms_of(named)
    executors = tuple(_executor(*block) for block in blocks)
    if not any(executor.command or executor.code or executor.cleanup for executor in executors):
        raise Refused("has no command")  # one that only cleans up is an ability too
    privilege = line(item.get("privilege"))
    value = Template(
        name=name,
        description=text(item.get("description")),
        technique=technique,
        platforms=platforms,
        executors=executors,
        arguments=tuple(_arguments(executors)),
        elevation_required=privilege.lower() == _ELEVATED,
        facts=tuple(_facts(item)),
    )
    return template_records.template(
        revision=REVISION,
        source_id=ident,
        value=value,
        named_platforms=named,
        author=_AUTHOR,
        licence=LICENCE,
        path=path,
    )


_Block = tuple[tuple[str, ...], str, Mapping[Any, Any]]


def _platform_blocks(given: object) -> Iterator[_Block]:
    for names, by_executor in (given if isinstance(given, dict) else {}).items():
        for executor, block in (by_executor if isinstance(by_executor, dict) else {}).items():
            yield _names(names), line(executor), block if isinstance(block, dict) else {}


def _executor_blocks(given: object) -> Iterator[_Block]:
    for block in given if isinstance(given, list) else []:
        if isinstance(block, dict):
            yield _names(block.get("platform")), line(block.get("name")), block


def _names(value: object) -> tuple[str, ...]:
    return tuple(name for part in text(value).lower().split(",") if (name := part.strip()))


def _executor(names: tuple[str, ...], executor: str, block: Mapping[Any, Any]) -> Executor:
    """`psh,pwsh` is one tool to us; of two that differ (`cmd,psh`) CALDERA takes the first it can run, so do we."""
    first = next(iter(_names(executor)), "")
    if not first:
        raise Refused("has an executor without a name")
    return Executor(
        tool=_TOOLS.get(first, first),
        platforms=all_in_attack_words(names),
        command=text(block.get("command")),
        cleanup="\n".join(text(each) for each in _listed(block.get("cleanup")) if text(each)),
        payloads=tuple(lines(block.get("payloads"))),
        code=text(block.get("code")),
        language=line(block.get("language")),
    )


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _arguments(executors: tuple[Executor, ...]) -> Iterator[Argument]:
    texts = chain.from_iterable((executor.command, executor.cleanup) for executor in executors)
    for name in placeholders(*texts):
        secret = name.partition("[")[0].endswith(_SECRET)
        yield Argument(name=name, placeholder=f"#{{{name}}}", type="secret" if secret else "fact")


def _facts(item: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    if tactic := line(item.get("tactic")):
        yield "Tactic", tactic
    needed = item.get("requirements")
    for requirement in needed if isinstance(needed, list) else []:
        if isinstance(requirement, dict):
            yield "Requires", ", ".join(filter(None, (line(key) for key in _modules(requirement))))


def _modules(requirement: Mapping[Any, Any]) -> Iterator[object]:
    """Older: {module: [...]}; newer: {module: name, relationship_match: [...]}."""
    if "module" in requirement:
        yield requirement["module"]
    else:
        yield from requirement.keys()


def _adversary(content: Mapping[Any, Any], path: str) -> AdversaryRecord:
    ident, name = line(content.get("id") or content.get("adversary_id")).lower(), line(content.get("name"))
    if not ident:
        raise Refused("has no id")
    if not name:
        raise Refused("has no name")
    return template_records.adversary(
        revision=REVISION,
        source_id=ident,
        name=name,
        description=text(content.get("description")),
        steps=tuple(step.lower() for step in lines(content.get("atomic_ordering"))),
        path=path,
    )
