"""Usernames and passwords."""

import pytest

from domain.errors import BadInput
from domain.people import RESERVED_USERNAMES, check_password, check_username, one_time_password


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
