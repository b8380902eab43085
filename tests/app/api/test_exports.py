"""Exports and layers over HTTP: the same view as the page, for those who may, and never for anybody else."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from domain.navigator import parse
from domain.roles import Role
from tests.conftest import Person
from tests.data.sources import stix
from tests.jobs.syncing import rows, rule, sync_attack, sync_rules

ClientOf = Callable[..., FlaskClient]
AddPerson = Callable[..., Person]


@pytest.fixture
def content(server: Flask, tmp_path: Path) -> None:
    sync_attack(tmp_path, stix.SHELL, stix.POWERSHELL, stix.TASK)
    sync_rules(tmp_path, a=rule(1, "T1059.001"))


@pytest.fixture
def viewer(client_of: ClientOf, add_person: AddPerson) -> FlaskClient:
    return client_of(add_person("vera"))


@pytest.fixture
def operator(client_of: ClientOf, add_person: AddPerson) -> FlaskClient:
    return client_of(add_person("otto", Role.BLUE_TECH))


def post(client: FlaskClient, content: bytes | None) -> TestResponse:
    client.get("/", headers={"Accept": "text/html"})
    cookie = client.get_cookie("_csrf_token")
    assert cookie is not None
    data: dict[str, Any] = {} if content is None else {"file": (io.BytesIO(content), "layer.json")}
    return client.post("/overlays", data=data, headers={"X-CSRFToken": cookie.value, "Accept": "application/json"})


def layer(*ids: str) -> bytes:
    versions = {"layer": "4.5", "navigator": "5.0.0"}
    made = {"name": "APT3", "domain": "enterprise-attack", "versions": versions}
    return json.dumps({**made, "techniques": [{"techniqueID": one} for one in ids]}).encode()


@pytest.mark.usefixtures("content")
class TestExports:
    def test_a_layer_is_a_layer(self, viewer: FlaskClient) -> None:
        answer = viewer.get("/export/heatmap.json?colour=claimed")
        assert answer.content_type == "application/json"
        assert ".json" in answer.headers["Content-Disposition"]
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="aegis-enterprise-attack-18.1-cl')
        (found,) = parse(answer.data)
        assert {note.technique: note.score for note in found.notes} == {"T1059": 0, "T1059.001": 1, "T1053": 0}

    def test_a_table_has_the_rows_of_the_view(self, viewer: FlaskClient) -> None:
        answer = viewer.get("/export/heatmap.csv?q=powershell")
        assert answer.data.startswith(b"\xef\xbb\xbf")
        found = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert [(row["technique_id"], row["enabled_rules"]) for row in found] == [("T1059.001", "1")]

    def test_a_picture_is_xml(self, viewer: FlaskClient) -> None:
        answer = viewer.get("/export/heatmap.svg?sub=all")
        assert answer.mimetype == "image/svg+xml"
        assert ET.fromstring(answer.data).tag == "{http://www.w3.org/2000/svg}svg"

    def test_another_kind_is_not_found(self, viewer: FlaskClient) -> None:
        assert viewer.get("/export/heatmap.pdf").status_code == 404

    def test_hostile_queries_still_answer(self, viewer: FlaskClient) -> None:
        query = "domain=moon&colour=<b>&actor=" + "X," * 500 + "&q=%00%1b&overlay='&only=x&tactic=%2e"
        asked = [viewer.get(f"/export/heatmap.{kind}?{query}").status_code for kind in ("json", "csv", "svg")]
        assert asked == [200, 200, 200]


def test_without_content_there_is_nothing_to_export(viewer: FlaskClient) -> None:
    answer = viewer.get("/export/heatmap.json", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert "No ATT&CK content is loaded" in answer.get_json()["detail"]


@pytest.mark.usefixtures("content")
class TestLayers:
    def test_a_layer_is_kept_and_what_was_not_placed_is_named(self, operator: FlaskClient) -> None:
        answer = post(operator, layer("T1059", "T9999"))
        assert answer.status_code == 201
        assert answer.get_json()["layers"][0]["not_placed"] == ["T9999"]
        assert answer.get_json()["message"] == "Added “APT3”. 1 technique id is not on the loaded ATT&CK version."
        assert rows(
            "SELECT o.name, u.username FROM navigator_overlay AS o JOIN user_account AS u ON u.id = o.owner_id"
        ) == [("APT3", "otto")]


REFUSED = (
    (None, 422, "Choose a file first."),
    (b"", 422, "not JSON"),
    (b"\x1f\x8b\x08\x00", 422, "not UTF-8"),
    (b'{"type": "bundle"}', 422, "no name"),
    (layer("Tbanana"), 422, "Tbanana"),
    (b" " * (10 * 1024 * 1024 + 1), 413, "10 MB"),
)


class TestRefusals:
    def test_what_is_no_layer_is_refused_and_changes_nothing(self, operator: FlaskClient) -> None:
        for content, status, words in REFUSED:
            answer = post(operator, content)
            assert (answer.status_code, words in answer.get_json()["detail"]) == (status, True), words
        assert rows("SELECT count(*) FROM navigator_overlay") == [(0,)]

    def test_a_viewer_may_not(self, viewer: FlaskClient) -> None:
        assert post(viewer, layer("T1059")).status_code == 403

    def test_a_layer_without_the_token_is_refused(self, operator: FlaskClient) -> None:
        data = {"file": (io.BytesIO(layer("T1059")), "layer.json")}
        assert operator.post("/overlays", data=data).status_code == 422


def test_nobody_gets_anything_without_a_session(client_of: ClientOf) -> None:
    assert client_of(None).get("/export/heatmap.json").status_code == 401
