"""What a unit of work makes of an error of the database."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from data.database import unit_of_work
from data.models import DefenceTool
from domain.errors import Duplicate
from tests.jobs.syncing import rows

pytestmark = pytest.mark.usefixtures("database")


def tool(slug: str) -> DefenceTool:
    return DefenceTool(id=uuid4(), slug=slug, name=slug, kind="edr")


def meanwhile_somebody_else_makes_the_same() -> None:
    with unit_of_work() as mine:
        assert mine.query(DefenceTool).count() == 0
        with unit_of_work() as theirs:
            theirs.add(tool("edr"))
        mine.add(tool("siem"))
        mine.flush()
        mine.add(tool("edr"))


def test_what_was_made_meanwhile_is_said_and_nothing_is_half_written() -> None:
    with pytest.raises(Duplicate, match="there already"):
        meanwhile_somebody_else_makes_the_same()
    assert rows("SELECT slug FROM defence_tool") == [("edr",)]


def test_what_the_rules_of_a_table_refuse_is_our_own_fault() -> None:
    with pytest.raises(IntegrityError), unit_of_work() as session:
        session.execute(text("INSERT INTO score_weights (version) VALUES (NULL)"))
