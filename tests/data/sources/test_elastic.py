from datetime import date

import pytest

from data.sources import elastic, own_rules
from data.sources.base import Asked, Document, Input
from data.sources.rule_records import RuleSet
from domain.errors import BadInput

RULE = '''\
[metadata]
creation_date = "2020/02/18"
integration = ["endpoint", "windows"]
maturity = "production"
min_stack_version = "8.14.0"
updated_date = "2025/01/10"

[rule]
author = ["Elastic", "Ada Lovelace"]
description = """
Finds it.
Two lines.
"""
false_positives = ["Administrators."]
index = ["logs-endpoint.events.*", "winlogbeat-*"]
language = "eql"
license = "Elastic License v2"
name = "Encoded PowerShell"
references = ["https://example.org/a"]
risk_score = 47
rule_id = "0F0C4D1E-0000-4000-8000-000000000001"
severity = "medium"
tags = ["Domain: Endpoint", "OS: Windows", "Use Case: Threat Detection"]
type = "eql"

query = \'\'\'
process where process.args : "-enc"
\'\'\'

[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
[[rule.threat.technique.subtechnique]]
id = "T1059.001"
name = "PowerShell"
[[rule.threat.technique.subtechnique]]
id = "T1059.003"
name = "Windows Command Shell"

[rule.threat.tactic]
id = "TA0002"
name = "Execution"
[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1027"
name = "Obfuscated Files or Information"
[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
[[rule.threat.technique.subtechnique]]
id = "T1059.001"
name = "PowerShell"

[rule.threat.tactic]
id = "TA0005"
name = "Defense Evasion"
[[rule.threat]]
framework = "MITRE ATT&CK"

[rule.threat.tactic]
id = "TA0003"
name = "Persistence"
'''
MINIMAL = '[metadata]\nmaturity = "production"\n[rule]\nrule_id = "{id}"\nname = "T"\n{more}'


def _minimal(number: int = 1, more: str = "") -> str:
    return MINIMAL.format(id=f"00000000-0000-4000-8000-{number:012d}", more=more)


def _input(files: dict[str, str | bytes], *, root: str | None = None, comment: str | None = None) -> Input:
    documents = tuple(
        Document(path, content if isinstance(content, bytes) else content.encode()) for path, content in files.items()
    )
    return Input("input", documents, whole=True, root=root, comment=comment)


def _parse(files: dict[str, str | bytes]) -> RuleSet:
    return elastic.parse(_input(files), Asked())


def _reason(content: str | bytes) -> str:
    read = _parse({"good.toml": _minimal(9), "bad.toml": content})
    assert [item.item for item in read.rejected] == ["bad.toml"]
    return read.rejected[0].reason


class TestRule:
    def test_every_field_is_kept(self) -> None:
        (rule,) = _parse({"rules/windows/a.toml": RULE}).rules
        assert rule.external_id == "0f0c4d1e-0000-4000-8000-000000000001"
        assert (rule.title, rule.status, rule.level) == ("Encoded PowerShell", "production", "medium")
        assert rule.author == "Elastic, Ada Lovelace"
        assert rule.description == "Finds it.\nTwo lines."
        assert (rule.product, rule.category, rule.service) == ("windows", None, "endpoint, windows")
        assert (rule.written_on, rule.changed_on) == (date(2020, 2, 18), date(2025, 1, 10))
        assert (rule.language, rule.licence, rule.enabled) == ("eql", "Elastic License 2.0", True)
        assert rule.details == {
            "falsepositives": ["Administrators."],
            "risk_score": 47,
            "type": "eql",
            "index": ["logs-endpoint.events.*", "winlogbeat-*"],
            "min_stack_version": "8.14.0",
            "deprecated_on": "",
        }
        assert (rule.body, rule.path) == (RULE, "rules/windows/a.toml")

    def test_a_statement_is_about_its_sub_techniques_and_counted_once(self) -> None:
        (rule,) = _parse({"a.toml": RULE}).rules
        assert rule.claims == ("T1059.001", "T1059.003", "T1027")

    def test_a_parent_named_alone_is_a_statement_of_its_own(self) -> None:
        more = (
            '[[rule.threat]]\nframework = "MITRE ATT&CK"\n[[rule.threat.technique]]\nid = "T1098"\n'
            '[[rule.threat]]\nframework = "MITRE ATT&CK"\n[[rule.threat.technique]]\nid = "T1098"\n'
            '[[rule.threat.technique.subtechnique]]\nid = "T1098.001"\n'
            '[[rule.threat]]\nframework = "Another"\n[[rule.threat.technique]]\nid = "T1001"\n'
        )
        (rule,) = _parse({"a.toml": _minimal(more=more)}).rules
        assert rule.claims == ("T1098", "T1098.001")

    def test_what_is_missing_is_missing(self) -> None:
        (rule,) = _parse(
            {"a.toml": _minimal(more='type = "machine_learning"\nrisk_score = 0xffffffffffffffffffff\n')}
        ).rules
        assert (rule.language, rule.level, rule.product, rule.service) == ("machine_learning", None, None, None)
        assert (rule.licence, rule.claims, rule.details["index"], rule.details["risk_score"]) == (None, (), [], None)

    def test_several_systems_are_named_in_one_order(self) -> None:
        (rule,) = _parse({"a.toml": _minimal(more='tags = ["OS: macOS", "OS: Linux"]\n')}).rules
        assert rule.product == "linux, macos"

    def test_deprecated_rules_are_kept_and_switched_off(self) -> None:
        deprecated = _minimal(1).replace("production", "deprecated")
        read = _parse(
            {
                "rules/_deprecated/a.toml": _minimal(2),
                "rules/b.toml": deprecated,
                "rules/_deprecated_c.toml": _minimal(3),
            }
        )
        assert {rule.path: (rule.status, rule.enabled) for rule in read.rules} == {
            "rules/_deprecated/a.toml": ("deprecated", False),
            "rules/b.toml": ("deprecated", False),
            "rules/_deprecated_c.toml": ("production", True),
        }

    def test_another_licence_keeps_its_name(self) -> None:
        (rule,) = _parse({"a.toml": _minimal(more='license = "MIT"\n')}).rules
        assert rule.licence == "MIT"


