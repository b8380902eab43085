"""Bringing in tests of other tools: all of a file or nothing of it, and reading it again changes nothing."""

import io
import json
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from rq import Queue

from data import objects
from data import redis as redis_connection
from data.database import Actor
from data.sources.test_imports import csv_table
from domain.errors import BadInput, NotFound, PermissionDenied, RuleViolated
from domain.outcomes import Detection, Prevention, TestState
from domain.roles import Role
from domain.testing import actions
from domain.testing.person import Team
from jobs import test_imports
from jobs.test_imports import LEFT_OUT, Done, Said
from tests.conftest import Statements
from tests.data import world
from tests.jobs.acting import do, person, tool
from tests.jobs.syncing import execute, rows

pytestmark = pytest.mark.usefixtures("database")

CSV = """\
id,title,technique,platform,executed_at,outcome,tools,detected_at,red_notes
1,Encoded command,t1059,windows,2026-01-15 09:30,alerted,"EDR, SIEM",2026-01-15 09:42,As a user
2,Task,T1053,Windows,2026-01-16T10:00+01:00,missed,,,
3,Planned only,T1059,Linux,,,,,
"""
PLAIN = Said()
HALF_PAST = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _place(database: object, tmp_path: Path) -> None:
    objects.configure((tmp_path / "objects").as_uri())
    world.release()
    world.technique("T1059", platforms=["Windows", "Linux"])
    world.technique("T1053", platforms=["Windows"])


@pytest.fixture
def lead(database: object) -> Actor:
    return person("lena", Role.RED_LEAD)


def bring(lead: Actor, content: str | bytes, said: Said = PLAIN, *, leave_out: bool = False) -> Done:
    data = content.encode() if isinstance(content, str) else content
    return test_imports.run_content(lead, Role.RED_LEAD, data, "tests.csv", said, leave_out=leave_out)


def look(content: str, said: Said = PLAIN) -> test_imports.Preview:
    return test_imports.look_at_content(Role.RED_LEAD, content.encode(), "tests.csv", said)


def stored() -> list[tuple[object, ...]]:
    return rows("SELECT title, state, outcome FROM security_test ORDER BY number")


