"""Finding templates: every filter against rows counted by hand, and one template as a whole."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from data.database import unit_of_work
from data.queries import planning, reader, templates
from data.queries.templates import Asked
from data.repositories import templates as repository
from domain.errors import NotFound
from jobs import syncs
from tests.data import world
from tests.data.sources.templates import (
    GUID,
    ability,
    adversary,
    atomic_file,
    atomic_test,
    lolbas_command,
    lolbas_entry,
)
from tests.jobs.syncing import at, execute, rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")


def _ident(number: int, source: str = "atomic") -> UUID:
    held = rows("SELECT id FROM test_template WHERE source = :s AND source_id = :i", s=source, i=GUID(number))
    return UUID(str(held[0][0]))


def _names(**asked: object) -> list[str]:
    return [row["name"] for row in templates.search(Asked(**asked)).rows]  # type: ignore[arg-type]


@pytest.fixture
def loaded(database: object, redis_server: None, tmp_path: Path) -> dict[str, UUID]:
    """Atomics 1 (T1059) and 2 (T1059.001), an ability (T1005) with a profile, a LOLBAS command that is not placed."""
    world.release()
    world.tactics("execution")
    known = {
        ident: world.technique(ident, under=["execution"], platforms=("Windows", "Linux", "macOS"))
        for ident in ("T1059", "T1059.001", "T1005")
    }
    for source, files in {
        "atomic": {
            "a": atomic_file("T1059", atomic_test(1, name="First")),
            "b": atomic_file("T1059.001", atomic_test(2, name="Second")).replace("command_prompt", "powershell"),
        },
        "caldera": {"c": ability(3, name="Third"), "p": adversary(9, 3)},
        "lolbas": {"d": lolbas_entry(lolbas_command())},
    }.items():
        folder = tmp_path / source
        folder.mkdir()
        for name, content in files.items():
            (folder / f"{name}.yml").write_text(content)
        syncs.sync_in_place(source, input=at(folder))
    return known


LAST = "Tool.exe: Load a file"


@pytest.mark.usefixtures("loaded")
class TestSearch:
    @pytest.mark.parametrize(
        ("asked", "wanted"),
        [
            ({}, ["Third", "First", "Second", LAST]),
            ({"text": "third"}, ["Third"]),
            ({"text": "cop staged"}, ["Third"]),
            ({"text": "cop nowhere"}, []),
            ({"text": "copy-item"}, ["Third"]),
            ({"text": "tool.ex"}, ["First", "Second", LAST]),
            ({"text": "it's & | ! (odd):*"}, []),
            ({"text": "!!!"}, ["Third", "First", "Second", LAST]),
            ({"technique": "T1059"}, ["First", "Second"]),
            ({"technique": "T1059.001"}, ["Second"]),
            ({"technique": "T1105"}, [LAST]),
            ({"platforms": ("macOS",)}, ["Third"]),
            ({"platforms": ("macOS", "IaaS")}, ["Third", "First", "Second"]),
            ({"sources": ("caldera", "lolbas")}, ["Third", LAST]),
            ({"tools": ("powershell",)}, ["Third", "Second"]),
            ({"tools": ("tool.exe",)}, [LAST]),
            ({"tools": ("powershell",), "sources": ("atomic",)}, ["Second"]),
            ({"state": "retired"}, []),
            ({"page": 2}, []),
        ],
    )
    def test_each_filter(self, asked: dict[str, object], wanted: list[str]) -> None:
        assert _names(**asked) == wanted

    def test_what_a_row_says(self) -> None:
        found = templates.search(Asked(text="third"))
        assert (found.total, found.whole) == (1, 4)
        (row,) = found.rows
        assert (row["attack_id"], row["claimed_technique"], row["tests"]) == ("T1005", "T1005", 0)
        assert row["platforms"] == ["Linux", "macOS", "Windows"]
        assert row["tools"] == ["sh", "powershell", "command_prompt"]

    def test_used_and_orphans(self, loaded: dict[str, UUID]) -> None:
        world.security_test(loaded["T1059"], template_id=_ident(1), template_version=1)
        world.security_test(loaded["T1059"])
        assert _names(use="used") == ["First"]
        assert _names(use="orphan") == ["Third", "Second", LAST]
        assert templates.search(Asked(use="used")).rows[0]["tests"] == 1

    def test_retired_and_removed_ones_are_asked_for(self) -> None:
        execute("UPDATE test_template SET retired_at = now() WHERE name = 'First'")
        execute("UPDATE test_template SET removed_at = now() WHERE name = 'Second'")
        assert _names() == ["Third", LAST]
        assert _names(state="retired") == ["First"]
        assert _names(state="removed") == ["Second"]
        assert len(_names(state="all")) == 4

    def test_a_list_is_one_statement(self, count_statements) -> None:  # type: ignore[no-untyped-def]
        with count_statements() as statements:
            templates.search(Asked())
        assert len(statements) == 1

    def test_all_that_match_whatever_the_page(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert templates.ids(Asked(sources=("atomic",), page=7)) == sorted([_ident(1), _ident(2)])


class TestGaps:
    @pytest.fixture
    def actor(self, loaded: dict[str, UUID]) -> None:
        uses = {loaded[ident]: "group_uses" for ident in ("T1059", "T1005")}
        world.attack_object("group", "G0001", "The Group", uses=uses)

    @pytest.mark.usefixtures("actor")
    def test_untested_is_a_gap_and_other_techniques_are_none(self) -> None:
        assert _names(actor="G0001") == ["Third", "First"]
        assert _names(actor="G0001", platforms=("macOS",)) == ["Third"]
        assert _names(actor="G0999") == []

    @pytest.mark.usefixtures("actor")
    def test_what_held_everywhere_is_no_gap(self, loaded: dict[str, UUID]) -> None:
        world.security_test(loaded["T1059"], "none/alerted", platform="Windows")
        world.security_test(loaded["T1005"], "partial/logged", platform="Windows")
        assert _names(actor="G0001") == ["Third"]

    @pytest.mark.usefixtures("actor")
    def test_on_one_platform_only_its_tests_count(self, loaded: dict[str, UUID]) -> None:
        world.security_test(loaded["T1005"], "none/alerted", platform="Windows")
        world.security_test(loaded["T1005"], "none/missed", platform="Linux")
        assert _names(actor="G0001", platforms=("Windows",)) == ["First"]
        assert _names(actor="G0001", platforms=("Linux",)) == ["Third"]
        assert _names(actor="G0001") == ["Third", "First"]

    @pytest.mark.usefixtures("actor")
    def test_what_was_shown_too_long_ago_is_a_gap_again_here_and_in_a_plan(self, loaded: dict[str, UUID]) -> None:
        world.security_test(loaded["T1059"], "none/alerted", platform="Windows", days=400)
        world.security_test(loaded["T1005"], "none/alerted", platform="Windows", days=10)
        assert _names(actor="G0001") == ["First"]
        assert [one["attack_id"] for one in planning.for_actor("G0001")[1]] == ["T1059"]
        assert _names(actor="G0001", platforms=("Windows",)) == ["First"]

    @pytest.mark.usefixtures("actor")
    @pytest.mark.parametrize("platform", ["", "Windows", "Linux"])
    def test_a_plan_and_the_filter_mean_the_same_by_it(self, loaded: dict[str, UUID], platform: str) -> None:
        world.security_test(loaded["T1059"], "partial/logged", platform="Linux")
        world.security_test(loaded["T1005"], "full/missed", platform="Windows", days=400)
        planned = {one["attack_id"] for one in planning.for_actor("G0001", platform)[1] if one["options"]}
        found = templates.search(Asked(actor="G0001", platforms=(platform,) if platform else ())).rows
        assert planned == {row["attack_id"] for row in found}

    @pytest.mark.usefixtures("actor")
    def test_out_of_scope_is_no_gap(self) -> None:
        world.out_of_scope("technique", "T1005")
        assert _names(actor="G0001") == ["First"]


@pytest.mark.usefixtures("loaded")
class TestOne:
    def test_everything_in_one_statement(self, count_statements) -> None:  # type: ignore[no-untyped-def]
        key = _ident(3, "caldera")
        with count_statements() as statements:
            found = templates.template(key)
        assert len(statements) == 1
        assert (found["name"], found["attack_id"], found["adversaries"]) == ("Third", "T1005", ["A profile"])
        assert [one["version"] for one in found["versions"]] == [1]
        assert found["content"]["executors"][0]["tool"] == "sh"

    def test_tests_made_from_it(self, loaded: dict[str, UUID]) -> None:
        world.security_test(loaded["T1059"], template_id=_ident(1), template_version=1, title="Made")
        found = templates.template(_ident(1))
        assert found["tests_total"] == 1
        assert (found["tests"][0]["title"], found["tests"][0]["template_version"]) == ("Made", 1)

    def test_what_is_not_there(self) -> None:
        with pytest.raises(NotFound):
            templates.template(uuid4())
        with pytest.raises(NotFound):
            templates.template(_ident(1), 2)

    def test_what_a_test_takes(self, count_statements) -> None:  # type: ignore[no-untyped-def]
        wanted = [_ident(2), _ident(1)]
        with unit_of_work() as session, count_statements() as statements:
            taken = repository.for_tests(session, wanted)
        assert len(statements) == 1
        assert [one.id for one in taken] == wanted
        assert taken[1].procedure_key == f"atomic:{GUID(1)}"
        assert (taken[1].version, taken[1].claimed_technique, taken[1].value.name) == (1, "T1059", "First")
        with unit_of_work() as session, pytest.raises(NotFound, match="2 of these templates"):
            repository.for_tests(session, [uuid4(), uuid4()])

    def test_choices(self) -> None:
        found = templates.choices()
        assert found["sources"] == [["atomic", 2], ["caldera", 1], ["lolbas", 1]]
        assert dict(map(tuple, found["platforms"]))["Windows"] == 4
        assert found["actors"] == []


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, Asked()),
        (
            {"q": " x ", "page": "3", "use": "orphan", "state": "all"},
            Asked(text="x", page=3, use="orphan", state="all"),
        ),
        ({"page": "0"}, Asked()),
        ({"page": "-1", "use": "x", "state": "y"}, Asked()),
        ({"page": "99999999999"}, Asked()),
        ({"technique": " t1059 "}, Asked(technique="T1059")),
        ({"technique": "%"}, Asked()),
        ({"platform": "Windows,,Linux", "actor": "g0016"}, Asked(platforms=("Windows", "Linux"), actor="G0016")),
    ],
)
def test_an_address_is_read_within_limits(query: dict[str, str], wanted: Asked) -> None:
    assert Asked.of(query) == wanted


def test_a_separator_in_a_value_asks_for_nothing_else() -> None:
    assert templates.search(Asked(sources=(f"a{reader.joined(['', ''])}b",))).total == 0
