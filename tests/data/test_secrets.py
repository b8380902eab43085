"""What is sealed opens with the same key and for the same purpose only."""

from collections.abc import Iterator

import pytest

from data import secrets
from data.secrets import Unreadable, seal, unseal


@pytest.fixture(autouse=True)
def _key() -> Iterator[None]:
    secrets.configure("a secret of the tests, long enough for all of them")
    yield
    secrets.configure("")


def test_it_comes_back_and_never_looks_the_same() -> None:
    first, second = seal("päss", "mail"), seal("päss", "mail")
    assert (unseal(first, "mail"), unseal(second, "mail")) == ("päss", "päss")
    assert first != second
    assert "päss".encode() not in first


def test_another_key_purpose_or_damage_is_said_plainly() -> None:
    sealed = seal("secret", "mail")
    with pytest.raises(Unreadable):
        unseal(sealed, "chat")
    with pytest.raises(Unreadable):
        unseal(sealed[:-4] + b"AAAA", "mail")
    secrets.configure("another secret of the tests, just as long as that")
    with pytest.raises(Unreadable, match="another AEGIS_SECRET_KEY"):
        unseal(sealed, "mail")


def test_without_a_key_nothing_is_sealed() -> None:
    secrets.configure("")
    with pytest.raises(RuntimeError):
        seal("secret", "mail")
