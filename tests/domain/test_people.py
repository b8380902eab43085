"""Usernames, teams and passwords."""

import pytest

from domain.errors import BadInput
from domain.people import RESERVED_USERNAMES, TEAM_MAX, check_password, check_team, check_username, one_time_password
from domain.tests_view import NO_VALUE


@pytest.mark.parametrize("good", ["ana", "Ana_B-2", "a" * 50, "___"])
def test_usernames_that_are_fine(good: str) -> None:
    assert check_username(good) == good


@pytest.mark.parametrize("bad", ["", "ab", "a" * 51, "ana b", "añá", "ana\n", "a.b.c", "ana@x"])
def test_usernames_that_are_not(bad: str) -> None:
    with pytest.raises(BadInput, match="3 to 50"):
        check_username(bad)


@pytest.mark.parametrize("name", [*sorted(RESERVED_USERNAMES), "Admin", "ROOT"])
def test_reserved_usernames_in_any_case(name: str) -> None:
    with pytest.raises(BadInput, match="reserved"):
        check_username(name)


def test_a_team_is_kept_without_spare_blanks() -> None:
    assert check_team("  Blue,\t north \n& west ") == "Blue, north & west"
    assert check_team(" \n ") == ""
    assert check_team(" " * 200 + "x" * TEAM_MAX) == "x" * TEAM_MAX


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ("x" * (TEAM_MAX + 1), "at most 80"),
        ("a\x00b", "cannot be shown"),
        ("a\u202eb", "cannot be shown"),
        (NO_VALUE, "No team can be called none"),  # an address could not tell it from those without a team
        (" None ", "No team can be called None"),
    ],
)
def test_teams_that_are_refused(bad: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        check_team(bad)


@pytest.mark.parametrize(
    ("password", "lacks"),
    [
        ("Short1!aaaa", "at least 12"),
        ("nouppercase1!", "upper-case"),
        ("NOLOWERCASE1!", "lower-case"),
        ("NoDigitsHere!", "digit"),
        ("NoSpecials123", "special"),
    ],
)
def test_a_password_that_lacks_one_thing_is_told_which(password: str, lacks: str) -> None:
    with pytest.raises(BadInput, match=lacks):
        check_password(password)


def test_everything_lacking_is_named_at_once() -> None:
    with pytest.raises(BadInput, match="12 characters, an upper-case letter, a digit and a special character"):
        check_password("abc")


def test_a_password_may_not_contain_the_username() -> None:
    with pytest.raises(BadInput, match="username"):
        check_password("Hello-BOB-1234567", username="bob")


def test_one_time_passwords_meet_the_rules_and_differ() -> None:
    made = {one_time_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert check_password(password) == password
