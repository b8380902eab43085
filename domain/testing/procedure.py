"""What a test runs: the commands of its template's version, or its own words, with its arguments filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import AegisError
from domain.platforms import in_attack_words
from domain.templates import Argument, Executor, Template
from domain.testing.arguments import fill, placeholders


@dataclass(frozen=True, slots=True)
class Filled:
    """`lacking` are the arguments without a value, which stand in the text as they are."""

    text: str
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to run it; `fits` when it is for the test's platform."""

    tool: str
    platforms: tuple[str, ...]
    fits: bool
    command: Filled
    steps: Filled
    cleanup: Filled
    payloads: tuple[str, ...]


def filled(text: str, given: Mapping[str, str], declared: Sequence[Argument] = ()) -> Filled:
    """Every argument by what is given for it, else by its default. Never raises: what cannot be filled is shown."""
    defaults = {one.name: one.default for one in declared}
    names = placeholders(text)
    lacking = [name for name in names if given.get(name, defaults.get(name)) is None]
    try:
        made = fill(
            text,
            {name: value for name, value in given.items() if name in names},
            {**defaults, **{name: f"#{{{name}}}" for name in lacking}},
        )
    except AegisError:
        return Filled(text, names)  # longer than what can be filled
    for one in declared:
        value = given.get(one.name, one.default)
        if one.placeholder == f"#{{{one.name}}}" or one.placeholder not in made:
            continue
        if value is None:
            lacking.append(one.name)
        else:
            made = made.replace(one.placeholder, value)
    return Filled(made, tuple(lacking))


def ways(template: Template, given: Mapping[str, str], platform: str) -> list[Way]:
    """Those for the test's platform first, in the order of the template."""
    made = [_way(one, template.arguments, given, platform) for one in template.executors]
    return sorted(made, key=lambda way: not way.fits)


def _way(one: Executor, declared: Sequence[Argument], given: Mapping[str, str], platform: str) -> Way:
    return Way(
        tool=one.tool,
        platforms=one.platforms,
        fits=platform in {in_attack_words(name) for name in one.platforms},
        command=filled(one.command, given, declared),
        steps=filled(one.steps, given, declared),
        cleanup=filled(one.cleanup, given, declared),
        payloads=one.payloads,
    )
