"""What a test runs: arguments filled in with what was given, else with defaults; what is lacking is named."""

from dataclasses import replace

from domain.templates import Argument, Executor, Template
from domain.testing.arguments import TEMPLATE_MAX
from domain.testing.procedure import Filled, filled, ways

FILE = Argument(name="file", placeholder="#{file}", default="a.txt")
HOST = Argument(name="host", placeholder="#{host}")
PATH = Argument(name="PATH", placeholder="{PATH}", default=None)
TEMPLATE = Template(
    name="Copy",
    description="",
    technique="T1059",
    platforms=("Windows", "Linux"),
    executors=(
        Executor(tool="powershell", platforms=("windows",), command="copy #{file} #{host}", cleanup="del #{file}"),
        Executor(tool="sh", platforms=("linux",), command="cp #{file} {PATH}"),
    ),
    arguments=(FILE, HOST, PATH),
)


def test_what_is_given_stands_before_the_default() -> None:
    assert filled("cp #{file} #{ file }", {}, [FILE]) == Filled("cp a.txt a.txt")
    assert filled("cp #{file}", {"file": "b"}, [FILE]) == Filled("cp b")


def test_what_is_lacking_stays_and_is_named() -> None:
    assert filled("cp #{file} #{host} #{other}", {}, [FILE, HOST]) == Filled(
        "cp a.txt #{host} #{other}", ("host", "other")
    )


def test_placeholders_of_other_sources_are_filled_too() -> None:
    assert filled("copy {PATH}", {"PATH": "C:/x"}, [PATH]) == Filled("copy C:/x")
    assert filled("copy {PATH}", {}, [PATH]) == Filled("copy {PATH}", ("PATH",))


def test_an_argument_of_nothing_is_ignored_and_a_value_is_not_filled_again() -> None:
    assert filled("cp #{file}", {"file": "#{host}", "gone": "x"}, [FILE, HOST]) == Filled("cp #{host}")


def test_what_is_too_long_to_fill_is_shown_as_it_is() -> None:
    text = "#{file}" + "x" * TEMPLATE_MAX
    assert filled(text, {}, [FILE]) == Filled(text, ("file",))


def test_ways_for_the_platform_come_first() -> None:
    found = ways(TEMPLATE, {"host": "h", "PATH": "/tmp"}, "Linux")
    assert [(way.tool, way.fits) for way in found] == [("sh", True), ("powershell", False)]
    assert found[0].command == Filled("cp a.txt /tmp")
    assert found[1].cleanup == Filled("del a.txt")
    assert [way.fits for way in ways(replace(TEMPLATE, executors=()), {}, "Linux")] == []
