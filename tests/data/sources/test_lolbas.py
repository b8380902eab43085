import pytest

from data.sources import lolbas
from data.sources.base import Asked
from data.sources.template_records import TemplateSet
from domain.errors import BadInput
from tests.data.sources.templates import lolbas_command, lolbas_entry, read


def _parse(*commands: str, **more: str) -> TemplateSet:
    files = {"yml/OSBinaries/Tool.yml": lolbas_entry(*commands)}
    return lolbas.parse(read(files | {f"yml/OSBinaries/{name}.yml": text for name, text in more.items()}), Asked())


def _ids(*commands: str) -> list[str]:
    return [record.source_id for record in _parse(*commands).templates]


def test_a_command_is_a_template() -> None:
    (record,) = _parse(lolbas_command()).templates
    value = record.value
    assert (value.name, value.description, value.technique) == ("Tool.exe: Load a file", "It loads", "T1105")
    assert (value.platforms, record.named_platforms, value.elevation_required) == (("Windows",), ("windows",), False)
    assert record.tools == ("command_prompt", "tool.exe")
    assert (record.author, record.licence) == ("Ada", "GPL-3.0")
    assert value.executors[0].command == "tool.exe {REMOTEURL:.exe} {PATH}"
    assert [(one.name, one.placeholder, one.type, one.description) for one in value.arguments] == [
        ("REMOTEURL:.exe", "{REMOTEURL:.exe}", "url", "An address to load from (exe)"),
        ("PATH", "{PATH}", "path", "A path on the host"),
    ]
    assert value.facts == (
        ("Category", "Download"),
        ("Privileges", "User"),
        ("Runs on", "Windows 10, Windows 11"),
        ("Path", "C:\\Windows\\System32\\tool.exe"),
    )


def test_a_guid_in_braces_is_no_argument() -> None:
    command = "tool.exe {7940acf8-60ba-4213-a7c3-f3b400ee266d} {LSASS_PID}"
    assert [one.name for one in _parse(lolbas_command(command)).templates[0].value.arguments] == ["LSASS_PID"]


def test_ids_outlive_reordering_and_better_descriptions() -> None:
    one, other = lolbas_command(), lolbas_command("tool.exe /x")
    assert _ids(one, other) == list(reversed(_ids(other, one)))
    assert _ids(one) == _ids(lolbas_command(description="It loads a file", technique="T1218", privileges="Admin"))
    assert len(set(_ids(one, other))) == 2
    assert _ids(one) != _ids(lolbas_command(category="Execute"))


def test_a_command_given_twice_is_told_apart_by_its_description() -> None:
    one, other = lolbas_command(), lolbas_command(description="It runs")
    assert len(set(_ids(one, other))) == 2
    assert _ids(one, other) == list(reversed(_ids(other, one)))


@pytest.mark.parametrize(
    ("privileges", "elevated"),
    [
        ("User", False),
        ("User, Administrator in Windows 8", False),
        ("Any", False),
        ("Low privileges", False),
        ("Administrator", True),
        ("SYSTEM", True),
        ("DNS admin", True),
        ("''", False),
    ],
)
def test_who_may_run_it(privileges: str, elevated: bool) -> None:
    assert _parse(lolbas_command(privileges=privileges)).templates[0].value.elevation_required is elevated


def test_what_cannot_be_used_says_why_and_the_rest_goes_on() -> None:
    found = _parse(
        lolbas_command(),
        lolbas_command("''"),
        lolbas_command("x", technique="''"),
        broken="Name: [",
        nameless=lolbas_entry(lolbas_command()).replace("Name: Tool.exe", "Title: x"),
        other="kind: Pod",
    )
    assert len(found.templates) == 1
    reasons = {one.item.removeprefix("yml/OSBinaries/"): one.reason for one in found.rejected}
    assert reasons.pop("broken.yml").startswith("is not valid YAML")
    assert reasons == {
        "Tool.yml, command 2": "has no Command",
        "Tool.yml, command 3": "has no MitreID",
        "nameless.yml": "has no Name",
        "other.yml": "is not a LOLBAS entry",
    }


def test_nothing_to_use_is_said() -> None:
    with pytest.raises(BadInput, match="input holds no LOLBAS command"):
        lolbas.parse(read({"a.yml": "kind: Pod"}), Asked())
