from datetime import date

import pytest

from data.sources import sigma
from data.sources.base import Asked, Document, Input
from data.sources.rule_records import RuleSet
from domain.errors import BadInput

RULE = """\
title: Encoded PowerShell
id: 0F0C4D1E-0000-4000-8000-000000000001
related:
    - id: 0f0c4d1e-0000-4000-8000-000000000009
      type: similar
status: test
description: |
    Finds it.
    Two lines.
references:
    - https://example.org/a
author: Ada Lovelace, Grace Hopper
date: 2023-04-05
modified: 2024-01-02
tags:
    - attack.execution
    - attack.t1059.001 # a comment
    - attack.t1027
    - attack.g0010
    - cve.2021-44228
logsource:
    product: windows
    category: process_creation
    definition: with command lines
detection:
    selection:
        CommandLine|contains: ' -enc '
    condition: selection
falsepositives:
    - Unknown
level: high
"""
MINIMAL = "title: T\nid: {id}\ndetection: {{s: [a], condition: s}}\n{more}"


def _minimal(number: int, more: str = "") -> str:
    return MINIMAL.format(id=f"00000000-0000-4000-8000-{number:012d}", more=more)


def _parse(
    files: dict[str, str | bytes], *, whole: bool = True, root: str | None = None, comment: str | None = None
) -> RuleSet:
    documents = tuple(
        Document(path, content if isinstance(content, bytes) else content.encode()) for path, content in files.items()
    )
    return sigma.parse(Input("input", documents, whole=whole, root=root, comment=comment), Asked())


def _reason(content: str | bytes) -> str:
    read = _parse({"good.yml": _minimal(1), "bad.yml": content})
    assert len(read.rules) == 1
    assert [item.item for item in read.rejected] == ["bad.yml"]
    return read.rejected[0].reason


class TestRule:
    def test_every_field_is_kept(self) -> None:
        (rule,) = _parse({"rules/windows/a.yml": RULE}).rules
        assert rule.external_id == "0f0c4d1e-0000-4000-8000-000000000001"
        assert (rule.title, rule.status, rule.level) == ("Encoded PowerShell", "test", "high")
        assert rule.author == "Ada Lovelace, Grace Hopper"
        assert rule.description == "Finds it.\nTwo lines."
        assert (rule.product, rule.category, rule.service) == ("windows", "process_creation", None)
        assert (rule.written_on, rule.changed_on) == (date(2023, 4, 5), date(2024, 1, 2))
        assert rule.claims == ("T1059.001", "T1027")
        assert "attack.g0010" in rule.tags
        assert rule.details["related"] == [{"id": "0f0c4d1e-0000-4000-8000-000000000009", "type": "similar"}]
        assert rule.details["falsepositives"] == ["Unknown"]
        assert rule.details["logsource_definition"] == "with command lines"
        assert (rule.body, rule.path, rule.language, rule.licence) == (RULE, "rules/windows/a.yml", "sigma", "DRL 1.1")
        assert rule.enabled

    def test_a_rule_with_the_least(self) -> None:
        (rule,) = _parse({"a.yml": _minimal(1)}).rules
        assert (rule.status, rule.level, rule.author, rule.licence, rule.claims, rule.tags) == (
            None,
            None,
            "",
            None,
            (),
            (),
        )

    @pytest.mark.parametrize(
        "more",
        [
            "falsepositives:\n",
            "tags:\n",
            "references: https://one.example\n",
            "level: severe\n",
            "date: 2020/13/45\n",
            "author: [A, B]\n",
        ],
    )
    def test_odd_values_are_survived(self, more: str) -> None:
        assert len(_parse({"a.yml": _minimal(1, more)}).rules) == 1

    def test_older_dates_with_slashes(self) -> None:
        assert _parse({"a.yml": _minimal(1, "date: 2020/1/31\n")}).rules[0].written_on == date(2020, 1, 31)

    def test_a_rule_names_its_own_licence(self) -> None:
        assert _parse({"rules/a.yml": _minimal(1, "license: MIT\n")}).rules[0].licence == "MIT"

    @pytest.mark.parametrize("status", ["deprecated", "unsupported"])
    def test_rules_their_authors_gave_up_start_switched_off(self, status: str) -> None:
        assert not _parse({"a.yml": _minimal(1, f"status: {status}\n")}).rules[0].enabled

    def test_an_id_written_wrong_is_claimed_as_it_stands(self) -> None:
        assert _parse({"a.yml": _minimal(1, "tags: [attack.t1059.1, attack.T1027, attack.ta0001]\n")}).rules[
            0
        ].claims == ("T1059.1", "T1027")


