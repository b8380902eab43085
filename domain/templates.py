"""A test template as a value: what a procedure runs, with what, and what undoes it.

Whatever a source calls its parts, a template here has executors (one for each way to run it), arguments (text in the
commands that is to be filled in), dependencies and one claimed technique. Two templates are equal when everything that
a person sees of them is; a version is one such value, kept for the tests made from it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from domain.attack_ids import is_technique_id
from domain.errors import BadInput
from domain.platforms import PLATFORMS

OWN = "own"
NAME_MAX = 300
TEXT_MAX = 20_000
COMMAND_MAX = 50_000
ARGUMENTS_MAX = 50
DEPENDENCIES_MAX = 20

# What runs a command, by our name. CALDERA's `psh` and `pwsh` are both PowerShell, its `cmd` is the command prompt.
TOOLS: Mapping[str, str] = {
    "powershell": "PowerShell",
    "command_prompt": "Command prompt",
    "sh": "sh",
    "bash": "bash",
    "manual": "By hand",
    "osascript": "AppleScript",
    "native": "Agent, native",
    "shellcode": "Agent, shellcode",
}
MANUAL = "manual"  # steps for a person, no command
OWN_TOOLS = ("powershell", "command_prompt", "sh", "bash", MANUAL, "osascript")
_PLACEHOLDER = re.compile(r"#\{([^{}]+)\}")
_ARGUMENT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_WORD = re.compile(r"[^\W_]+")
_WORD_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """One way to run it. `tool` is a key of TOOLS or a source's own name; `steps` are for a person's hands."""

    tool: str
    platforms: tuple[str, ...]
    command: str = ""
    cleanup: str = ""
    steps: str = ""
    payloads: tuple[str, ...] = ()
    code: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """`placeholder` is the text in the command that a value replaces; `default` None: the source gives none."""

    name: str
    placeholder: str
    description: str = ""
    type: str = "string"
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """Something that must be there first: `check` fails when it is not, `get` brings it."""

    description: str
    check: str = ""
    get: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """`technique` as claimed, in upper case; `facts` are further things its source says, as (label, text)."""

    name: str
    description: str
    technique: str
    platforms: tuple[str, ...]
    executors: tuple[Executor, ...]
    arguments: tuple[Argument, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    dependency_tool: str = ""
    elevation_required: bool = False
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def tools(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(executor.tool for executor in self.executors))

    def as_dict(self) -> dict[str, Any]:
        """As it is kept in a version."""
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Template":
        """From what `as_dict` gave, after a way through JSON."""
        return cls(
            **{
                **kept,
                "platforms": tuple(kept["platforms"]),
                "executors": tuple(
                    Executor(**{**one, "platforms": tuple(one["platforms"]), "payloads": tuple(one["payloads"])})
                    for one in kept["executors"]
                ),
                "arguments": tuple(Argument(**one) for one in kept["arguments"]),
                "dependencies": tuple(Dependency(**one) for one in kept["dependencies"]),
                "facts": tuple((label, text) for label, text in kept["facts"]),
            }
        )


def procedure_key(source: str, source_id: str) -> str:
    """The same for all versions of a template: its runs are runs of one procedure."""
    return f"{source}:{source_id}"


def placeholders(*texts: str) -> tuple[str, ...]:
    """Names of `#{name}` in the texts, each once, as they come."""
    return tuple(dict.fromkeys(name.strip() for text in texts for name in _PLACEHOLDER.findall(text)))


def search_words(template: Template, *more: str) -> str:
    """The words by which it is found: of its names, its texts and its commands, in lower case, each once."""
    texts = [template.name, template.description, template.technique, *template.tools, *more]
    for executor in template.executors:
        texts += [executor.command, executor.cleanup, executor.steps, *executor.payloads]
    found = dict.fromkeys(word[:_WORD_MAX] for text in texts for word in _WORD.findall(text.lower()))
    return " ".join(found)


def as_own(template: Template) -> Template:
    """A source's template as the start of an own one: one executor, and arguments in our notation, `#{name}`."""
    executor = next((one for one in template.executors if one.tool in OWN_TOOLS), template.executors[0])
    arguments, renamed = [], {}
    for number, one in enumerate(template.arguments, start=1):
        plain = _NOT_IN_A_NAME.sub("_", one.name).strip("_")[:50] or "value"
        name = plain if plain == one.name else f"{plain}_{number}"
        renamed[one.placeholder] = f"#{{{name}}}"
        arguments.append(replace(one, name=name, placeholder=renamed[one.placeholder]))

    def ours(text: str) -> str:
        for theirs, own in renamed.items():
            text = text.replace(theirs, own) if theirs != own else text
        return text

    dependencies = (
        Dependency(description=ours(one.description), check=ours(one.check), get=ours(one.get))
        for one in template.dependencies
    )
    return replace(
        template,
        executors=(replace(executor, command=ours(executor.command), cleanup=ours(executor.cleanup)),),
        platforms=executor.platforms,
        arguments=tuple(arguments),
        dependencies=tuple(dependencies),
        facts=(),
    )


