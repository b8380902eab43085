"""`./aegis` itself: when an environment is good, which one is taken, what is said when there is no Python for it."""

import ast
import json
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from app.settings import ROOT

ENTRY = ROOT / "aegis"


@pytest.fixture
def launcher() -> ModuleType:
    specification = spec_from_loader("launcher", SourceFileLoader("launcher", str(ENTRY)))
    assert specification
    assert specification.loader
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def environment(tmp_path: Path, launcher: ModuleType) -> Path:
    """A folder that looks like a finished environment; its interpreter hands over to the one that runs the tests."""
    folder = tmp_path / "the environment"
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    stamp = {kind: launcher.digest(lock) for kind, lock in launcher.LOCKS.items()} | {"python": str(python)}
    (folder / launcher.STAMP).write_text(json.dumps(stamp))
    return folder


def run(*arguments: str, entry: Path = ENTRY, cwd: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(entry), *arguments], cwd=cwd, env=os.environ | variables, capture_output=True, text=True, check=False
    )


def test_runs_from_anywhere_through_a_link(environment: Path, tmp_path: Path) -> None:
    link = tmp_path / "a link"
    link.symlink_to(ENTRY)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit('the wrong app')")
    done = run("--help", entry=link, cwd=tmp_path, AEGIS_VENV=str(environment))
    assert done.returncode == 0
    assert "./aegis" in done.stdout


def test_relative_paths_mean_the_callers_folder(environment: Path, tmp_path: Path) -> None:
    run("db", "url", "--data-dir", "here", cwd=tmp_path, AEGIS_VENV=str(environment))
    assert (tmp_path / "here" / "secrets.json").exists()


def test_test_runs_pytest_in_the_checkout(environment: Path, tmp_path: Path) -> None:
    done = run("test", "--collect-only", "-q", "tests/app/test_launcher.py", cwd=tmp_path, AEGIS_VENV=str(environment))
    assert "test_test_runs_pytest_in_the_checkout" in done.stdout


def test_a_finished_environment_is_ready(launcher: ModuleType, environment: Path) -> None:
    assert launcher.ready(str(environment), "runtime")
    assert launcher.ready(str(environment), "dev")


@pytest.mark.parametrize("harm", ["lock", "interpreter", "interrupted", "gone", "no stamp"])
def test_anything_else_is_not(launcher: ModuleType, environment: Path, harm: str) -> None:
    stamp = environment / launcher.STAMP
    if harm == "lock":
        stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"runtime": "0" * 64}))
    elif harm == "interpreter":
        (environment / "bin" / "python").unlink()
        (environment / "bin" / "python").symlink_to(sys.executable)
    elif harm == "interrupted":
        (environment / launcher.UNFINISHED).touch()
    elif harm == "gone":
        (environment / "bin" / "python").unlink()
    else:
        stamp.unlink()
    assert not launcher.ready(str(environment), "runtime")


def test_a_checkout_that_cannot_be_written_uses_the_cache(
    launcher: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AEGIS_VENV", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    beside, cached = launcher.candidates()
    assert beside == str(ROOT / ".venv")
    assert cached.startswith(str(tmp_path / "aegis"))


def test_the_wrong_python_looks_for_a_right_one(
    launcher: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python3.12"
    python.write_text("#!/bin/sh\necho 3 12\n")
    python.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(launcher.sys, "version_info", (3, 9, 1))
    assert launcher.find_python() == str(python)


def test_no_python_is_one_sentence(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launcher, "usable", lambda _python: False)
    monkeypatch.setattr(launcher.sys, "version_info", (3, 9, 1))
    with pytest.raises(SystemExit):
        launcher.find_python()
    assert capsys.readouterr().err == (
        "Error: Aegis needs Python 3.11 or 3.12; this is 3.9 and no python3.12 or python3.11 was found.\n"
    )


def test_emptying_keeps_the_lock_that_others_wait_for(launcher: ModuleType, environment: Path) -> None:
    (environment / ".lock").touch()
    launcher.empty(str(environment))
    assert [path.name for path in environment.iterdir()] == [".lock"]


def test_an_old_python_can_read_it() -> None:
    ast.parse(ENTRY.read_text(), feature_version=(3, 6))
