"""Files that people upload: who may, how large, and what a bad one leaves behind, which is one sentence."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from rq import Queue
from rq.worker import SimpleWorker

from app.settings import Settings
from data import redis as redis_connection
from data.sources.registry import SOURCES
from domain.roles import Role
from tests.conftest import Person
from tests.data.sources import stix
from tests.jobs.syncing import rows, rule, sync_attack, sync_rules

MEBIBYTE = 1024 * 1024
WHOLE = stix.packed(*stix.FRAME, stix.SHELL, stix.TASK)


@pytest.fixture
def admin(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> FlaskClient:
    return client_of(add_person("ada", Role.ADMIN))


@pytest.fixture
def objects_folder(settings: Settings) -> Path:
    return Path(str(settings.object_store_url).removeprefix("file://"))


def token(client: FlaskClient) -> dict[str, str]:
    client.get("/password", headers={"Accept": "text/html"})
    cookie = client.get_cookie("_csrf_token")
    assert cookie is not None
    return {"X-CSRFToken": cookie.value}


def upload(client: FlaskClient, source: str, content: bytes | None, name: str = "file", **form: str) -> Any:
    data: dict[str, Any] = dict(form)
    if content is not None:
        data["file"] = (io.BytesIO(content), name)
    return client.post(f"/sources/{source}/upload", data=data, headers=token(client))


def work() -> None:
    """Do what is queued, as a worker does, in this process."""
    connection = redis_connection.client()
    SimpleWorker([Queue("sync", connection=connection)], connection=connection).work(burst=True, logging_level="ERROR")


def left_over(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def aliases() -> bytes:
    """A YAML document of a few hundred bytes that stands for a billion nodes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 10)]
    return "\n".join(lines).encode()


LAYER = json.dumps({"name": "APT3", "domain": "enterprise-attack", "versions": {"layer": "4.5"}, "techniques": []})
ELSEWHERE = stix.packed(
    *stix.FRAME, stix.SHELL, stix.technique(9, "T0801", "Monitor", "collection", chain="mitre-ics-attack")
)
BAD = {
    "truncated gzip": (
        "attack", "enterprise-attack-18.1.json.gz", gzip.compress(WHOLE)[:-40],
        "enterprise-attack-18.1.json.gz is cut off: the gzip stream ends too early.",
    ),
    "not JSON": (
        "attack", "enterprise-attack-18.1.json", b"PK is how a zip starts",
        "enterprise-attack-18.1.json is not JSON; an ATT&CK bundle is a STIX file in JSON.",
    ),
    "not STIX": (
        "attack", "layer.json", LAYER.encode(),
        "layer.json is JSON but not a STIX bundle; give a bundle as MITRE publishes it.",
    ),
    "two domains": (
        "attack", "mixed-18.1.json", ELSEWHERE,
        "mixed-18.1.json mixes several ATT&CK domains (Enterprise, ICS); give one bundle for each.",
    ),
    "gzip bomb": (
        "attack", "enterprise-attack-18.1.json.gz", gzip.compress(bytes(151 * MEBIBYTE)),
        "enterprise-attack-18.1.json.gz grows to more than 100 times its size when unpacked; it was not read.",
    ),
    "zip bomb": (
        "sigma", "rules.zip", zipped(**{"rules/a.yml": bytes(2 * MEBIBYTE)}),
        "rules.zip grows to more than 100 times its size when unpacked; it was not read.",
    ),
    "way out": (
        "sigma", "rules.zip", zipped(**{"rules/a.yml": rule(1).encode(), "../../etc/cron.d/x.yml": b"x"}),
        "rules.zip holds a file whose name leads out of the archive ('../../etc/cron.d/x.yml'); it was not read.",
    ),
    "aliases": (
        "sigma", "rule.yml", aliases(),
        "rule.yml holds no Sigma rule: 1 file was read; the first, rule.yml, expands to too much through its aliases.",
    ),
    "not a rule": (
        "sigma", "rules.zip", zipped(**{"rules/readme.txt": b"x"}),
        "rules.zip holds nothing Sigma rules can use; it takes YAML files (.yml, .yaml), also a directory or a .zip "
        "of them.",
    ),
    "empty": ("attack", "enterprise-attack-18.1.json", b"", "enterprise-attack-18.1.json is empty."),
}  # fmt: skip


