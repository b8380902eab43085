"""How often the data of each topic changed, read from the database on every question.

The numbers are bumped by triggers inside the transaction that changes the data, so they can never say "unchanged" after
a commit.
"""

from collections.abc import Mapping

from data import lane


def current() -> Mapping[str, int]:
    """Topic -> generation, as of now."""
    return dict(lane.ask("SELECT topic, number FROM data_generation"))
