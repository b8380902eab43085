"""Files of other tools, written by hand in their formats, and files that are none."""

import base64
import csv
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from data.sources.test_imports import csv_table
from data.sources.test_imports.reading import PARSERS, read
from data.sources.test_imports.records import Table
from domain.errors import BadInput
from domain.test_imports.fields import KINDS

VECTR = [
    "AssessmentGroup", "Campaign", "Phase", "Variant", "MitreID", "CapecId", "Method", "Status", "Outcome",
    "Outcome Path", "Alert Severity", "Alert Triggered", "Activity Logged", "Outcome Notes",
    "Detection Recommendations", "SourceIps", "TargetAssets", "ExpectedDetectionLayers", "DetectingTools",
    "Start Time", "Start Time Epoch", "Stop Time", "Stop Time Epoch", "Detection Time", "Detection Time Epoch",
    "Organizations", "Tags", "Objective", "Command", "References",
]  # fmt: skip
STEP = {
    "link_id": "8d0e1e1c-0000-4000-8000-000000000001",
    "ability_id": "c0da588f-79f0-4263-8998-7496b1a40596",
    "command": base64.b64encode(b"whoami").decode(),
    "delegated": "2026-01-15T09:29:00Z",
    "run": "2026-01-15T09:30:10Z",
    "status": 0,
    "platform": "windows",
    "executor": "psh",
    "pid": 4711,
    "description": "Find user running agent",
    "name": "Identify active user",
    "attack": {"tactic": "discovery", "technique_name": "System Owner/User Discovery", "technique_id": "T1033"},
    "agent_reported_time": "2026-01-15T09:30:00Z",
}
CASE = {
    "assessmentid": "65a4", "name": "Dump LSASS", "objective": "Dump it", "actions": "procdump", "rednotes": "Ran",
    "bluenotes": "Seen", "mitreid": "T1003.001", "tactic": "Credential Access", "state": "Complete",
    "prevented": "Partial", "preventedrating": "2.0", "alerted": True, "alertseverity": "High", "logged": True,
    "detectionrating": "3.0", "priority": None, "priorityurgency": None, "starttime": "2024-05-01 10:00:00",
    "endtime": "2024-05-01 10:05:00", "detecttime": "2024-05-01 10:02:00", "visible": True,
    "modifytime": "2024-05-02 08:00:00", "id": "65a4b0c1d2e3f4a5b6c7d8e9", "tags": [], "sources": ["kali|attacker"],
    "targets": ["ws01|a workstation", "ws02"], "tools": ["procdump"], "controls": ["EDR|ours", "SIEM"], "redfiles": [],
    "bluefiles": [],
}  # fmt: skip


def texts(table: Table) -> list[Mapping[str, str] | str]:
    return [row for _, row in table.read(table.mapping)]


def vectr(**row: str) -> bytes:
    made = io.StringIO(newline="")
    writer = csv.DictWriter(made, VECTR)
    writer.writeheader()
    writer.writerow({"Variant": "Encoded command", "MitreID": "T1059.001", **row})
    return made.getvalue().encode()


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


LAYER = {
    "name": "Winter",
    "domain": "enterprise-attack",
    "versions": {"layer": "4.5", "attack": "18"},
    "techniques": [
        {"techniqueID": "T1059", "tactic": "execution", "showSubtechniques": True},
        {"techniqueID": "T1053", "tactic": "execution", "score": 0},
        {"techniqueID": "T1053", "tactic": "persistence", "comment": "schtasks /create"},
        {"techniqueID": "T1027", "enabled": False},
    ],
}


def test_every_kind_has_its_words() -> None:
    assert set(PARSERS) == set(KINDS)


class TestCsv:
    def test_rows_are_counted_as_a_spreadsheet_counts_them(self) -> None:
        table = read(b'technique,procedure\r\nT1059,"two\nlines"\r\n,\r\nT1053,x\r\n')
        assert table.rows == [(2, ["T1059", "two\nlines"]), (4, ["T1053", "x"])]

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_separators(self, separator: str) -> None:
        table = read(separator.join(("technique", "title")).encode() + b"\n" + f"T1059{separator}x\n".encode())
        assert texts(table) == [{"technique": "T1059", "title": "x"}]

    def test_encodings(self) -> None:
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            assert texts(read("technique,title\nT1059,Prüfung\n".encode(encoding))) == [
                {"technique": "T1059", "title": "Prüfung"}
            ]

    def test_headings_are_each_once(self) -> None:
        assert read(b"a,a,,technique\n1,2,3,T1059\n").columns == ["a", "a (2)", "Column 3", "technique"]

    def test_short_rows_are_filled_and_long_ones_are_wrong(self) -> None:
        table = read(b"technique,title\nT1059\nT1053,x,y\n")
        assert table.rows == [(2, ["T1059", ""]), (3, "It has 3 cells, and there are 2 columns.")]

    def test_the_template_maps_itself(self) -> None:
        table = read(csv_table.template())
        assert all(field == column for field, column in table.mapping.items())
        assert len(table.mapping) == len(table.columns)


