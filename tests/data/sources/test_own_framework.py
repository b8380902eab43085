"""A framework from a table: what its rows mean, and what is said of those that mean nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sources import own_framework
from data.sources.own_framework import Table, read, template
from domain.errors import BadInput, TooLarge


def table(*lines: str, heading: str = "control,name,group,technique,mapping type,note") -> Table:
    return read("\n".join((heading, *lines)).encode())


def said(found: Table) -> list[tuple[int, str]]:
    return [(one.number, one.sentence) for one in found.problems]


def test_rows_become_controls_and_mappings() -> None:
    found = table(
        'IAM-1,Second factor,Identity,"T1078, t1110.001",mitigates,A note',
        "IAM-1,,,T1059,detects,",
        "GOV-1,Policy,Governance,,non-mappable,Nothing to test",
        "GOV-2,Other,Governance,,,",
    )
    assert said(found) == []
    assert [(one.code, one.name, one.group_code, one.not_mappable, one.note) for one in found.controls] == [
        ("IAM-1", "Second factor", "Identity", False, ""),
        ("GOV-1", "Policy", "Governance", True, "Nothing to test"),
        ("GOV-2", "Other", "Governance", False, ""),
    ]
    assert [(one.control, one.technique, one.mapping_type, one.comment) for one in found.mappings] == [
        ("IAM-1", "T1078", "mitigates", "A note"),
        ("IAM-1", "T1110.001", "mitigates", "A note"),
        ("IAM-1", "T1059", "detects", ""),
    ]


def test_headings_in_other_words_and_separators() -> None:
    found = read("Control ID;ATT&CK ID;Title\nA-1;T1059;First\n".encode("utf-16"))
    assert [(one.code, one.name) for one in found.controls] == [("A-1", "First")]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (",Name,G,T1059,,", "It names no control."),
        ("A-1,,,T12,,", "T12 is not the id of a technique; write it as T1059 or T1059.001."),
        ("A-1,,,T1059,non_mappable,", "It names a technique and says that none fits."),
        (f"{'A' * 61},,,T1059,,", "The control has more than 60 characters."),
        ("FIRST,Another,,T1078,,", "The name of FIRST is another one in row 2."),
        ("FIRST,,Other,T1078,,", "The group of FIRST is another one in row 2."),
        ("FIRST,,,T1059,,", "FIRST is mapped to T1059 in row 2 already."),
        ("A,b,c,T1059,d,e,f", "It has 7 cells, and there are 6 columns."),
    ],
)
def test_a_wrong_row_is_named_with_its_number(line: str, sentence: str) -> None:
    found = table("FIRST,Name,Group,T1059,,", line, "LAST,,,T1059,,")
    assert said(found) == [(3, sentence)]
    assert [one.code for one in found.controls] == ["FIRST", "LAST"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"control,name\nA,B\n", "There is no column technique"),
        (b"name,note\nA,B\n", "There is no column control or technique"),
        (b"control,technique\n", "no row under them"),
        (b"\xff\xfe\xff", "not text in UTF-8"),
        (b'control,technique\n"A,T1059\n', "quotation mark is not closed"),
    ],
)
def test_what_is_no_table(content: bytes, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        read(content)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_framework, "CONTROLS_MAX", 1)
    with pytest.raises(TooLarge, match="more than 1 controls"):
        table("A,,,T1059,,", "B,,,T1059,,")
    monkeypatch.setattr(own_framework, "MAX_BYTES", 3)
    with pytest.raises(TooLarge, match="limit of 0 MB"):
        table("A,,,T1059,,")


@pytest.mark.parametrize("name", ["", "x", "n" * 121, "–– ––"])
def test_a_name_that_does_not_do(name: str) -> None:
    with pytest.raises(BadInput):
        table("A,,,T1059,,").framework(name, "1")


def test_the_framework_by_its_name() -> None:
    found = table("A,,,T1059,,").framework("  Our  Rules (2026) ", "1")
    assert (found.slug, found.name, found.origin) == ("own_our_rules_2026", "Our Rules (2026)", "own")


def test_the_template_reads_back_without_a_problem() -> None:
    found = read(template())
    assert said(found) == []
    assert [one.code for one in found.controls] == ["IAM-1", "IAM-2", "GOV-1"]


@given(st.binary(max_size=400))
def test_whatever_comes_is_read_or_refused_in_a_sentence(content: bytes) -> None:
    try:
        found = read(content)
    except BadInput as error:
        sentences = [error.detail]
    else:
        sentences = [one.sentence for one in found.problems]
    assert all(one.endswith(".") for one in sentences)