def test_a_bad_file_fails_with_one_sentence_and_changes_nothing(
    admin: FlaskClient, tmp_path: Path, objects_folder: Path
) -> None:
    sync_attack(tmp_path, stix.SHELL)
    sync_rules(tmp_path, a=rule(1, "T1059"))
    content = """SELECT (SELECT jsonb_agg(g ORDER BY topic) FROM data_generation AS g WHERE g.topic <> 'sources'),
      (SELECT count(*) FROM technique), (SELECT count(*) FROM detection_rule), (SELECT count(*) FROM attack_release),
      (SELECT count(*) FROM sync_item), (SELECT count(*) FROM outbox_event WHERE topic <> 'sync.failed')"""
    before = rows(content)
    for what, (source, name, data, sentence) in BAD.items():
        answer = upload(admin, source, data, name)
        assert answer.status_code == 202, what
        work()
        found = rows("SELECT state, error FROM sync_run WHERE id = :id", id=answer.get_json()["run_id"])
        assert found == [("failed", sentence)], what
        assert left_over(objects_folder) == [], what
        assert rows(content) == before, what
    assert rows("SELECT count(*) FROM audit_log WHERE action = 'sync.failed' AND actor_name = 'ada'") == [(len(BAD),)]


class TestRefusedAtOnce:
    def test_what_no_run_could_use(self, admin: FlaskClient, objects_folder: Path) -> None:
        for answer, status, code, sentence in (
            (upload(admin, "attack", None), 422, "bad_input", "Choose a file first."),
            (upload(admin, "attack", b"x", ""), 422, "bad_input", "Choose a file first."),
            (
                upload(admin, "nothing", b"x"),
                404,
                "not_found",
                f"There is no source called nothing; there are {', '.join(SOURCES)}.",
            ),
        ):
            assert (answer.status_code, answer.get_json()["code"]) == (status, code)
            assert answer.get_json()["detail"] == sentence
        assert rows("SELECT count(*) FROM sync_run") == [(0,)]
        assert left_over(objects_folder) == []

    def test_over_the_limit(self, server: Flask, settings: Settings, admin: FlaskClient, objects_folder: Path) -> None:
        server.config["AEGIS"] = settings.model_copy(update={"max_upload_mb": 1})
        answer = upload(admin, "attack", bytes(MEBIBYTE + 1), "enterprise-attack-18.1.json")
        assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")
        assert answer.get_json()["detail"] == "This upload is larger than the limit. Nothing was changed."
        assert rows("SELECT count(*) FROM sync_run") == [(0,)]
        assert left_over(objects_folder) == []

    def test_the_limit_of_a_source_is_not_that_of_other_requests(self, server: Flask, admin: FlaskClient) -> None:
        answer = upload(admin, "attack", bytes(server.config["MAX_CONTENT_LENGTH"] + 1), "enterprise-attack-18.1.json")
        assert answer.status_code == 202

    def test_those_who_may_not(
        self, client_of: Callable[..., FlaskClient], add_person: Callable[..., Person], objects_folder: Path
    ) -> None:
        for role in set(Role) - {Role.ADMIN}:
            answer = upload(client_of(add_person(f"ana-{role}", role)), "attack", WHOLE, "enterprise-attack-18.1.json")
            assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden"), role
        assert rows("SELECT count(*) FROM sync_run") == [(0,)]
        assert left_over(objects_folder) == []

    def test_our_own_rules_are_for_those_who_manage_rules(
        self, client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]
    ) -> None:
        content = rule(1).encode()
        for role in Role:
            answer = upload(client_of(add_person(f"ana-{role}", role)), "own", content, "a.yml")
            expected = {Role.BLUE_TECH: 202, Role.BLUE_LEAD: 202, Role.ADMIN: 202}.get(role, 403)
            assert answer.status_code == expected, role
            work()
        assert rows("SELECT source, title, removed_at FROM detection_rule") == [("own", "A rule", None)]

    def test_two_at_once(self, admin: FlaskClient, objects_folder: Path) -> None:
        first = upload(admin, "attack", WHOLE, "enterprise-attack-18.1.json")
        second = upload(admin, "attack", WHOLE, "enterprise-attack-18.1.json")
        assert (first.status_code, second.status_code) == (202, 409)
        assert second.get_json()["code"] == "busy"
        assert len(left_over(objects_folder)) == 1
        work()
        assert rows("SELECT id::text, state FROM sync_run") == [(first.get_json()["run_id"], "succeeded")]
        assert left_over(objects_folder) == []


def test_a_good_file_is_read_under_its_own_name(admin: FlaskClient) -> None:
    upload(admin, "attack", WHOLE, "C:/fakepath/../enterprise-attack-17.1.json")
    upload(admin, "sigma", zipped(**{"rules/a.yml": rule(1, "T1059").encode()}), "../rules.zip", version=" r2026 ")
    work()
    assert rows("SELECT source, state, input ->> 'name' FROM sync_run ORDER BY source") == [
        ("attack", "succeeded", "enterprise-attack-17.1.json"),
        ("sigma", "succeeded", "rules.zip"),
    ]
    assert rows("SELECT version FROM sync_run ORDER BY source") == [("17.1",), ("r2026",)]