class TestBringingIn:
    def test_finished_ones_are_validated_and_the_rest_drafts(self, lead: Actor) -> None:
        assert bring(lead, CSV) == Done(validated=2, with_blue=0, drafts=1, there=0, left_out=0)
        assert stored() == [
            ("Encoded command", "validated", "alerted"),
            ("Task", "validated", "missed"),
            ("Planned only", "draft", None),
        ]
        assert rows("""
            SELECT claimed_technique, platform, import_key, executed_at, detected_at, watched_until, validated_at,
                   blue_submitted_at, created_by IS NOT NULL FROM security_test ORDER BY number LIMIT 1""") == [
            ("T1059", "Windows", "csv:1", HALF_PAST, *[HALF_PAST + timedelta(minutes=12)] * 4, True)
        ]

    def test_with_rounds_observations_and_who_brought_them(self, lead: Actor) -> None:
        bring(lead, CSV)
        assert rows("""
            SELECT test.title, round.number, round.result, round.red_notes, round.closed_at IS NOT NULL
            FROM test_round AS round JOIN security_test AS test ON test.id = round.test_id ORDER BY test.number""") == [
            ("Encoded command", 1, "validated", "As a user", True),
            ("Task", 1, "validated", None, True),
            ("Planned only", 1, None, None, False),
        ]
        assert rows("""
            SELECT test.title, tool.name, tool.kind, seen.detection, seen.source, seen.note IS NOT NULL
            FROM observation AS seen JOIN security_test AS test ON test.id = seen.test_id
            JOIN defence_tool AS tool ON tool.id = seen.tool_id ORDER BY test.number, tool.name""") == [
            ("Encoded command", "EDR", "other", "alerted", "import", True),
            ("Encoded command", "SIEM", "other", "alerted", "import", True),
            ("Task", "Not named", "other", "missed", "import", False),
        ]
        assert rows("SELECT DISTINCT actor_name, action, side FROM test_timeline") == [("lena", "imported", "lead")]
        assert rows("""SELECT note FROM test_timeline AS told JOIN security_test AS test ON test.id = told.test_id
            WHERE test.title = 'Task'""") == [("From tests.csv, row 3.",)]

    def test_the_rollups_follow(self, lead: Actor) -> None:
        bring(lead, CSV)
        assert rows("SELECT sum(validated), sum(draft), sum(missed) FROM rollup_technique_month") == [(2, 1, 1)]
        assert rows("SELECT count(*) FROM rollup_procedure_latest") == [(2,)]

    def test_one_record_in_the_audit_log(self, lead: Actor) -> None:
        bring(lead, CSV)
        ((actor, after),) = rows("SELECT actor_name, after FROM audit_log WHERE action = 'tests.imported'")
        assert (actor, after["validated"], after["drafts"], after["file"]) == ("lena", 2, 1, "tests.csv")

    def test_reading_it_again_changes_nothing(self, lead: Actor) -> None:
        bring(lead, CSV)
        before = rows("SELECT * FROM security_test ORDER BY id")
        assert bring(lead, CSV) == Done(validated=0, with_blue=0, drafts=0, there=3, left_out=0)
        assert bring(lead, CSV.replace("3,Planned", "4,Another").replace("As a user", "As root")).added == 1
        assert rows("SELECT * FROM security_test WHERE import_key <> 'csv:4' ORDER BY id") == before
        for table in ("test_round", "test_timeline"):
            assert rows(f"SELECT count(*) FROM {table}") == [(4,)]

    def test_without_ids_a_row_is_known_by_what_it_says(self, lead: Actor) -> None:
        plain = "\n".join(line.partition(",")[2] for line in CSV.splitlines())
        assert bring(lead, plain).added == 3
        assert bring(lead, plain) == Done(validated=0, with_blue=0, drafts=0, there=3, left_out=0)

    def test_tools_that_are_there_are_used(self, lead: Actor) -> None:
        execute(
            "INSERT INTO defence_tool (slug, name, kind) VALUES ('edr', 'Edr', 'edr'), ('the-siem', 'SIEM', 'siem')"
        )
        assert look(CSV).new_tools == ["Not named"]
        bring(lead, CSV)
        assert rows("SELECT slug FROM defence_tool ORDER BY slug") == [("edr",), ("not-named",), ("the-siem",)]

    def test_what_a_draft_has_no_place_for_is_told(self, lead: Actor) -> None:
        bring(lead, "technique,platform,campaign,status,red_notes\nT1059,Linux,Autumn,in progress,Half way\n")
        ((note,),) = rows("SELECT note FROM test_timeline")
        also = "Campaign: Autumn; Red's notes: Half way; Status: in progress"
        assert note == f"From tests.csv, row 2. It also says: {also}"

    def test_a_preview_says_the_same_and_changes_nothing(self, lead: Actor) -> None:
        found = look(CSV)
        assert (len(found.table.rows), len(found.new), found.there) == (3, 3, 0)
        assert (found.count(TestState.VALIDATED), found.count(TestState.DRAFT)) == (2, 1)
        assert found.new_tools == ["EDR", "Not named", "SIEM"]
        assert stored() == []
        assert rows("SELECT count(*) FROM defence_tool") == [(0,)]

    def test_the_template_comes_in_as_it_is(self, lead: Actor) -> None:
        world.technique("T1059.001", platforms=["Windows"])
        world.technique("T1053.005", platforms=["Windows"])
        assert bring(lead, csv_table.template()) == Done(validated=1, with_blue=0, drafts=1, there=0, left_out=0)


