import pytest

from data.sources import caldera
from data.sources.base import Asked
from data.sources.template_records import TemplateSet
from domain.errors import BadInput
from tests.data.sources.templates import GUID, NEWER_ABILITY, ability, adversary, read


def _parse(**files: str) -> TemplateSet:
    folders = {"a": "data/abilities/collection", "p": "data/adversaries/packs", "o": "data/objectives"}
    return caldera.parse(read({f"{folders[name[0]]}/{name}.yml": text for name, text in files.items()}), Asked())


def test_every_block_is_an_executor_and_the_platforms_are_those_of_all() -> None:
    (record,) = _parse(a=ability(1)).templates
    value = record.value
    assert (record.source_id, value.technique, value.elevation_required) == (GUID(1), "T1005", True)
    assert record.named_platforms == ("linux", "darwin", "windows")
    assert value.platforms == ("Linux", "macOS", "Windows")
    assert [(one.tool, one.platforms) for one in value.executors] == [
        ("sh", ("Linux", "macOS")),
        ("powershell", ("Windows",)),
        ("command_prompt", ("Windows",)),
    ]
    assert record.tools == ("sh", "powershell", "command_prompt")
    assert value.executors[0].payloads == ("one.sh",)
    assert value.facts == (
        ("Tactic", "collection"),
        ("Requires", "plugins.stockpile.app.requirements.paw_provenance"),
    )


def test_facts_in_commands_become_arguments() -> None:
    (record,) = _parse(a=ability(1)).templates
    assert [(one.name, one.placeholder, one.type) for one in record.value.arguments] == [
        ("host.file.path", "#{host.file.path}", "fact"),
        ("host.dir.staged[filters(max=1)]", "#{host.dir.staged[filters(max=1)]}", "fact"),
        ("host.dir.staged", "#{host.dir.staged}", "fact"),
        ("domain.user.password", "#{domain.user.password}", "secret"),
    ]


def test_the_newer_shape() -> None:
    (record,) = _parse(a=NEWER_ABILITY.format(guid=GUID(2))).templates
    (executor,) = record.value.executors
    assert (record.value.technique, executor.tool, executor.platforms) == ("T1082", "sh", ("Linux",))
    assert (executor.command, executor.cleanup) == ("uname -a", "echo one\necho two")
    assert (record.value.elevation_required, executor.code) == (False, "")


def test_adversaries_keep_their_order_even_of_what_is_not_here() -> None:
    newer = adversary(9, 3, 1, 3).replace("id: 0", "adversary_id: 0", 1)
    found = _parse(a=ability(1), p=newer)
    (profile,) = found.adversaries
    assert (profile.source_id, profile.name, profile.steps) == (GUID(9), "A profile", (GUID(3), GUID(1), GUID(3)))


def test_other_data_of_a_plugin_is_not_for_us() -> None:
    found = _parse(a=ability(1), o="id: x\nname: an objective\n")
    assert (len(found.templates), found.rejected) == (1, ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- {id: x, name: y}", "is neither an ability nor an adversary"),
        ("- {name: y, platforms: {linux: {sh: {command: x}}}}", "has no id"),
        ("- {id: x, platforms: {linux: {sh: {command: x}}}}", "has no name"),
        ("- {id: x, name: y, platforms: {linux: {sh: {command: x}}}}", "names no technique"),
        ("- {id: x, name: y, technique_id: T1005, platforms: {}}", "names no platform"),
        ("- {id: x, name: y, technique_id: T1005, platforms: {linux: {sh: {}}}}", "has no command"),
        ("- {id: x, name: y, technique_id: T1005, executors: [{platform: linux}]}", "has an executor without a name"),
        ("{atomic_ordering: [], name: y}", "has no id"),
        ("{atomic_ordering: [], id: y}", "has no name"),
    ],
)
def test_what_cannot_be_used_says_why_and_the_rest_goes_on(text: str, reason: str) -> None:
    found = _parse(a=ability(1), a2=text)
    assert len(found.templates) == 1
    assert [one.reason for one in found.rejected] == [reason]


def test_one_that_only_cleans_up_is_kept() -> None:
    found = _parse(a="- {id: x, name: y, technique_id: T1005, platforms: {linux: {sh: {cleanup: rm}}}}")
    assert found.templates[0].value.executors[0].cleanup == "rm"


def test_adversaries_alone_are_not_a_source() -> None:
    with pytest.raises(BadInput, match="input holds no CALDERA ability"):
        _parse(p=adversary(1, 2))
