"""Uploading a bundle to be rehearsed: who may, what a bad one leaves behind."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from domain.roles import Role
from tests.app.test_uploads import left_over, token, work
from tests.conftest import Person
from tests.data.sources import stix
from tests.jobs.syncing import rows

WHOLE = stix.packed(*stix.FRAME, stix.SHELL, stix.TASK)


@pytest.fixture
def admin(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> FlaskClient:
    return client_of(add_person("ada", Role.ADMIN))


@pytest.fixture
def objects_folder(settings: Settings) -> Path:
    return Path(str(settings.object_store_url).removeprefix("file://"))


def upload(client: FlaskClient, content: bytes | None, **form: str) -> Any:
    data: dict[str, Any] = dict(form)
    if content is not None:
        data["file"] = (io.BytesIO(content), "bundle.json")
    return client.post("/rehearsals/upload", data=data, headers=token(client))


def test_it_is_taken_and_read_by_a_worker(admin: FlaskClient, objects_folder: Path) -> None:
    answer = upload(admin, WHOLE, version="18.1")
    assert answer.status_code == 202
    work()
    assert rows("SELECT id::text, state, version, requested_by_name FROM attack_rehearsal") == [
        (answer.get_json()["rehearsal_id"], "ready", "18.1", "ada")
    ]
    assert [path.name for path in left_over(objects_folder)] == ["bundle.json.gz"]


def test_a_bad_file_is_one_sentence_and_leaves_nothing(admin: FlaskClient, objects_folder: Path) -> None:
    upload(admin, b"no")
    work()
    assert rows("SELECT state, error FROM attack_rehearsal") == [
        ("failed", "bundle.json is not JSON; an ATT&CK bundle is a STIX file in JSON.")
    ]
    assert left_over(objects_folder) == []


def test_what_is_refused_leaves_nothing(
    admin: FlaskClient, objects_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upload(admin, None).status_code == 422
    monkeypatch.setattr("data.repositories.rehearsals.KEPT_MAX", 0)
    assert upload(admin, WHOLE).status_code == 409
    assert left_over(objects_folder) == []
    assert rows("SELECT count(*) FROM attack_rehearsal") == [(0,)]


def test_only_who_syncs_may(
    client_of: Callable[..., FlaskClient], add_person: Callable[..., Person], objects_folder: Path
) -> None:
    for role in (Role.VIEWER, Role.RED_LEAD):
        assert upload(client_of(add_person(f"p_{role}", role)), WHOLE).status_code == 403
    assert left_over(objects_folder) == []
