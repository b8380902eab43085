"""Hashes that are slow enough to be worth keeping, and are renewed when they are not."""

import importlib.util

from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from data import passwords


def test_outside_the_tests_they_are_argon2id_at_least_as_owasp_asks() -> None:
    spec = importlib.util.find_spec("data.passwords")
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)  # the imported one is made cheap for the tests
    spec.loader.exec_module(fresh)
    made = extract_parameters(fresh.hashed("A long Passw0rd, truly"))
    assert made.type is Type.ID
    assert made.memory_cost >= 19 * 1024
    assert made.time_cost >= 2


def test_no_account_matches_nothing() -> None:
    kept = passwords.hashed("A long Passw0rd, truly")
    assert passwords.matches(kept, "A long Passw0rd, truly")
    assert not passwords.matches(kept, "another")
    assert not passwords.matches(None, "nobody has this password")
    assert not passwords.matches("no hash at all", "x")


def test_a_hash_with_other_parameters_is_outdated() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=32, parallelism=1).hash("x")
    assert passwords.outdated(weak)
    assert not passwords.outdated(passwords.hashed("x"))
