"""The first start: what is there already is left as it is."""

import pytest
from sqlalchemy import Engine

from app import setup
from jobs import demo
from tests.data import world


@pytest.mark.usefixtures("redis_server")
def test_a_demo_organisation_that_is_there_is_no_error(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    world.release()
    monkeypatch.setattr(demo, "is_loaded", lambda: True)
    monkeypatch.setattr(demo, "load", lambda _actor: pytest.fail("loaded a second time"))
    assert setup.prepare(with_demo=True, report=lambda *_told: None)
    assert setup.prepare(with_demo=True, report=lambda *_told: None) is None