class TestWhichFilesCount:
    def test_of_a_tree_like_upstreams_only_the_rules_folders(self) -> None:
        read = _parse(
            {
                "rules/windows/a.yml": _minimal(1),
                "rules-emerging-threats/b.yml": _minimal(2),
                "deprecated/c.yml": _minimal(3),
                "unsupported/d.yml": _minimal(4),
                "tests/e.yml": "x: 1",
            }
        )
        assert [rule.path for rule in read.rules] == ["rules/windows/a.yml", "rules-emerging-threats/b.yml"]
        assert read.rejected == ()

    def test_any_other_directory_counts_as_it_is(self) -> None:
        read = _parse({"ours/a.yml": _minimal(1), "b.yaml": _minimal(2), "ci.yml": "jobs: {}"})
        assert len(read.rules) == 2
        assert [(item.item, item.reason) for item in read.rejected] == [("ci.yml", "is not a Sigma rule")]

    def test_the_version_comes_from_the_archive(self) -> None:
        commit = "8eaafff1f2845a696050e05e72ba1140ee190698"
        assert _parse({"a.yml": _minimal(1)}, root="sigma-master", comment=commit).version == "master (8eaafff1f284)"
        assert _parse({"a.yml": _minimal(1)}, root="sigma-r2026-04-01", comment="x").version == "r2026-04-01"
        assert _parse({"a.yml": _minimal(1)}).version is None

    def test_a_single_file_is_an_addition(self) -> None:
        assert not _parse({"a.yml": _minimal(1)}, whole=False).whole


class TestRejected:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("title: [", "is not valid YAML (line"),
            ("\x01", "is not YAML"),
            (b"title: \xff\xfe", "is not text in UTF-8"),
            (b"", "is not a Sigma rule"),
            ("- a\n- b", "is not a Sigma rule"),
            ("title: T\ndetection: {condition: s}", "has no id"),
            ("id: a\ndetection: {condition: s}", "has no title"),
            ("title: T\nid: a", "has no detection"),
            ("title: T\nid: a\ndetection: []", "has no detection"),
            ("title: T\nid: a\ndetection: {s: x}", "without a condition"),
            ("title: T\nid: a\ncorrelation: {type: event_count}", "is a correlation"),
            (_minimal(2) + "---\n" + _minimal(3), "several YAML documents"),
            (_minimal(2, "date: 2020-13-45\n"), "a date that does not exist"),
            (_minimal(2, 'author: "a\\0b"\n'), "NUL character"),
            (_minimal(2, "x: !!python/object:os.system y\n"), "is not valid YAML"),
            (_minimal(2, "x: &x [*x]\n"), "contains itself"),
            (_minimal(2, "x: " + "[" * 200_000), "nested more than 50 levels"),
            (_minimal(2, "x: " + "- " * 200_000), "is not valid YAML"),
            ("- " * 200_000, "nested more than 50 levels"),
        ],
    )
    def test_the_reason_is_given_and_the_rest_goes_on(self, content: str | bytes, reason: str) -> None:
        assert reason in _reason(content)

    def test_an_alias_bomb_is_not_expanded(self) -> None:
        lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
        lines += [
            f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        ]
        assert "expands to too much" in _reason("\n".join(lines) + "\n" + _minimal(2))

    def test_one_long_text_repeated_by_aliases_is_a_bomb_too(self) -> None:
        text = "x" * 100_000
        assert "expands to too much" in _reason(f"a: &a {text}\nb: [{', '.join(['*a'] * 50)}]\n" + _minimal(2))

    def test_ordinary_aliases_are_fine(self) -> None:
        content = "title: T\nid: b\ndetection: {s: &s [a, b], t: *s, condition: s and t}\n"
        assert len(_parse({"a.yml": content}).rules) == 1

    def test_a_second_rule_with_the_same_id(self) -> None:
        read = _parse({"a.yml": _minimal(1), "b.yml": _minimal(1)})
        assert len(read.rules) == 1
        assert read.rejected[0].reason == "has the same id as a.yml, which is kept"

    def test_no_rule_at_all_is_refused_with_the_first_reason(self) -> None:
        with pytest.raises(BadInput, match=r"no Sigma rule: 1 file was read; the first, ci\.yml, is not a Sigma rule"):
            _parse({"ci.yml": "jobs: {}"})
