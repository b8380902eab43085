"""Compliance pages: who sees and may what, what the address does, decisions, exports, a framework of one's own."""

import csv
import io
from collections.abc import Callable
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from domain.roles import Role
from tests.callbacks.asking import Answer, Asking
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import execute, rows

CONTROL = "/compliance/nist_800_53"


@pytest.fixture(autouse=True)
def home(client_of: Callable[..., FlaskClient]) -> UUID:
    world.release()
    world.tactics("execution")
    failing, held = (world.technique(f"T100{n}", under=["execution"]) for n in (1, 2))
    world.security_test(failing, "none/missed", title="=Let through")
    world.security_test(held, "none/alerted")
    world.framework("nist_800_53", {"AC-02": [failing, held], "AC-03": [held]}, not_mappable=["AC-10"])
    world.framework("kev", {"CVE-2024-1": [failing]}, kind="vulnerabilities")
    return failing


@pytest.fixture
def asking(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Callable[[Role], Asking]:
    return lambda role: Asking(client_of(add_person(role.value, role)))


def test_the_list_says_how_each_framework_stands(asking: Callable[[Role], Asking]) -> None:
    found = asking(Role.VIEWER).open("/compliance")
    assert found.outputs["answer.children"] == "1 of 2 controls demonstrated, 1 contradicted"
    assert "/compliance/nist_800_53?state=contradicted" in found.text
    assert "Gets through" in found.text
    assert "Add a framework of your own" not in found.text


def test_a_framework_and_its_states(asking: Callable[[Role], Asking]) -> None:
    found = asking(Role.VIEWER).open(CONTROL)
    assert found.outputs["title.children"] == "Name of nist_800_53"
    assert found.outputs["answer.children"] == "1 of 2 demonstrated, 1 contradicted"
    assert "1 of 2 covered; 1 fails" in found.text
    assert "its source says that no technique fits" in found.text
    assert "Plan a campaign from the gaps" not in found.text
    assert "/export/compliance/nist_800_53.csv" in found.text


def test_what_the_address_narrows(asking: Callable[[Role], Asking]) -> None:
    me = asking(Role.RED_LEAD)
    found = me.open(CONTROL, "?state=demonstrated&group=nothing&as_of=2999-01-01&compare=x")
    assert "1 of 2 covered; 1 fails" not in found.text
    assert "1 of 1 covered" in found.text
    assert '"id":"changes"' not in found.text
    assert "/plan?framework=nist_800_53" in found.text
    assert "None is in this state" in me.open(CONTROL, "?state=partly").text


def test_a_control_beside_it(asking: Callable[[Role], Asking]) -> None:
    me = asking(Role.VIEWER)
    found = me.open(CONTROL, "?control=ac-2&state=contradicted")
    assert "AC-2 Name of AC-02" in found.text
    number = rows("SELECT number FROM security_test WHERE title = '=Let through'")[0][0]
    assert f"/test/{number}" in found.text
    assert "did not hold" in found.text
    assert "takes it out of scope" in found.text
    assert "control-decide" not in found.text
    assert "AC-99" not in me.open(CONTROL, "?control=AC-99").outputs["title.children"]


def test_another_control_is_chosen_without_the_page(asking: Callable[[Role], Asking]) -> None:
    me = asking(Role.VIEWER)
    answer = me.ask("url.search", {"url.search": "?control=AC-03", "url.pathname": CONTROL}, of="control-panel")
    assert "Name of AC-03" in answer.text
    elsewhere = me.ask("url.search", {"url.search": "?control=AC-03", "url.pathname": "/tests"}, of="control-panel")
    assert elsewhere.outputs == {}


def decide(me: Asking, **said: str) -> Answer:
    given = {"kind": "risk_accepted", "reason": "Replaced in spring", "until": "", **said}
    return me.ask(
        "control-decide.n_clicks",
        {
            "control-decide.n_clicks": 1,
            "control-code.data": "AC-02",
            "url.pathname": CONTROL,
            "url.search": "?control=AC-02",
            **{f"control-{name}.value": text for name, text in given.items()},
        },
    )


def test_leads_decide_and_withdraw(asking: Callable[[Role], Asking]) -> None:
    me = asking(Role.BLUE_LEAD)
    refused = decide(me)
    assert "until when" in refused.toast
    done = decide(me, kind="out_of_scope")
    assert "The decision is kept." in done.toast
    assert done.beside["answer.children"] == "1 of 1 demonstrated, 0 contradicted"
    assert rows("SELECT kind, author_name FROM control_decision") == [("out_of_scope", "blue_lead")]
    ended = me.ask(
        "control-withdraw.n_clicks",
        {
            "control-withdraw.n_clicks": 1,
            "control-code.data": "AC-02",
            "url.pathname": CONTROL,
            "url.search": "?control=AC-02",
        },
    )
    assert ended.beside["answer.children"] == "1 of 2 demonstrated, 1 contradicted"


def test_nobody_else_decides(asking: Callable[[Role], Asking]) -> None:
    refused = decide(asking(Role.BLUE_TECH), kind="out_of_scope")
    assert "This needs the role" in refused.toast
    assert rows("SELECT count(*) FROM control_decision") == [(0,)]


def test_the_export_has_every_row_and_its_tests(asking: Callable[[Role], Asking]) -> None:
    execute("UPDATE control SET name = '=cmd()' WHERE code = 'AC-02'")
    answer = asking(Role.VIEWER).client.get("/export/compliance/nist_800_53.csv")
    assert answer.status_code == 200
    lines = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [(line["control"], line["placed_id"], line["state"]) for line in lines] == [
        ("AC-02", "T1001", "contradicted"),
        ("AC-02", "T1002", "contradicted"),
        ("AC-03", "T1002", "demonstrated"),
        ("AC-10", "", "not_mappable"),
    ]
    numbers = dict(
        rows("SELECT t.attack_id, s.number::text FROM security_test s JOIN technique t ON t.id = technique_id")
    )
    assert [line["tests"] for line in lines[:3]] == [numbers["T1001"], numbers["T1002"], numbers["T1002"]]
    assert lines[0]["control_name"] == "'=cmd()"


def test_exports_of_nothing(asking: Callable[[Role], Asking]) -> None:
    assert asking(Role.VIEWER).client.get("/export/compliance/nothing.csv").status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RED_TECH, Role.BLUE_TECH])
