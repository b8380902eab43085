"""Who is spoken to in a comment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.testing.mentions import MENTIONS_MAX, mentioned


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ana look", ("ana",)),
        ("(@ana, @bob_2.)", ("ana", "bob_2")),
        ("@Ana and @ana", ("Ana",)),
        ("mail ana@example.org", ()),
        ("@ab", ()),
        ("@" + "a" * 51, ()),
        ("`@ana` and ```\n@bob\n```", ()),
        ("``` @bob never closed", ()),
        ("`not closed @ana", ("ana",)),
        ("@@ana", ()),
        ("see /@ana", ()),
        ("", ()),
    ],
)
def test_mentions(text: str, names: tuple[str, ...]) -> None:
    assert mentioned(text) == names


def test_nobody_wakes_the_whole_company() -> None:
    assert len(mentioned(" ".join(f"@user{n}" for n in range(100)))) == MENTIONS_MAX


@given(st.text(alphabet="@`ab_- .\n", max_size=200))
def test_each_once_and_all_of_them_in_the_text(text: str) -> None:
    names = mentioned(text)
    assert len({name.lower() for name in names}) == len(names)
    assert all(f"@{name}" in text for name in names)