@pytest.mark.usefixtures("redis_server")
class TestGoingOn:
    """Imported tests are tests like others: what was not finished elsewhere is finished here."""

    def test_what_was_executed_is_evaluated_by_blue(self, lead: Actor) -> None:
        steps = {
            "link_id": "1", "ability_id": "a-1", "name": "whoami", "plaintext_command": "whoami", "status": 0,
            "platform": "windows", "attack": {"technique_id": "T1059"}, "agent_reported_time": "2026-01-15T09:30:00Z",
        }  # fmt: skip
        report = {"name": "Discovery", "host_group": [], "steps": {"paw": {"steps": [steps]}}}
        assert bring(lead, json.dumps(report)) == Done(validated=0, with_blue=1, drafts=0, there=0, left_out=0)
        assert rows("SELECT state, procedure_key, executed_at, attack_succeeded, procedure FROM security_test") == [
            ("blue_evaluating", "caldera:a-1", HALF_PAST, True, "whoami")
        ]
        ((test_id,),) = rows("SELECT id FROM security_test")
        blue = person("bo", Role.BLUE_TECH)
        seen = {"tool_id": tool(), "prevention": Prevention.NONE, "detection": Detection.LOGGED}
        do(test_id, blue, actions.Observe(**seen))
        do(test_id, blue, actions.SubmitBlue(watched_until=HALF_PAST + timedelta(hours=8)))
        assert stored() == [("whoami", "in_review", "logged")]
        with pytest.raises(RuleViolated, match="You submitted this yourself"):
            do(test_id, lead, actions.Approve(side=Team.RED))

    def test_a_run_of_a_templates_procedure_belongs_to_it(self, lead: Actor) -> None:
        execute("""
            INSERT INTO test_template (source, source_id, procedure_key, name, claimed_technique, resolution, words,
              content_hash)
            VALUES ('caldera', 'a-1', 'caldera:a-1', 'whoami', 'T1059', 'direct', '', '')""")
        step = {"ability_id": "a-1", "attack": {"technique_id": "T1059"}, "platform": "linux", "status": -2}
        bring(lead, json.dumps({"steps": {"paw": {"steps": [step]}}}))
        assert rows("""SELECT test.state, template.name FROM security_test AS test
            JOIN test_template AS template ON template.id = test.template_id""") == [("draft", "whoami")]

    def test_a_validated_one_can_be_reopened_and_a_draft_started(self, lead: Actor) -> None:
        bring(lead, CSV)
        validated, _, draft = (found[0] for found in rows("SELECT id FROM security_test ORDER BY number"))
        do(validated, lead, actions.Reopen(to=Team.BLUE, reason="Look again"))
        do(draft, person("rita", Role.RED_TECH), actions.Start())
        assert [state for _, state, _ in stored()] == ["blue_evaluating", "validated", "red_executing"]


class TestMapping:
    def test_other_headings_are_mapped_by_the_person(self, lead: Actor) -> None:
        content = "What,Where it lies,Machine\nA test,T1053,Windows\n"
        with pytest.raises(BadInput, match=r"^No column holds the techniques"):
            bring(lead, content)
        said = Said(mapping={"title": "What", "technique": "Where it lies", "platform": "Machine"})
        assert bring(lead, content, said).drafts == 1

    def test_a_proposed_column_can_be_left_out(self, lead: Actor) -> None:
        assert look(CSV, Said(mapping={"title": LEFT_OUT})).new[0].title == "Name of T1059"

    @pytest.mark.parametrize(
        ("mapping", "sentence"),
        [
            ({"title": "Nowhere"}, "The file has no column 'Nowhere'."),
            ({"colour": "title"}, "'colour' is not a field of a test"),
            ({"technique": LEFT_OUT}, "No column holds the techniques"),
        ],
    )
    def test_a_mapping_that_does_not_fit(self, mapping: dict[str, str], sentence: str) -> None:
        found = look(CSV, Said(mapping=mapping))
        assert found.lacks.startswith(sentence)
        assert (found.new, found.problems) == ((), ())

    def test_the_zone_of_times_without_one(self) -> None:
        found = look(CSV, Said(zone="Europe/Berlin"))
        assert [row.executed_at for row in found.new[:2]] == [
            HALF_PAST - timedelta(hours=1),
            datetime(2026, 1, 16, 9, 0, tzinfo=UTC),
        ]
        with pytest.raises(BadInput, match="not a time zone"):
            look(CSV, Said(zone="../etc/passwd"))

    def test_the_platform_of_rows_without_one(self) -> None:
        content = "technique,title\nT1053,One platform\nT1059,Two\n"
        assert [one.sentence for one in look(content).problems] == [
            "It names no platform; choose one for all rows that name none."
        ]
        assert [row.platform for row in look(content, Said(platform="Linux")).new] == ["Windows", "Linux"]
        with pytest.raises(BadInput, match="not a platform"):
            look(content, Said(platform="BeOS"))


