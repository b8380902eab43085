import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli.main import app
from data import database as db
from data.sources.registry import SOURCES
from domain.errors import AegisError
from tests.data.sources import stix
from tests.data.sources.templates import atomic_file, atomic_test
from tests.jobs.syncing import bundle_file, rule

Aegis = Callable[..., Result]


@pytest.fixture
def aegis(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aegis]:
    """Run a command on this test's database; expected failures come as the error itself."""
    monkeypatch.setenv("AEGIS_DATABASE_URL", database_url)
    monkeypatch.setenv("AEGIS_REDIS_URL", redis_url)
    monkeypatch.setenv("AEGIS_DATA_DIR", str(tmp_path / "instance"))

    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(app, [str(part) for part in arguments])
        if isinstance(done.exception, AegisError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done

    yield run
    db.dispose()


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return bundle_file(tmp_path, stix.SHELL, stix.POWERSHELL, stix.GROUP, stix.rel(1, "uses", stix.GROUP, stix.SHELL))


def _rules(tmp_path: Path) -> Path:
    folder = tmp_path / "own rules"
    folder.mkdir(exist_ok=True)
    (folder / "a.yml").write_text(rule(1, "T1059.001", "T1685"))
    (folder / "b.yml").write_text(rule(2, "T1059.001", "T1059"))
    (folder / "c.yml").write_text("title: [")
    return folder


def _json(done: Result) -> Any:
    return json.loads(done.stdout)


class TestSync:
    def test_a_report_then_no_change(self, aegis: Aegis, bundle: Path) -> None:
        first = aegis("sync", "attack", "--from", bundle, "--version", "18.1").stdout
        assert "MITRE ATT&CK 18.1, from enterprise-attack-18.1.json" in first
        assert "technique            2 added" in first
        assert (
            aegis("sync", "attack", "--from", bundle, "--version", "18.1").stdout == "MITRE ATT&CK 18.1: no change.\n"
        )

    def test_an_upgrade_says_what_to_look_at(self, aegis: Aegis, bundle: Path, tmp_path: Path) -> None:
        aegis("sync", "attack", "--from", bundle)
        newer = bundle_file(tmp_path, stix.SHELL | {"description": "New."}, stix.GROUP, version="19.0")
        said = aegis("sync", "attack", "--from", newer).stdout
        assert "MITRE ATT&CK 19.0 (before: 18.1)" in said
        assert "technique            1 changed, 1 vanished" in said
        assert "1 techniques to review" in said

    def test_json_for_scripts(self, aegis: Aegis, tmp_path: Path) -> None:
        done = _json(aegis("sync", "sigma", "--from", _rules(tmp_path), "--json"))
        assert (done["source"], done["state"], done["counts"]["read"]) == ("sigma", "succeeded", 2)
        assert done["items"]["rejected"] == 1
        assert done["rejected"][0]["item"] == "c.yml"

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("nothing",), "There is no source called nothing"),
            (("attack", "--from", "/no/such.json"), "was not found"),
            (("attack", "--from", "ftp://x/y"), "http or https"),
            (("attack", "--domain", "pre"), "is not a domain"),
            (("attack", "--from", "{bundle}", "--domain", "ICS"), "is the Enterprise bundle, not ICS"),
            (("attack", "--from", "{bundle}", "--version", "17.1x"), "is not a version"),
            (("sigma", "--from", "{bundle}"), "holds no Sigma rule"),
        ],
    )
    def test_what_is_wrong_is_one_sentence_and_nothing_changes(
        self, aegis: Aegis, bundle: Path, arguments: tuple[str, ...], words: str
    ) -> None:
        with pytest.raises(AegisError) as caught:
            aegis("sync", *(part.format(bundle=bundle) for part in arguments))
        assert words in caught.value.detail
        assert _json(aegis("stats", "--json"))["domains"] == {}

    def test_a_truncated_gzip(self, aegis: Aegis, bundle: Path, tmp_path: Path) -> None:
        cut = tmp_path / "enterprise-attack-18.1.json.gz"
        cut.write_bytes(gzip.compress(bundle.read_bytes())[:-10])
        with pytest.raises(AegisError, match="is cut off"):
            aegis("sync", "attack", "--from", cut)


