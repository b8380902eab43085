"""The times in a text file of the evidence, for those who may read; of other files there are none."""

import io
from collections.abc import Callable
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from domain.roles import Role
from domain.testing.person import Team
from jobs import evidence
from tests.conftest import Person
from tests.data import world
from tests.jobs import acting
from tests.jobs.syncing import rows


@pytest.fixture
def keep(server: object) -> Callable[[str, bytes], str]:
    """Keeps a file on red's side of a test; returns its id."""
    world.tactics("execution")
    red = acting.person("rosa", Role.RED_LEAD)
    acting.planned(red)
    ((number,),) = rows("SELECT number FROM security_test")
    return lambda name, content: str(evidence.attach(number, Team.RED, name, io.BytesIO(content), red).id)


@pytest.fixture
def viewer(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> FlaskClient:
    return client_of(add_person("vera", Role.VIEWER))


def test_times_of_a_log(keep: Callable[[str, bytes], str], viewer: FlaskClient) -> None:
    key = keep("run.log", b"2026-11-24T10:30:05+01:00 ran\n2026-11-24 09:31:00 seen\n")
    assert viewer.get(f"/api/evidence/{key}/times").get_json() == {
        "times": [
            ["2026-11-24T09:30:05+00:00", True, "2026-11-24T10:30:05+01:00 ran"],
            ["2026-11-24T09:31:00+00:00", False, "2026-11-24 09:31:00 seen"],
        ]
    }


def test_a_picture_has_none(keep: Callable[[str, bytes], str], viewer: FlaskClient) -> None:
    picture = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    answer = viewer.get(f"/api/evidence/{keep('a.png', picture)}/times")
    assert (answer.status_code, answer.get_json()["detail"]) == (404, "Times are read from text files only.")


def test_strangers_and_unknown_files(
    keep: Callable[[str, bytes], str], viewer: FlaskClient, client_of: Callable[..., FlaskClient]
) -> None:
    key = keep("run.log", b"2026-11-24T10:30:05Z")
    assert client_of().get(f"/api/evidence/{key}/times").status_code == 401
    assert viewer.get(f"/api/evidence/{uuid4()}/times").status_code == 404
    assert viewer.get("/api/evidence/x/times").status_code == 422
