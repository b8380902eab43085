import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.template_text import arguments_as_text, arguments_of
from domain.templates import Argument, Dependency, Executor, Template, as_own, check_own, placeholders, search_words

SHELL = Executor(tool="sh", platforms=("Linux",), command="cat #{file} | tee #{out.txt}", cleanup="rm #{out.txt}")
WHOLE = Template(
    name="Read a file",
    description="Two\nlines",
    technique="T1005",
    platforms=("Linux",),
    executors=(SHELL,),
    arguments=(
        Argument(name="file", placeholder="#{file}", description="What", type="path", default="/etc/hosts"),
        Argument(name="out.txt", placeholder="#{out.txt}"),
    ),
    dependencies=(Dependency(description="cat", check="which cat", get="apt-get install coreutils"),),
    dependency_tool="sh",
    elevation_required=True,
    facts=(("Tactic", "collection"),),
)


def test_a_version_reads_back_as_what_was_kept() -> None:
    assert Template.of(json.loads(json.dumps(WHOLE.as_dict()))) == WHOLE


def test_placeholders_come_once_and_in_order() -> None:
    assert placeholders(SHELL.command, SHELL.cleanup) == ("file", "out.txt")
    assert placeholders("#{a} #{ b } {c} #{}") == ("a", "b")


def test_it_is_found_by_every_word_of_it() -> None:
    words = search_words(WHOLE, "certutil.exe").split()
    assert {"read", "t1005", "sh", "tee", "rm", "certutil", "exe", "lines"} <= set(words)
    assert len(words) == len(set(words))
    assert max(map(len, search_words(replace(WHOLE, description="x" * 5000)).split())) == 60


def test_a_whole_one_may_be_kept() -> None:
    check_own(WHOLE)


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"name": " "}, "name", "A name is needed."),
        ({"name": "x" * 301}, "name", "A name has at most 300 characters."),
        ({"description": "a\0b"}, "description", "The description holds a NUL character."),
        ({"technique": "TA0001"}, "technique", "A technique is an id such as T1059.001."),
        ({"platforms": ()}, "platforms", "Choose at least one platform."),
        ({"platforms": ("windows",)}, "platforms", "windows is not a platform of ATT&CK."),
        ({"executors": ()}, "command", "Say what it runs."),
        ({"executors": (replace(SHELL, command=" "),)}, "command", "A command is needed."),
        ({"executors": (replace(SHELL, tool="manual"),)}, "command", "What to do by hand is needed."),
        ({"executors": (replace(SHELL, tool="native"),)}, "command", "native is not a way to run a command."),
        ({"executors": (replace(SHELL, command="x" * 50_001),)}, "command", "A command has at most 50,000 characters."),
        (
            {"arguments": WHOLE.arguments[:1]},
            "arguments",
            "The command uses #{out.txt}, which is not among the arguments.",
        ),
        ({"arguments": WHOLE.arguments * 2}, "arguments", "The argument file is there twice."),
        (
            {"arguments": (Argument(name="a b", placeholder="#{a b}"),)},
            "arguments",
            "The name of an argument is made of letters, digits, dots, dashes and underscores.",
        ),
        (
            {"arguments": tuple(Argument(name=f"a{n}", placeholder="x") for n in range(51))},
            "arguments",
            "A template has at most 50 arguments.",
        ),
        ({"dependencies": WHOLE.dependencies * 21}, "dependencies", "A template has at most 20 dependencies."),
        (
            {"dependencies": (Dependency(description="", check="x"),)},
            "dependencies",
            "The name of a dependency is needed.",
        ),
    ],
)
def test_what_is_wrong_is_said_by_field(changed: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_own(replace(WHOLE, **changed))
    assert caught.value.errors == {field: sentence}


def test_arguments_are_typed_a_line_each() -> None:
    assert arguments_of("file | Path | What to read | a | b\n\n  count|integer \nlast") == (
        Argument(name="file", placeholder="#{file}", type="path", description="What to read", default="a | b"),
        Argument(name="count", placeholder="#{count}", type="integer"),
        Argument(name="last", placeholder="#{last}"),
    )


def test_far_too_many_lines_are_refused() -> None:
    with pytest.raises(BadInput, match="at most 200 lines"):
        arguments_of("a\n" * 201)


_TEXT = st.text(st.characters(blacklist_categories=("C", "Z"), blacklist_characters="|"), max_size=20)


@given(st.lists(st.tuples(st.from_regex(r"[a-z_]{1,10}", fullmatch=True), _TEXT, _TEXT), max_size=5))
def test_what_is_shown_reads_back(given: list[tuple[str, str, str]]) -> None:
    arguments = tuple(
        Argument(name=name, placeholder=f"#{{{name}}}", type="path", description=about, default=default or None)
        for name, about, default in given
    )
    assert arguments_of(arguments_as_text(arguments)) == arguments


def test_a_copy_of_a_foreign_one_speaks_our_notation() -> None:
    foreign = Template(
        name="x",
        description="",
        technique="T1105",
        platforms=("Windows", "Linux"),
        executors=(
            Executor(tool="shellcode", platforms=("Linux",)),
            Executor(tool="command_prompt", platforms=("Windows",), command="get {URL:.exe} {PATH} {name or ID}"),
        ),
        arguments=(
            Argument(name="URL:.exe", placeholder="{URL:.exe}"),
            Argument(name="PATH", placeholder="{PATH}"),
            Argument(name="name or ID", placeholder="{name or ID}"),
        ),
        dependencies=(Dependency(description="d", check="test {PATH}"),),
        facts=(("Category", "Download"),),
    )
    own = as_own(foreign)
    assert own.executors[0].command == "get #{URL_.exe_1} #{PATH} #{name_or_ID_3}"
    assert own.dependencies[0].check == "test #{PATH}"
    assert (own.platforms, own.facts) == (("Windows",), ())
    check_own(own)
