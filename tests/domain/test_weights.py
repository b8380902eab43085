import pytest

from domain.errors import BadInput
from domain.score import Weights
from domain.snapshots import weights_kept
from domain.weights import FIELDS, checked_reason, proposed

NOW = weights_kept(Weights(version=1))


def test_every_number_of_the_weights_can_be_decided() -> None:
    assert set(FIELDS) == set(NOW) - {"version"}
    assert proposed(NOW, 2) == Weights(version=2)


def test_what_people_type() -> None:
    made = proposed({**NOW, "tests": " 32,5 ", "rules": "32.5", "freshness_window_days": "90"}, 3)
    assert (made.version, made.tests, made.rules, made.freshness_window_days) == (3, 32.5, 32.5, 90)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"tests": "41"}, "add up to 101; they have to add up to 100"),
        ({"tests": "many"}, "Tests has to be a number"),
        ({"tests": "nan", "rules": "65"}, "Tests has to lie between"),
        ({"tests": "-5", "rules": "70"}, "between 0 and 100"),
        ({"half_life_days": "0"}, "between 7 and 1825"),
        ({"freshness_window_days": "90.5"}, "whole number"),
        ({"logged": "0.95"}, "cannot be worth more"),
        ({"missed": "0.5"}, "cannot be worth more"),
        ({"alerted": None}, "Alerted has to be a number"),
    ],
)
def test_what_is_refused_in_one_sentence(changed: dict[str, object], says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        proposed({**NOW, **changed}, 2)
    assert refused.value.errors


def test_a_reason_is_needed() -> None:
    assert checked_reason("  more   about rules ") == "more about rules"
    for text in ("  ", "x" * 501):
        with pytest.raises(BadInput):
            checked_reason(text)
