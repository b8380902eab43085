"""The templates pages: finding among them, and writing, changing and retiring our own, by those who may."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from domain.roles import Permission, Role, may
from jobs import syncs
from tests.callbacks.asking import Answer, Asking, links, said
from tests.conftest import Person
from tests.data import world
from tests.data.sources.templates import GUID, atomic_file, atomic_test
from tests.jobs.syncing import at, execute, rows

AskingOf = Callable[[Role], Asking]
FORM: dict[str, Any] = {
    "template-name.value": "Read the hosts file",
    "template-description.value": "Reads it.",
    "template-technique.value": " t1059 ",
    "template-platforms.value": ["Linux", "macOS"],
    "template-tool.value": "sh",
    "template-command.value": "cat #{file}",
    "template-cleanup.value": "",
    "template-elevated.value": ["yes"],
    "template-arguments.value": "file | path | What to read | /etc/hosts",
    "template-dependency_tool.value": "bash",
    "template-note.value": "first",
}
DEPENDENCY = {
    "template-dependency-description.value": [({"type": "template-dependency-description", "row": 0}, "cat is there")],
    "template-dependency-check.value": [({"type": "template-dependency-check", "row": 0}, "which cat")],
    "template-dependency-get.value": [({"type": "template-dependency-get", "row": 0}, "")],
}


@pytest.fixture
def asking_of(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person], tmp_path: Path) -> AskingOf:
    world.release()
    world.tactics("execution")
    world.technique("T1059", under=["execution"])
    (tmp_path / "a.yml").write_text(atomic_file("T1059", *(atomic_test(n, name=f"Atomic {n}") for n in range(1, 4))))
    syncs.sync_in_place("atomic", input=at(tmp_path))
    return lambda role: Asking(client_of(add_person(f"ana-{role}", role)))


@pytest.fixture
def red(asking_of: AskingOf) -> Asking:
    return asking_of(Role.RED_TECH)


def ident(source_id: str) -> str:
    return str(rows("SELECT id FROM test_template WHERE source_id = :id", id=source_id)[0][0])


def save(asking: Asking, seen: dict[str, Any] | None = None, **changed: Any) -> Answer:
    values = {**FORM, **DEPENDENCY, "template-save.n_clicks": 1, "template-seen.data": seen or {"id": "", "version": 0}}
    values |= {f"template-{name}.value": value for name, value in changed.items()}
    return asking.ask("template-save.n_clicks", values)


def saved() -> Sequence[tuple[Any, ...]]:
    return rows("SELECT id::text, version, name FROM test_template WHERE source = 'own' ORDER BY id")


def told(answer: Answer) -> str:
    """The toast without its button."""
    return answer.toast.removesuffix(" Close")


def retire(asking: Asking, key: str, reason: str) -> Answer:
    values = {"template-retire.n_clicks": 1, "template-shown.data": {"id": key}, "template-reason.value": reason}
    return asking.ask("template-retire.n_clicks", values)


class TestList:
    def test_it_opens_with_what_the_address_asks_for(self, red: Asking) -> None:
        shown = red.open("/templates", "?q=atomic+2&source=atomic")
        assert "Atomic 2" in said(shown.outputs["page.children"])
        assert "Atomic 1" not in said(shown.outputs["page.children"])
        assert shown.outputs["answer.children"] == "1 of 3 templates"

    def test_a_filter_is_one_round_trip(self, red: Asking) -> None:
        answer = red.ask("templates-filters.value", {"templates-filters.value": {"q": "nothing like it"}})
        assert "No template matches" in said(answer.outputs["templates-list.children"])
        assert answer.beside["answer.children"] == "0 of 3 templates"

    @pytest.mark.parametrize("value", [None, [], {"q": 7, "page": "0", "platform": "x" * 5000, "use": "?"}])
    def test_what_no_browser_sends_finds_everything_or_nothing(self, red: Asking, value: Any) -> None:
        assert red.ask("templates-filters.value", {"templates-filters.value": value}).status == 200

    def test_an_instance_without_templates_says_how_to_get_them(self, red: Asking) -> None:
        execute("DELETE FROM test_template")
        shown = said(red.open("/templates").outputs["page.children"])
        assert "No test templates are loaded" in shown


class TestTemplate:
    def test_everything_of_it_is_there(self, red: Asking) -> None:
        shown = red.open(f"/template/{ident(GUID(1))}")
        text = said(shown.outputs["page.children"])
        for part in ("tool.exe #{output_file}", "del #{output_file}", "The tool must be there", "New-Item tool"):
            assert part in text
        for part in ("Elevated", "Windows", "Where it goes", "MIT", GUID(1), "Atomic Red Team"):
            assert part in text
        assert shown.outputs["title.children"] == "Atomic 1"
        assert links(shown.outputs["page.children"])["Copy as our own"] == f"/template/new?from={ident(GUID(1))}"

    def test_an_older_version_by_its_address(self, red: Asking, tmp_path: Path) -> None:
        (tmp_path / "a.yml").write_text(atomic_file("T1059", atomic_test(1).replace("tool.exe", "other.exe")))
        syncs.sync_in_place("atomic", input=at(tmp_path))
        key = ident(GUID(1))
        assert "other.exe" in said(red.open(f"/template/{key}").outputs["page.children"])
        here = {"url.search": "?version=1", "url.pathname": f"/template/{key}", "template-key.data": str(key)}
        older = said(red.ask("url.search", here, of="template-body").outputs["template-body.children"])
        assert "tool.exe" in older
        assert "This is version 1; the newest is 2." in older
        away = here | {"url.search": f"?from={key}", "url.pathname": "/template/new"}
        assert red.ask("url.search", away, of="template-body").outputs == {}  # that page opens by itself, once

    def test_one_that_is_not_there(self, red: Asking) -> None:
        assert "There is no such template" in said(red.open(f"/template/{uuid4()}").outputs["page.children"])
        shown = red.open(f"/template/{ident(GUID(1))}", "?version=9").outputs["page.children"]
        assert "There is no such template" in said(shown)


class TestWriting:
    def test_a_template_is_saved_and_opened(self, red: Asking) -> None:
        done = save(red)
        ((key, version, name),) = saved()
        assert (version, name) == (1, "Read the hosts file")
        assert done.beside["url.pathname"] == f"/template/{key}"
        ((content, note, by),) = rows(
            "SELECT content, note, made_by_name FROM template_version WHERE template_id = :k", k=key
        )
        assert (note, by) == ("first", "ana-red_tech")
        assert content["technique"] == "T1059"
        assert content["platforms"] == ["Linux", "macOS"]
        assert content["elevation_required"] is True
        assert content["executors"][0]["command"] == "cat #{file}"
        assert content["arguments"] == [
            {
                "name": "file",
                "placeholder": "#{file}",
                "type": "path",
                "description": "What to read",
                "default": "/etc/hosts",
            }
        ]
        assert content["dependency_tool"] == "bash"
        assert content["dependencies"] == [{"description": "cat is there", "check": "which cat", "get": ""}]
        assert rows("SELECT action, entity_id FROM audit_log WHERE action LIKE 'template%'") == [
            ("template.created", key)
        ]

    def test_a_change_is_a_version_and_an_old_form_is_refused(self, red: Asking) -> None:
        save(red)
        ((key, _, _),) = saved()
        done = save(red, {"id": key, "version": 1}, name="Read hosts")
        assert told(done) == "Saved as version 2."
        assert done.beside["title.children"] == "Read hosts"
        late = save(red, {"id": key, "version": 1}, name="Too late")
        assert "Somebody changed this template meanwhile" in late.toast
        assert saved() == [(key, 2, "Read hosts")]

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("name", "", "A name is needed."),
            ("technique", "T1", "A technique is an id such as T1059.001."),
            ("technique", "T9999", "T9999 is not on the loaded map."),
            ("platforms", [], "Choose at least one platform."),
            ("platforms", ["BeOS"], "BeOS is not a platform of ATT&CK."),
            ("tool", "cmd", "cmd is not a way to run a command."),
            ("command", "cat #{other}", "The command uses #{other}, which is not among the arguments."),
            ("arguments", "file\nfile", "The argument file is there twice."),
            ("note", "x" * 501, "A note has at most 500 characters."),
        ],
    )
    def test_what_cannot_be_saved_says_why(self, red: Asking, field: str, value: Any, sentence: str) -> None:
        assert told(save(red, **{field: value})) == sentence
        assert saved() == []

    def test_those_of_a_source_are_not_changed_but_copied(self, red: Asking) -> None:
        key = ident(GUID(1))
        assert "belongs to its source" in save(red, {"id": key, "version": 1}).toast
        form = red.open("/template/new", f"?from={key}")
        assert form.outputs["title.children"] == "New template"

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.BLUE_TECH])
    def test_others_write_and_retire_nothing(self, asking_of: AskingOf, role: Role) -> None:
        assert not may(role, Permission.MANAGE_TEMPLATES)
        asking = asking_of(role)
        assert "This needs the role" in save(asking).toast
        assert "This needs the role" in retire(asking, ident(GUID(1)), "why").toast
        assert "does not include this page" in said(asking.open("/template/new").outputs["page.children"])
        assert saved() == []
        assert "Copy as our own" not in said(asking.open(f"/template/{ident(GUID(1))}").outputs["page.children"])


class TestRetiring:
    def test_it_is_taken_out_of_use_with_a_reason_and_put_back(self, red: Asking) -> None:
        key = ident(GUID(1))
        assert told(retire(red, key, " ")) == "Say why it is taken out of use."
        done = retire(red, key, "Breaks the printer")
        assert "Breaks the printer" in said(done.outputs["template-body.children"])
        assert "Atomic 1" not in said(red.open("/templates").outputs["page.children"])
        assert "Atomic 1" in said(red.open("/templates", "?state=retired").outputs["page.children"])
        back = {"template-reinstate.n_clicks": 1, "template-shown.data": {"id": key}}
        assert told(red.ask("template-reinstate.n_clicks", back)) == "The template is back in use."
        assert rows("SELECT action FROM audit_log WHERE action LIKE 'template%' ORDER BY seq") == [
            ("template.retired",),
            ("template.reinstated",),
        ]