def test_only_leads_add_a_framework(asking: Callable[[Role], Asking], role: Role) -> None:
    assert "Your role does not include this page" in asking(role).open("/compliance/import").text


def upload(me: Asking, content: bytes) -> str:
    data = {"file": (io.BytesIO(content), "ours.csv")}
    answer = me.client.post("/compliance/import/upload", data=data, headers=me._headers())
    assert answer.status_code == 201
    return str(answer.get_json()["touched"])


def test_a_table_is_looked_through_named_and_taken_in(asking: Callable[[Role], Asking]) -> None:
    me = asking(Role.BLUE_LEAD)
    content = b"control,name,technique\nA-1,First,T1001\nA-2,Second,T9\n"
    wrong = upload(me, content)
    shown = me.open("/compliance/import", f"?file={wrong}")
    assert "T9 is not the id of a technique" in shown.text
    file = upload(me, content.replace(b"T9\n", b"T9999\n"))
    shown = me.open("/compliance/import", f"?file={file}")
    assert shown.outputs["answer.children"] == "2 controls in ours.csv"
    assert "T9999" in shown.text
    run = {"framework-run.n_clicks": 1, "framework-file.data": file, "framework-version.value": ""}
    nameless = me.ask("framework-run.n_clicks", {**run, "framework-name.value": ""})
    assert "Give the framework a name" in nameless.toast
    done = me.ask("framework-run.n_clicks", {**run, "framework-name.value": "Ours"})
    assert "/compliance/own_ours" in done.text
    assert rows("SELECT slug FROM framework WHERE origin = 'own' AND slug LIKE 'own%'") == [("own_ours",)]
    assert "is no longer kept" in me.open("/compliance/import", f"?file={file}").text


def test_a_campaign_from_the_gaps(asking: Callable[[Role], Asking], home: UUID) -> None:
    execute(
        "INSERT INTO test_template (source, source_id, procedure_key, name, claimed_technique, technique_id,"
        " resolution, platforms, words, content_hash)"
        " VALUES ('own', 'a', 'a', 'Try it', 'T1001', :home, 'direct', '{Windows}', '', '')",
        home=home,
    )
    found = asking(Role.RED_LEAD).open("/plan", "?framework=nist_800_53&control=AC-2")
    assert found.outputs["answer.children"] == "Gaps of Name of nist_800_53 AC-2: 1 of 1 can be planned"
    assert "Try it" in found.text
