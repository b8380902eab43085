"""What `aegis doctor` finds, and that one broken thing does not hide the others."""

from pathlib import Path

import pytest

from app import doctor
from app.doctor import FAILED, OK, WARNING, Finding
from app.embedded import postgres
from app.instance import Instance


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "AEGIS_DATABASE_URL", "AEGIS_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("app.settings._state.settings", None)


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.about: finding.state for finding in findings}


def test_lines_of_a_lock_file_that_apply_here() -> None:
    text = (
        "# a comment\n"
        "alpha==1.0 \\\n    --hash=sha256:00\n"
        'beta[extra]==2.0.1 ; sys_platform == "nowhere" \\\n    --hash=sha256:00\n'
        'gamma==3 ; python_version >= "3.11" \\\n    --hash=sha256:00\n'
        "    # via alpha\n"
    )
    assert dict(doctor.locked(text)) == {"alpha": "1.0", "gamma": "3"}


def test_the_installed_packages_are_those_of_the_lock_file() -> None:
    assert states(list(doctor.packages())) == {"Packages": OK}


def test_wrong_and_missing_packages_are_named(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("rich==0.0.1\nno-such-package==1\n")
    (finding,) = doctor.packages(lock)
    assert finding.state == FAILED
    assert "rich is " in finding.words
    assert "no-such-package is missing" in finding.words


def test_servers_that_do_not_answer_are_findings_not_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    found = states(doctor.examine(tmp_path / "data"))
    assert found["PostgreSQL"] == found["Redis"] == FAILED
    assert found["Packages"] == found["Data directory"] == OK


def test_wrong_settings_are_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_PORT", "nowhere")
    findings = doctor.examine(tmp_path / "data")
    assert findings[-1].state == FAILED
    assert "AEGIS_PORT" in findings[-1].words


def test_an_open_data_directory_fails(tmp_path: Path) -> None:
    instance = Instance.open(tmp_path / "data")
    instance.directory.chmod(0o755)
    assert states(list(doctor.directory(instance)))["Data directory"] == FAILED


def test_readable_secrets_fail(tmp_path: Path) -> None:
    instance = Instance.open(tmp_path / "data")
    (instance.directory / "secrets.json").chmod(0o644)
    assert states(list(doctor.directory(instance)))["Data directory"] == FAILED


def test_a_check_that_breaks_is_a_finding() -> None:
    def broken() -> None:
        raise ValueError("what a surprise\nwith a second line")

    (finding,) = doctor._run("Thing", broken)  # type: ignore[arg-type]
    assert (finding.state, finding.words) == (FAILED, "could not be checked: what a surprise")


def test_databases_without_their_data_directory_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ELSEWHERE", tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    for name, owner in (("one", tmp_path / "gone"), ("two", tmp_path)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "belongs-to").write_text(f"{owner}\n")
    (finding,) = doctor.leftovers()
    assert finding.state == WARNING
    assert "1 in" in finding.words
    assert "one" in finding.words
