"""Mappings of CTID: what each kind of row means, and what makes a file or a row unusable."""

import gzip
from datetime import date
from typing import Any

import pytest

from data.sources.base import Asked
from data.sources.framework_records import FrameworkRecord
from data.sources.mappings import parse, wanted
from domain.errors import BadInput
from tests.data.sources.mappings import content, given, row


def only(file: bytes) -> FrameworkRecord:
    (framework,) = parse(given(file), Asked()).frameworks
    return framework


def test_a_file_is_a_framework_with_its_versions() -> None:
    found = only(content(row("AC-02", "t1059.001 ")))
    assert (found.slug, found.name, found.version, found.kind) == (
        "nist_800_53", "NIST SP 800-53", "rev5", "controls",
    )  # fmt: skip
    assert (found.domain, found.attack_version, found.published_on) == ("enterprise-attack", "16.1", date(2025, 4, 16))
    (control,), (mapping,) = found.controls, found.mappings
    assert (control.code, control.name, control.group_code, control.group_name) == (
        "AC-02", "Name of AC-02", "AC", "Access Control",
    )  # fmt: skip
    assert (mapping.control, mapping.technique, mapping.mapping_type) == ("AC-02", "T1059.001", "mitigates")


@pytest.mark.parametrize(
    ("framework", "mapping_type", "kind"),
    [
        ("kev", "primary_impact", "vulnerabilities"),
        ("m365", "technique_score", "capabilities"),
        ("aws", "technique_scores", "capabilities"),
        ("csa_ccm", "mitigates", "controls"),
    ],
)
def test_the_kind_follows_from_the_framework_and_its_rows(framework: str, mapping_type: str, kind: str) -> None:
    found = only(content(row("X", "T1059", mapping_type=mapping_type), mapping_framework=framework))
    assert found.kind == kind


def test_controls_stand_in_the_order_of_their_codes() -> None:
    found = only(content(*(row(code, "T1059") for code in ("SC-01", "AC-10", "AC-2", "AC-02(01)"))))
    assert [one.code for one in found.controls] == ["AC-2", "AC-02(01)", "AC-10", "SC-01"]


def test_equal_rows_stay_rows_of_their_own() -> None:
    found = only(content(row("AC-02", "T1059", comments="one"), row("AC-02", "T1059", comments="two")))
    assert [one.comment for one in found.mappings] == ["one", "two"]
    assert len(found.controls) == 1


def test_a_control_without_a_technique_is_not_mappable_and_says_why() -> None:
    found = only(content(row("AC-02", None, comments="Not technical."), row("AC-03", "T1059")))
    assert [(one.code, one.not_mappable, one.note) for one in found.controls] == [
        ("AC-02", True, "Not technical."),
        ("AC-03", False, ""),
    ]
    assert len(found.mappings) == 1


def test_a_control_may_be_called_not_mappable_and_be_mapped() -> None:
    (control,) = only(content(row("HRS-03", "T1052"), row("HRS-03", None))).controls
    assert control.not_mappable


def test_a_technique_without_a_control_is_kept_as_that() -> None:
    (mapping,) = only(content(row(None, "T1496.002", comments="no mitigations"))).mappings
    assert (mapping.control, mapping.technique, mapping.mapping_type) == ("", "T1496.002", "non_mappable")


def test_scores_and_whatever_else_a_row_says_are_kept() -> None:
    (mapping,) = only(
        content(
            row(
                "AC-02", "T1059", score_category="detect", score_value="minimal", related_score="T1110",
                attack_version="17", odd={"a": 1},
            )
        )
    ).mappings  # fmt: skip
    assert (mapping.score_category, mapping.score_value) == ("detect", "minimal")
    assert mapping.details == {"related_score": "T1110", "attack_version": "17", "odd": '{"a":1}'}


def test_a_score_of_another_scale_is_kept_as_it_stands() -> None:
    (mapping,) = only(content(row("AC-02", "T1059", score_category="recover", score_value="9"))).mappings
    assert (mapping.score_category, mapping.score_value) == (None, None)
    assert mapping.details == {"score_category": "recover", "score_value": "9"}


def test_a_row_that_names_another_group_of_its_control_keeps_it() -> None:
    found = only(content(row("AC-02", "T1059", capability_group="AC"), row("AC-02", "T1078", capability_group="SC")))
    assert [one.group_code for one in found.controls] == ["AC"]
    assert [one.details for one in found.mappings] == [{}, {"capability_group": "SC"}]


def test_of_several_files_of_a_framework_the_newest_is_read() -> None:
    old = content(row("AC-02", "T1059"), mapping_framework_version="12/31/2024", attack_version="9.0")
    new = content(row("AC-03", "T1059"), mapping_framework_version="01/02/2025", attack_version="16.1")
    older_day = content(row("AC-04", "T1059"), mapping_framework_version="12/30/2024", attack_version="16.1")
    (found,) = parse(given(new, old, older_day), Asked()).frameworks
    assert found.controls[0].code == "AC-03"


def test_domains_other_than_enterprise_are_frameworks_of_their_own() -> None:
    found = parse(given(content(row("A", "T1")), content(row("A", "T1"), technology_domain="mobile")), Asked())
    assert [(one.slug, one.domain) for one in found.frameworks] == [
        ("nist_800_53", "enterprise-attack"),
        ("nist_800_53_mobile", "mobile-attack"),
    ]


def test_packed_files_are_read_too() -> None:
    assert only(gzip.compress(content(row("AC-02", "T1059")))).slug == "nist_800_53"
    assert [wanted(name) for name in ("a/b.json.gz", "B.JSON", "b.csv")] == [True, True, False]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ([], "is not a row of a mapping"),
        (row(None, None), "names neither a control nor a technique"),
        (row("A" * 201, "T1059"), "has a control id of more than 200 characters"),
        (row("A", "T1059", comments="x" * 20_001), "has a comment of more than 20,000 characters"),
        (row("A", "T1059", comments="a\0b"), "holds a NUL character in its comment"),
        (row("A", "T1059", references=["x"] * 201), "has more than 200 references"),
    ],
)
def test_a_row_that_says_nothing_is_rejected_and_the_rest_is_read(wrong: Any, reason: str) -> None:
    found = parse(given(content(row("AC-02", "T1059"), wrong)), Asked())
    assert [(one.item, one.reason) for one in found.rejected] == [("file-1.json, row 2", reason)]
    assert len(found.frameworks[0].mappings) == 1


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"{", "is not JSON"),
        (b"[]", "it is not one JSON object"),
        (b"{}", "it has no metadata with mapping_objects"),
        (content(), "has no row that can be used"),
        (content(row("A", "T1"), mapping_framework=""), "does not say which framework it maps"),
        (content(row("A", "T1"), mapping_framework="../../etc"), "does not say which framework it maps"),
        (content(row("A", "T1"), technology_domain="moon"), "maps to moon"),
        (gzip.compress(content(row("A", "T1")))[:-9], "is cut off"),
        (b"\x1f\x8b\x08nonsense" * 4, "is damaged"),
    ],
)
def test_what_is_no_mapping_is_refused_in_a_sentence(file: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        parse(given(file), Asked())
    found = parse(given(file, content(row("AC-02", "T1059"))), Asked())
    assert [one.item for one in found.rejected] == ["file-1.json"]


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.sources.mappings.DOCUMENT_MAX", 1024 * 1024)
    with pytest.raises(BadInput, match="is over the limit of 1 MB when unpacked"):
        parse(given(gzip.compress(b" " * 5_000_000)), Asked())