class TestVectr:
    def test_a_row(self) -> None:
        table = read(
            vectr(
                Campaign="Autumn", Status="Completed", Outcome="Detected", **{
                    "Alert Triggered": "Yes", "Start Time": "01/15/2026", "Start Time Epoch": "1768469400000",
                    "Detection Time Epoch": "1768470120000", "DetectingTools": "EDR,SIEM", "Outcome Notes": "Seen",
                    "Command": "powershell -enc", "TargetAssets": "ws01", "Objective": "Run it",
                },
            )
        )  # fmt: skip
        assert (table.kind, table.fixed) == ("vectr", False)
        assert texts(table) == [
            {
                "title": "Encoded command", "technique": "T1059.001", "procedure": "powershell -enc",
                "environment": "ws01", "campaign": "Autumn", "status": "Completed", "executed_at": "1768469400000",
                "outcome": "Detected", "alerted": "Yes", "tools": "EDR,SIEM", "detected_at": "1768470120000",
                "red_notes": "Run it", "blue_notes": "Seen",
            }
        ]  # fmt: skip

    def test_without_epochs_the_written_times_are_taken(self) -> None:
        table = read(b"Variant,MitreID,Start Time\nA,T1059,2026-01-15 09:30:00\n")
        assert table.mapping["executed_at"] == "Start Time"

    def test_another_table_is_none(self) -> None:
        with pytest.raises(BadInput, match=r"^This is not an export of VECTR: the columns MitreID and Variant"):
            read(b"technique\nT1059\n", "vectr")


class TestPurpleOps:
    WANTED: ClassVar = {
        "external_id": "65a4b0c1d2e3f4a5b6c7d8e9", "title": "Dump LSASS", "technique": "T1003.001",
        "procedure": "procdump", "environment": "ws01, ws02", "campaign": "65a4", "status": "Complete",
        "executed_at": "2024-05-01 10:00:00", "prevention": "Partial", "alerted": "yes", "logged": "yes",
        "tools": "EDR, SIEM", "detected_at": "2024-05-01 10:02:00", "red_notes": "Ran", "blue_notes": "Seen",
    }  # fmt: skip

    def test_json_and_the_zip_with_it(self) -> None:
        for content in (as_json([CASE]), zipped(export__json=as_json([CASE]), meta__json=b"{}", export__csv=b"x")):
            table = read(content)
            assert table.kind == "purpleops"
            assert texts(table) == [self.WANTED]

    def test_csv_of_it(self) -> None:
        flat = {name: ",".join(value) if isinstance(value, list) else value for name, value in CASE.items()}
        made = io.StringIO(newline="")
        writer = csv.DictWriter(made, flat)
        writer.writeheader()
        writer.writerow(flat)
        (row,) = texts(read(made.getvalue().encode()))
        assert isinstance(row, Mapping)
        assert (row["technique"], row["alerted"], row["prevention"]) == ("T1003.001", "True", "Partial")

    def test_the_headings_of_older_releases(self) -> None:
        old = {"Mitre ID": "T1003", "Name": "Dump", "Tactic": "Credential Access", "State": "Pending", "Alerted": None}
        assert texts(read(as_json([old]))) == [{"technique": "T1003", "title": "Dump", "status": "Pending"}]

    def test_what_is_no_case_keeps_its_place(self) -> None:
        assert texts(read(as_json([CASE, 7])))[1] == "It is not a test case."


class TestNavigator:
    def test_marked_techniques_each_once(self) -> None:
        table = read(as_json(LAYER))
        assert (table.kind, table.fixed) == ("navigator", True)
        assert texts(table) == [
            {
                "external_id": "Winter/T1053", "technique": "T1053", "procedure": "schtasks /create",
                "campaign": "Winter",
            }
        ]  # fmt: skip

    def test_a_layer_that_marks_nothing(self) -> None:
        with pytest.raises(BadInput, match="marks no technique"):
            read(as_json({**LAYER, "techniques": []}))