class TestAllOrNothing:
    WRONG = CSV + "4,Unplaced,T9999,Windows,,,,,\n5,Late,T1053,Windows,2999-01-01 00:00,missed,,,\n"

    def test_one_wrong_row_stops_all(self, lead: Actor) -> None:
        with pytest.raises(BadInput) as refused:
            bring(lead, self.WRONG)
        assert refused.value.detail == (
            "Nothing was imported: 2 rows are wrong. Row 5: T9999 is not on the loaded ATT&CK map."
        )
        assert stored() == []
        assert rows("SELECT count(*) FROM audit_log WHERE action = 'tests.imported'") == [(0,)]

    def test_unless_they_are_left_out(self, lead: Actor) -> None:
        assert bring(lead, self.WRONG, leave_out=True) == Done(validated=2, with_blue=0, drafts=1, there=0, left_out=2)

    def test_a_failure_while_writing_leaves_nothing(self, lead: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(test_imports.audit, "record", fail)
        with pytest.raises(RuntimeError):
            bring(lead, CSV)
        assert stored() == []
        assert rows("SELECT count(*) FROM defence_tool") == [(0,)]

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.RED_LEAD, Role.BLUE_LEAD, Role.ADMIN}))
    def test_leads_only(self, lead: Actor, role: Role) -> None:
        for refused in (
            lambda: test_imports.keep(lead, role, io.BytesIO(b"x"), "a.csv"),
            lambda: test_imports.preview(lead, role, uuid4(), Said()),
            lambda: test_imports.run(lead, role, uuid4(), Said()),
            lambda: test_imports.discard(lead, role, uuid4()),
            lambda: test_imports.run_content(lead, role, b"x", "a.csv", Said()),
            lambda: test_imports.look_at_content(role, b"x", "a.csv", Said()),
        ):
            with pytest.raises(PermissionDenied):
                refused()


class TestKeptFiles:
    def keep(self, lead: Actor, name: str = "tests.csv") -> UUID:
        return test_imports.keep(lead, Role.RED_LEAD, io.BytesIO(CSV.encode()), name)

    def test_kept_until_it_is_imported(self, lead: Actor) -> None:
        upload = self.keep(lead, r"C:\fakepath\Tests (März)#1.csv")
        assert test_imports.preview(lead, Role.RED_LEAD, upload, Said()).name == "Tests (M_rz)_1.csv"
        assert test_imports.run(lead, Role.RED_LEAD, upload, Said()).added == 3
        with pytest.raises(NotFound, match="no longer kept"):
            test_imports.run(lead, Role.RED_LEAD, upload, Said())
        assert len(stored()) == 3

    def test_it_stays_when_nothing_was_imported(self, lead: Actor) -> None:
        upload = self.keep(lead)
        with pytest.raises(BadInput):
            test_imports.run(lead, Role.RED_LEAD, upload, Said(mapping={"technique": LEFT_OUT}))
        assert test_imports.run(lead, Role.RED_LEAD, upload, Said()).added == 3

    def test_nobody_else_sees_it(self, lead: Actor) -> None:
        upload = self.keep(lead)
        with pytest.raises(NotFound):
            test_imports.preview(replace(lead, id=uuid4()), Role.RED_LEAD, upload, Said())

    def test_discarded_or_forgotten_after_a_day(self, lead: Actor) -> None:
        first, second = self.keep(lead), self.keep(lead)
        test_imports.discard(lead, Role.RED_LEAD, first)
        with pytest.raises(NotFound):
            test_imports.preview(lead, Role.RED_LEAD, first, Said())
        now = datetime.now(UTC)
        assert test_imports.sweep(now) == 0
        assert test_imports.sweep(now + timedelta(days=1, seconds=5)) == 1
        with pytest.raises(NotFound):
            test_imports.preview(lead, Role.RED_LEAD, second, Said())

    @pytest.mark.usefixtures("redis_server")
    def test_the_sweep_is_queued_once_an_hour(self) -> None:
        test_imports.plan_sweep()
        test_imports.plan_sweep()
        queued = Queue("default", connection=redis_connection.client())
        assert [job.func_name for job in queued.jobs] == ["jobs.test_imports.sweep"]


