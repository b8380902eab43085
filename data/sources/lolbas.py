"""LOLBAS: living-off-the-land binaries, scripts and libraries of Windows. Every command of an entry is a template.

Format: https://github.com/LOLBAS-Project/LOLBAS (YML-Template.yml). Commands have no id of their own: theirs is the
name of the program and a hash of command and category, so that neither reordering nor a better description makes
another template of it. Where an entry lists a command twice in a category, use case and description tell them apart.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from data.sources import safe_yaml, template_records
from data.sources.base import Asked, Document, Input, Rejected
from data.sources.template_records import Refused, TemplateRecord, TemplateSet, line, lines, text
from domain.attack_ids import normalise
from domain.templates import Argument, Executor, Template

REVISION = 1
LICENCE = "GPL-3.0"
_AUTHOR = "LOLBAS Project"
_FOLDERS = ("OSBinaries", "OSLibraries", "OSScripts", "OtherMSBinaries", "HonorableMentions")
_PLATFORM = "Windows"
_TOOL = "command_prompt"  # LOLBAS gives command lines, which is what the command prompt takes
# {REMOTEURL:.exe}, {CMD}, {LSASS_PID}, {name or ID}; a GUID in braces is a value, not a place for one.
_PLACEHOLDER = re.compile(r"\{[^{}\r\n]{1,80}\}")
_GUID = re.compile(r"\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}")
_MEANINGS = {
    "CMD": "A command to run",
    "PATH": "A path on the host",
    "PATH_ABSOLUTE": "An absolute path on the host",
    "PATH_SMB": "A path on a file share",
    "REMOTEURL": "An address to load from",
}
_UNPRIVILEGED = ("user", "any", "low")
_Command = Mapping[Any, Any]


def wanted(path: str) -> bool:
    return path.lower().endswith((".yml", ".yaml")) and "Archive-Old-Version/" not in path


def parse(source: Input, asked: Asked) -> TemplateSet:
    """Every command of `source`; what cannot be used becomes a Rejected. Raises BadInput when there is none at all."""
    everything = list(source.documents)
    laid_out = [document for document in everything if any(part in _FOLDERS for part in document.path.split("/")[:-1])]
    chosen = laid_out or everything
    return template_records.gather(source, asked, chosen, _read, what="LOLBAS command", prefix="LOLBAS-")


def _read(document: Document) -> Iterator[TemplateRecord | Rejected]:
    entry = safe_yaml.load(document.content)
    if not isinstance(entry, dict) or not isinstance(entry.get("Commands"), list):
        raise Refused("is not a LOLBAS entry")
    name = line(entry.get("Name"))
    if not name:
        raise Refused("has no Name")
    commands = [command if isinstance(command, dict) else {} for command in entry["Commands"]]
    seen = Counter(map(_identity, commands))
    for number, command in enumerate(commands, start=1):
        try:
            yield _template(entry, name, command, document.path, twice=seen[_identity(command)] > 1)
        except Refused as refused:
            yield Rejected(f"{document.path}, command {number}", str(refused))


def _identity(command: _Command) -> tuple[str, ...]:
    return text(command.get("Command")), line(command.get("Category")).lower()


def _template(entry: _Command, program: str, command: _Command, path: str, *, twice: bool) -> TemplateRecord:
    run, technique = text(command.get("Command")), normalise(line(command.get("MitreID")))
    if not run:
        raise Refused("has no Command")
    if not technique:
        raise Refused("has no MitreID")
    use = line(command.get("Usecase")) or line(command.get("Category"))
    value = Template(
        name=f"{program}: {use}" if use else program,
        description=text(command.get("Description")),
        technique=technique,
        platforms=(_PLATFORM,),
        executors=(Executor(tool=_TOOL, platforms=(_PLATFORM,), command=run),),
        arguments=tuple(_arguments(run)),
        elevation_required=_elevated(line(command.get("Privileges"))),
        facts=tuple(_facts(entry, command)),
    )
    apart = (line(command.get("Usecase")), text(command.get("Description"))) if twice else ()
    return template_records.template(
        revision=REVISION,
        source_id=f"{program.lower()}:{_short((*_identity(command), *apart))}",
        value=value,
        named_platforms=("windows",),
        tools=(program.lower(),),
        author=line(entry.get("Author")) or _AUTHOR,
        licence=LICENCE,
        path=path,
    )


def _short(parts: tuple[str, ...]) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def _elevated(privileges: str) -> bool:
    """ "Administrator", "SYSTEM", "DNS admin" are; "User, Administrator in Windows 8" can be had without."""
    return bool(privileges) and not privileges.lower().startswith(_UNPRIVILEGED)


def _arguments(command: str) -> Iterator[Argument]:
    for placeholder in dict.fromkeys(_PLACEHOLDER.findall(command)):
        if _GUID.fullmatch(placeholder):
            continue
        name = placeholder[1:-1].strip()
        kind, _, ending = name.partition(":")
        meaning = _MEANINGS.get(kind, "")
        about = f"{meaning} ({ending.lstrip('.')})" if meaning and ending else meaning
        yield Argument(name=name, placeholder=placeholder, description=about, type=_type(kind))


def _type(kind: str) -> str:
    if kind.startswith("PATH"):
        return "path"
    return "url" if kind == "REMOTEURL" else "string"


def _facts(entry: _Command, command: _Command) -> Iterator[tuple[str, str]]:
    for label, key in (("Category", "Category"), ("Privileges", "Privileges"), ("Runs on", "OperatingSystem")):
        if found := line(command.get(key)):
            yield label, found
    paths = entry.get("Full_Path")
    for item in paths if isinstance(paths, list) else []:
        for found in lines(item.get("Path") if isinstance(item, dict) else None):
            yield "Path", found
