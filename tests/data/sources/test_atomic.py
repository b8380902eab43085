import pytest

from data.sources import atomic
from data.sources.base import Asked
from data.sources.template_records import TemplateSet
from domain.errors import BadInput
from domain.templates import Argument, Dependency, Executor, Template
from tests.data.sources.templates import GUID, atomic_file, atomic_test, read

PATH = "atomics/T1059.001/T1059.001.yaml"


def _parse(files: dict[str, str], **more: str | None) -> TemplateSet:
    return atomic.parse(read(files, **more), Asked())  # type: ignore[arg-type]


def _reason(test: str) -> str:
    found = _parse({PATH: atomic_file("T1059.001", atomic_test(1), test)})
    assert [one.source_id for one in found.templates] == [GUID(1)]
    (rejected,) = found.rejected
    assert rejected.item == f"{PATH}, test 2"
    return rejected.reason


def test_everything_of_an_atomic_arrives() -> None:
    (record,) = _parse({PATH: atomic_file("t1059.001", atomic_test(7))}).templates
    assert record.source_id == GUID(7)
    assert record.named_platforms == ("windows", "iaas:aws", "iaas:gcp")
    assert (record.tools, record.licence, record.path) == (("command_prompt",), "MIT", PATH)
    assert record.value == Template(
        name="Run a thing",
        description="Runs a thing.\nTwice.",
        technique="T1059.001",
        platforms=("Windows", "IaaS"),
        executors=(
            Executor(
                tool="command_prompt",
                platforms=("Windows", "IaaS"),
                command="tool.exe #{output_file}",
                cleanup="del #{output_file}",
            ),
        ),
        arguments=(
            Argument(
                name="output_file",
                placeholder="#{output_file}",
                description="Where it goes",
                type="path",
                default="C:\\out.txt",
            ),
            Argument(name="count", placeholder="#{count}", description="How often", type="integer", default="3"),
            Argument(name="nothing", placeholder="#{nothing}", description="Empty", default=None),
        ),
        dependencies=(
            Dependency(
                description="The tool must be there",
                check="if (Test-Path tool) {exit 0} else {exit 1}",
                get="New-Item tool",
            ),
        ),
        dependency_tool="powershell",
        elevation_required=True,
    )


def test_steps_for_hands_and_what_is_left_out() -> None:
    test = (
        f"- name: By hand\n  auto_generated_guid: {GUID(1)}\n  supported_platforms: [linux]\n"
        "  executor:\n    name: manual\n    steps: |\n      1. Click\n"
    )
    value = _parse({PATH: atomic_file("T1059.001", test)}).templates[0].value
    assert (value.executors[0].steps, value.executors[0].command) == ("1. Click", "")
    assert (value.elevation_required, value.arguments, value.dependencies) == (False, (), ())


def test_in_a_tree_like_upstreams_other_yaml_is_no_atomic() -> None:
    found = _parse({PATH: atomic_file("T1059.001", atomic_test(1)), "atomics/T1611/src/pod.yaml": "kind: Pod"})
    assert (len(found.templates), found.rejected) == (1, ())


def test_a_directory_of_ones_own_may_be_named_anyhow() -> None:
    found = _parse({"ours.yaml": atomic_file("T1059.001", atomic_test(1)), "no.yaml": "kind: Pod"})
    assert [one.source_id for one in found.templates] == [GUID(1)]
    assert [(one.item, one.reason) for one in found.rejected] == [("no.yaml", "is not a file of atomic tests")]


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ("- just text\n", "is not an atomic test"),
        (atomic_test(2).replace(f"auto_generated_guid: {GUID(2)}", "x: y"), "has no auto_generated_guid"),
        (atomic_test(2).replace("name: Run a thing", "title: x"), "has no name"),
        (atomic_test(2).replace("name: command_prompt", "x: y"), "has an executor without a name"),
        (f"- name: x\n  auto_generated_guid: {GUID(2)}\n  executor: {{name: sh, command: x}}\n", "names no platform"),
        (
            f"- name: x\n  auto_generated_guid: {GUID(2)}\n  supported_platforms: [linux]\n  executor: {{name: sh}}\n",
            "has an executor with neither a command nor steps",
        ),
        (atomic_test(2).replace("Where it goes", '"a \\0 b"'), "holds a NUL character"),
    ],
)
def test_one_that_cannot_be_used_says_why_and_the_rest_goes_on(test: str, reason: str) -> None:
    assert _reason(test) == reason


def test_an_id_given_twice_is_kept_once() -> None:
    other = "atomics/T1003/T1003.yaml"
    found = _parse({PATH: atomic_file("T1059.001", atomic_test(1)), other: atomic_file("T1003", atomic_test(1))})
    assert [one.path for one in found.templates] == [PATH]
    assert found.rejected[0].reason == f"has the same id as one in {PATH}, which is kept"


def test_nothing_to_use_is_said() -> None:
    with pytest.raises(BadInput, match=r"holds no atomic test: 1 file was read; the first, a.yaml, is not a"):
        _parse({"a.yaml": "kind: Pod"})


@pytest.mark.parametrize(
    ("root", "comment", "version"),
    [
        ("atomic-red-team-master", "9f85cf3e54b0cbdd6c702375c555273913eff442", "master (9f85cf3e54b0)"),
        (
            "atomic-red-team-61080b19460f2c6431c31689d58063c5f6c1f8fb",
            "61080b19460f2c6431c31689d58063c5f6c1f8fb",
            "61080b19460f",
        ),
        ("atomic-red-team-master", None, "master"),
        (None, None, None),
    ],
)
def test_the_version_is_the_archives(root: str | None, comment: str | None, version: str | None) -> None:
    files = {PATH: atomic_file("T1059.001", atomic_test(1))}
    assert _parse(files, root=root, comment=comment).version == version


def test_the_hash_covers_what_people_see() -> None:
    def hash_of(test: str) -> bytes:
        return _parse({PATH: atomic_file("T1059.001", test)}).templates[0].content_hash

    assert hash_of(atomic_test(1)) == hash_of(atomic_test(1) + "\n")
    assert hash_of(atomic_test(1)) != hash_of(atomic_test(1).replace("tool.exe", "tools.exe"))
    assert hash_of(atomic_test(1)) != hash_of(atomic_test(1).replace("iaas:gcp", "iaas:azure"))