class TestTogether:
    def test_two_at_once_bring_in_one(self, lead: Actor) -> None:
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda _: bring(lead, CSV), range(2)))
        assert sorted(one.added for one in done) == [0, 3]
        assert len(stored()) == 3

    def test_a_longer_file_adds_what_is_not_there(self, lead: Actor) -> None:
        assert bring(lead, CSV.replace("3,Planned only", "4,Planned only")).added == 3
        assert bring(lead, CSV + "5,One more,T1053,Windows,,,,,\n") == Done(
            validated=0, with_blue=0, drafts=2, there=2, left_out=0
        )
        assert rows("SELECT count(*), sum(validated) FROM rollup_technique_month WHERE validated > 0") == [(2, 2)]
        assert [number for (number,) in rows("SELECT number FROM security_test ORDER BY number")] == [1, 2, 3, 4, 5]

    def test_many_rows_take_no_more_statements_than_few(
        self, lead: Actor, count_statements: Callable[[], AbstractContextManager[Statements]]
    ) -> None:
        counted = []
        for first, last in ((0, 3), (3, 300)):
            lines = [f"{number},T1059,Linux,2026-01-15 09:30,missed" for number in range(first, last)]
            with count_statements() as seen:
                bring(lead, "\n".join(["id,technique,platform,executed_at,outcome", *lines]))
            counted.append(len(seen))
        assert counted[1] <= counted[0]


@pytest.mark.parametrize(
    "content",
    [
        "technique,title\nT1059,=HYPERLINK(1)\n",
        "technique" + ",x" * 1_000_000 + "\n",
        "technique,platform,executed_at,outcome\nT1059,Linux,2999-01-01 00:00,missed\n",
        "technique,platform,executed_at,outcome\nT1059,Linux,yesterday,missed\n",
        "technique,platform,executed_at,outcome\nT1059,Linux,2026-01-15 09:30,42\n",
        "technique\n" + "T1059," * 5_000_000,
        '{"steps": {"a": {"steps": [{"attack": {"technique_id": ["T1059"]}}]}}}',
        '[{"mitreid": {"a": 1}, "tactic": 1, "name": []}]',
        "[" * 1_000_000,
    ],
)
def test_bad_files_change_nothing_and_say_why_in_one_sentence(lead: Actor, content: str) -> None:
    with pytest.raises(BadInput) as refused:
        bring(lead, content)
    assert 10 < len(refused.value.detail) < 300
    assert stored() == []
    assert rows("SELECT count(*) FROM defence_tool") == rows("SELECT count(*) FROM outbox_event") == [(0,)]


def test_a_purpleops_zip_comes_in(lead: Actor) -> None:
    cases = [
        {
            "id": str(number), "mitreid": "T1059", "tactic": "Execution", "name": f"Case {number}", "state": state,
            "prevented": "No", "alerted": False, "logged": True, "starttime": "2024-05-01 10:00:00",
            "detecttime": "2024-05-01 10:02:00", "controls": ["SIEM|ours"], "actions": "whoami",
        }
        for number, state in enumerate(("Complete", "Pending"))
    ]  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("export.json", json.dumps(cases))
    assert bring(lead, packed.getvalue(), Said(platform="Windows")).added == 2
    assert rows("SELECT title, state, outcome, logged_at FROM security_test ORDER BY number") == [
        ("Case 0", "validated", "logged", datetime(2024, 5, 1, 10, 2, tzinfo=UTC)),
        ("Case 1", "draft", None, None),
    ]