class TestCaldera:
    WANTED: ClassVar = {
        "external_id": STEP["link_id"], "procedure_key": f"caldera:{STEP['ability_id']}",
        "title": "Identify active user", "technique": "T1033", "platform": "windows", "procedure": "whoami",
        "environment": "ws01", "campaign": "Discovery", "status": "completed", "attack_succeeded": "yes",
        "executed_at": "2026-01-15T09:30:00Z",
    }  # fmt: skip

    def report(self, *steps: Any) -> bytes:
        agents = [{"paw": "abc", "host": "ws01", "platform": "windows"}]
        return as_json({"name": "Discovery", "host_group": agents, "steps": {"abc": {"steps": list(steps)}}})

    def test_a_report(self) -> None:
        table = read(self.report(STEP))
        assert (table.kind, table.fixed) == ("caldera", True)
        assert texts(table) == [self.WANTED]

    def test_event_logs(self) -> None:
        event = {
            "command": STEP["command"], "delegated_timestamp": "2026-01-15T09:29:00Z",
            "collected_timestamp": "2026-01-15T09:29:30Z", "finished_timestamp": "2026-01-15T09:30:10Z", "status": 1,
            "platform": "linux", "agent_metadata": {"paw": "abc", "host": "ws01"},
            "ability_metadata": {"ability_id": STEP["ability_id"], "ability_name": "Identify active user"},
            "operation_metadata": {"operation_name": "Discovery"}, "attack_metadata": {"technique_id": "T1033"},
        }  # fmt: skip
        wanted = {
            **self.WANTED, "attack_succeeded": "no", "platform": "linux", "executed_at": "2026-01-15T09:29:30Z"
        }  # fmt: skip
        wanted.pop("external_id")
        assert texts(read(as_json([event]))) == [wanted]

    def test_older_reports_and_odd_commands(self) -> None:
        old = {name: value for name, value in STEP.items() if name not in ("link_id", "agent_reported_time")}
        plain, odd, discarded = {**old, "plaintext_command": "id"}, {**old, "command": "#"}, {**old, "status": -2}
        found = texts(read(self.report(plain, odd, discarded, "x")))
        assert [row["procedure"] for row in found[:3] if isinstance(row, Mapping)] == ["id", "#", "whoami"]
        assert [row["status"] for row in found[:3] if isinstance(row, Mapping)] == ["completed"] * 2 + ["not performed"]
        assert found[3] == "It is not a step."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \r\n", "The file is empty."),
        (b"technique\n", "The file has headings, but no row under them."),
        (b",,\nT1059,,\n", "The first row is empty; it has to hold the headings."),
        (b"technique\n\xff\xfe\xfa\n", "The file is not text in UTF-8; save it as “CSV UTF-8” and try again."),
        (b"technique\nT1059\x00\n", "The file is not a table: it holds characters that no text has."),
        (b'technique\n"T1059\n', "The file cannot be read after row 1: a quotation mark is not closed."),
        (b"a" + b",a" * 999_999 + b"\n", "The file has 1,000,000 columns, and 200 are the limit."),
        (b"a\n" + b"x" * 200_000, "A cell after row 1 is longer than 131,072 characters."),
        (b"technique\n" + b"T1059\n" * 200_001, "The file has more than 200,000 rows, which is the limit."),
        (b"technique\n" + b"x" * (50 * 1024 * 1024), "The file is over the limit of 50 MB."),
        (b"{", "The file starts like JSON, but cannot be read as JSON."),
        (b"[" * 100_000, "The file starts like JSON, but cannot be read as JSON."),
        (b"[]", "This JSON is no Navigator layer, no export of PurpleOps and no report of CALDERA."),
        (b'{"type": "bundle"}', "This JSON is no Navigator layer, no export of PurpleOps and no report of CALDERA."),
        (b'{"steps": {}}', "The operation ran no steps."),
        (as_json([{"mitreid": "", "tactic": "", "name": "", **{str(n): "" for n in range(300)}}]),
         "The test cases have 303 fields, and 200 are the limit."),
        (zipped(readme__txt=b"x"), "The file holds nothing PurpleOps can use; it takes a zip with export.json."),
        (zipped(export__json=b"[" + b" " * 60 * 1024 * 1024 + b"]"), "The file grows to more than 100 times its size"),
        (b"PK\x03\x04 cut off", "The file is cut off"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_say_why_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(content)
    assert refused.value.detail.startswith(sentence)


def test_a_kind_that_is_none() -> None:
    with pytest.raises(BadInput, match="is no kind of file; there are csv, vectr"):
        read(b"x", "excel")


@pytest.mark.parametrize("kind", ["navigator", "caldera", "purpleops", "vectr"])
def test_a_table_is_none_of_the_others(kind: str) -> None:
    with pytest.raises(BadInput):
        read(b"technique\nT1059\n", kind)
