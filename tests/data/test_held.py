"""What a process holds: bounded, the least used given up first, and for one database only."""

import pytest

from data import database as db
from data.held import Held

pytestmark = pytest.mark.usefixtures("database")


def test_the_least_used_is_given_up_first() -> None:
    held: Held[str] = Held(2)
    held.put("a", "1")
    held.put("b", "2")
    assert held.get("a") == "1"
    held.put("c", "3")
    assert [held.get(key) for key in "abc"] == ["1", None, "3"]


def test_by_weight_and_none_that_is_too_heavy() -> None:
    held: Held[bytes] = Held(10, 6, len)
    held.put("a", b"12345")
    held.put("b", b"1234567")
    assert (held.get("a"), held.get("b")) == (b"12345", None)
    held.put("a", b"123456")  # in the place of the five
    held.put("c", b"1234")
    assert (held.get("a"), held.get("c")) == (b"123456", b"1234")
    held.put("d", b"1")
    assert [held.get(key) for key in "acd"] == [None, b"1234", b"1"]


def test_what_was_read_from_another_database_is_not_known() -> None:
    held: Held[str] = Held(2)
    held.put("a", "1")
    url = db.url()
    db.dispose()
    db.configure(url)
    assert held.get("a") is None


def test_given_up_when_told() -> None:
    held: Held[str] = Held(2)
    held.put("a", "1")
    held.clear()
    assert held.get("a") is None
