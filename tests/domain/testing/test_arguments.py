"""Placeholders in commands: filled once, as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput, TooLarge
from domain.testing import arguments
from domain.testing.arguments import fill, placeholders


def test_given_values_win_over_defaults() -> None:
    template = "copy #{from} #{to} & type #{from}"
    assert placeholders(template) == ("from", "to")
    assert fill(template, {"from": "a.txt"}, {"from": "x", "to": "b.txt"}) == "copy a.txt b.txt & type a.txt"


def test_an_empty_value_is_a_value() -> None:
    assert fill("run#{flags}", {}, {"flags": ""}) == "run"
    assert fill("run#{flags}", {"flags": ""}, {"flags": " -v"}) == "run"


def test_a_value_is_never_filled_in_itself() -> None:
    assert fill("#{a} #{b}", {"a": "#{b}", "b": "#{a}"}) == "#{b} #{a}"
    assert fill("#{a}", {"a": r"\1 \g<0> $HOME"}) == r"\1 \g<0> $HOME"


def test_names_with_points_and_blanks() -> None:
    assert fill("#{host.user.name}/#{ file name }", {"host.user.name": "ana", "file name": "x"}) == "ana/x"


@pytest.mark.parametrize("text", ["", "echo {x}", "echo ${x}", "#{}", "#{ }", "#{a\nb}", "#{" + "x" * 101 + "}", "#{a"])
def test_what_is_no_placeholder_stays(text: str) -> None:
    assert placeholders(text) == ()
    assert fill(text, {}) == text


def test_what_is_missing_and_what_belongs_to_nothing_are_named() -> None:
    with pytest.raises(BadInput) as refused:
        fill("#{a} #{b} #{c}", {"a": "1", "z": "2"}, {"c": None})
    assert refused.value.detail == "No value for: b, c. No such argument: z."
    assert refused.value.errors == {"b": "required", "c": "required", "z": "unknown"}


def test_what_is_declared_may_be_given_though_this_text_does_not_use_it() -> None:
    assert fill("whoami", {"host": "ws-1"}, {"host": None}) == "whoami"


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge, match="A command has at most 50,000"):
        fill("x" * 50_001, {})
    monkeypatch.setattr(arguments, "FILLED_MAX", 10)
    assert fill("#{a}!", {"a": "123456789"}) == "123456789!"
    for template in ("#{a}!!", "!!#{a}", "#{a}#{a}"):
        with pytest.raises(TooLarge, match="With these arguments"):
            fill(template, {"a": "123456789"})


@given(st.lists(st.tuples(st.text(max_size=5).filter(lambda t: "#" not in t), st.text(max_size=5)), max_size=5))
def test_everything_around_placeholders_stays(parts: list[tuple[str, str]]) -> None:
    template = "".join(f"{text}#{{a{n}}}" for n, (text, _) in enumerate(parts))
    given_values = {f"a{n}": value for n, (_, value) in enumerate(parts)}
    assert fill(template, given_values) == "".join(text + value for text, value in parts)