def check_own(template: Template) -> None:
    """What a template that somebody wrote here must be. Raises BadInput with everything that is wrong, by field."""
    wrong = {field: sentence for field, sentence in _faults(template) if sentence}
    if wrong:
        raise BadInput(next(iter(wrong.values())), errors=wrong)


def _faults(template: Template) -> list[tuple[str, str]]:
    foreign = [name for name in template.platforms if name not in PLATFORMS]
    return [
        ("name", _length("A name", template.name, NAME_MAX, needed=True)),
        ("description", _length("The description", template.description, TEXT_MAX)),
        ("technique", "" if is_technique_id(template.technique) else "A technique is an id such as T1059.001."),
        ("platforms", "" if template.platforms else "Choose at least one platform."),
        ("platforms", f"{foreign[0][:40]} is not a platform of ATT&CK." if foreign else ""),
        ("command", _executors(template)),
        ("arguments", _arguments(template)),
        ("dependencies", _dependencies(template)),
    ]


def _length(what: str, text: str, most: int, *, needed: bool = False) -> str:
    if "\0" in text:
        return f"{what} holds a NUL character."
    if needed and not text.strip():
        return f"{what} is needed."
    return f"{what} has at most {most:,} characters." if len(text) > most else ""


def _executors(template: Template) -> str:
    if not template.executors:
        return "Say what it runs."
    for executor in template.executors:
        if executor.tool not in OWN_TOOLS:
            return f"{executor.tool[:40]} is not a way to run a command."
        what, text = (
            ("What to do by hand", executor.steps) if executor.tool == MANUAL else ("A command", executor.command)
        )
        texts = ((what, text, True), ("The cleanup", executor.cleanup, False))
        for label, given, needed in texts:
            if fault := _length(label, given, COMMAND_MAX, needed=needed):
                return fault
    return ""


def _arguments(template: Template) -> str:
    if len(template.arguments) > ARGUMENTS_MAX:
        return f"A template has at most {ARGUMENTS_MAX} arguments."
    names = [argument.name for argument in template.arguments]
    for argument in template.arguments:
        if not _ARGUMENT_NAME.fullmatch(argument.name):
            return "The name of an argument is made of letters, digits, dots, dashes and underscores."
        if names.count(argument.name) > 1:
            return f"The argument {argument.name} is there twice."
        if fault := _length("An argument", f"{argument.description}{argument.default or ''}", TEXT_MAX):
            return fault
    used = placeholders(*_commands(template))
    missing = [name for name in used if name not in names]
    return f"The command uses #{{{missing[0][:60]}}}, which is not among the arguments." if missing else ""


def _commands(template: Template) -> Iterator[str]:
    for executor in template.executors:
        yield from (executor.command, executor.cleanup)
    for dependency in template.dependencies:
        yield from (dependency.check, dependency.get)


def _dependencies(template: Template) -> str:
    if template.dependency_tool and template.dependency_tool not in OWN_TOOLS:
        return f"{template.dependency_tool[:40]} is not a way to run a command."
    if len(template.dependencies) > DEPENDENCIES_MAX:
        return f"A template has at most {DEPENDENCIES_MAX} dependencies."
    for dependency in template.dependencies:
        if fault := _length("The name of a dependency", dependency.description, TEXT_MAX, needed=True):
            return fault
        if fault := _length("A dependency", dependency.check + dependency.get, COMMAND_MAX):
            return fault
    return ""