class TestTree:
    def test_of_upstream_only_the_rules_count(self) -> None:
        read = _parse(
            {"rules/a.toml": _minimal(1), "rules_building_block/b.toml": _minimal(2), "pyproject.toml": "[x]"}
        )
        assert [rule.path for rule in read.rules] == ["rules/a.toml"]
        assert not read.rejected

    def test_the_version_is_branch_and_commit(self) -> None:
        source = _input(
            {"rules/a.toml": _minimal()},
            root="detection-rules-main",
            comment="14cf530f0d2177023092449cd9d9348b4a8884c2",
        )
        assert elastic.parse(source, Asked()).version == "main (14cf530f0d21)"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[rule", "is not valid TOML"),
        ("[metadata]\nx = 1", "is not an Elastic rule: it has no [rule]"),
        ("rule = 1", "is not an Elastic rule: it has no [rule]"),
        ('[rule]\nname = "x"', "has no rule_id"),
        ('[rule]\nrule_id = "x"', "has no name"),
        (_minimal(9), "has the same id as good.toml, which is kept"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (_minimal(2, 'author = ["a\\u0000b"]\n'), "holds a NUL character"),
        (_minimal(2, 'language = "a\\u0000b"\n'), "holds a NUL character"),
        ("x = " + "[" * 50_000, "is nested too deep"),
        (".".join("a" * 200_000) + " = 1", "has a key of more than 32 parts"),
        ("[" + ".".join(['"a"'] * 100_000) + "]", "has a key of more than 32 parts"),
        ("x = " + "1" * 5_000, "is not valid TOML"),
        ("x = 2020-13-45", "is not valid TOML"),
    ],
)
def test_what_is_no_rule_is_rejected_with_a_reason(content: str | bytes, reason: str) -> None:
    assert _reason(content).startswith(reason)


def test_dots_within_strings_and_comments_are_no_keys() -> None:
    query = "query = '''\n" + "a." * 100 + "\n'''\n# " + "b." * 100 + '\nnote = """' + "c." * 100 + '"""\n'
    assert len(_parse({"a.toml": _minimal(more=query)}).rules) == 1


def test_a_source_without_a_rule_is_refused() -> None:
    with pytest.raises(
        BadInput, match=r"holds no Elastic rule: 1 file was read; the first, a\.toml, is not an Elastic"
    ):
        _parse({"a.toml": "[x]"})


class TestOwnRules:
    def test_both_formats_are_read_side_by_side_and_add(self) -> None:
        sigma = "title: T\nid: 00000000-0000-4000-8000-000000000002\ndetection: {s: [a], condition: s}\n"
        files: dict[str, str | bytes] = {"a.toml": _minimal(1), "b.yml": sigma, "c.yaml": "x: 1"}
        read = own_rules.parse(_input(files), Asked())
        assert [(rule.path, rule.language) for rule in read.rules] == [("a.toml", "none"), ("b.yml", "sigma")]
        assert [one.item for one in read.rejected] == ["c.yaml"]
        assert not read.whole
        assert [rule.licence for rule in read.rules] == [None, None]