class TestStats:
    def test_everything_the_loaded_content_says(self, aegis: Aegis, bundle: Path, tmp_path: Path) -> None:
        aegis("sync", "attack", "--from", bundle)
        aegis("sync", "sigma", "--from", _rules(tmp_path))
        done = _json(aegis("stats", "--json"))
        attack = {
            "domain": "enterprise-attack",
            "version": "18.1",
            "tactics": 2,
            "techniques": 1,
            "subtechniques": 1,
            "groups": 1,
            "software": 0,
            "campaigns": 0,
            "mitigations": 0,
            "detection_strategies": 0,
            "analytics": 0,
            "data_components": 0,
            "group_technique_pairs": 1,
            "software_technique_pairs": 0,
            "mitigation_technique_pairs": 0,
            "technique_data_component_pairs": 0,
            "revoked_resolved": 0,
        }
        assert done == {
            "attack": attack,
            "rules": {"sigma": {"rules": 2, "technique_pairs": 3, "techniques": 2, "not_placed": 1}},
            "templates": {},
            "compliance": {},
            "d3fend": {"countermeasures": 0, "pairs": 0, "techniques": 0, "not_placed": 0},
            "coverage": {"techniques_with_enabled_rule": 2, "percent": 100.0, "denominator": 2},
            "tests": dict.fromkeys(
                ("draft", "red_executing", "blue_evaluating", "in_review", "validated", "rejected", "cancelled"), 0
            ),
            "domains": {"enterprise-attack": attack},
        }

    def test_of_an_empty_instance(self, aegis: Aegis) -> None:
        done = _json(aegis("stats", "--json"))
        assert (done["attack"], done["rules"], done["coverage"]["percent"]) == (None, {}, None)
        assert "coverage" in aegis("stats").stdout

    def test_without_enterprise_the_only_domain_counts(self, aegis: Aegis, tmp_path: Path) -> None:
        path = tmp_path / "ics-attack-18.1.json"
        path.write_bytes(stix.packed(*stix.FRAME, stix.technique(1, "T0800", "x", chain="mitre-ics-attack")))
        aegis("sync", "attack", "--from", path)
        assert _json(aegis("stats", "--json"))["attack"]["domain"] == "ics-attack"
        assert _json(aegis("stats", "--json", "--domain", "enterprise"))["attack"] is None


def test_templates_are_synced_and_counted(aegis: Aegis, bundle: Path, tmp_path: Path) -> None:
    aegis("sync", "attack", "--from", bundle)
    folder = tmp_path / "atomics"
    folder.mkdir()
    (folder / "a.yaml").write_text(atomic_file("T9999", atomic_test(1), atomic_test(2)))
    done = aegis("sync", "atomic", "--from", folder)
    assert "  template             2 added\n" in done.stdout
    assert "  2 technique claims not placed on the loaded map\n" in done.stdout
    assert "no change" in aegis("sync", "atomic", "--from", folder).stdout
    assert _json(aegis("stats", "--json"))["templates"] == {
        "atomic": {
            "templates": 2,
            "techniques": 0,
            "not_placed": 2,
            "by_platform": {"IaaS": 2, "Windows": 2},
            "by_named_platform": {"iaas:aws": 2, "iaas:gcp": 2, "windows": 2},
        }
    }


def test_sources(aegis: Aegis, bundle: Path, tmp_path: Path) -> None:
    aegis("sync", "attack", "--from", bundle)
    aegis("sync", "sigma", "--from", _rules(tmp_path))
    attack, sigma, *others = _json(aegis("sources", "--json"))
    assert attack["loaded"] == ["Enterprise 18.1"]
    assert attack["figures"] == {"techniques": 1, "sub-techniques": 1}
    assert (attack["last"]["state"], attack["active"], attack["schedule_minutes"]) == ("succeeded", None, None)
    assert sigma["figures"] == {"rules": 2, "enabled": 2, "technique claims not placed": 1}
    assert [one["source"] for one in others] == list(SOURCES)[2:]
    assert not any(one["loaded"] for one in others)
    said = aegis("sources").stdout
    assert "attack   Enterprise 18.1\n         1 techniques, 1 sub-techniques\n" in said
