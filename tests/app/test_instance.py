"""An instance: its directory, its secrets, and the services behind it."""

import os
from pathlib import Path

import psycopg
import pytest

from app.instance import BadDataDirectory, Instance
from app.settings import use


@pytest.fixture(autouse=True)
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "AEGIS_DATABASE_URL", "AEGIS_REDIS_URL", "AEGIS_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("app.settings._state.settings", None)


def test_the_directory_is_made_and_closed_to_others(tmp_path: Path) -> None:
    instance = Instance.open(tmp_path / "deep" / "data")
    assert instance.directory.stat().st_mode & 0o067 == 0
    assert (instance.directory / "secrets.json").stat().st_mode & 0o077 == 0


def test_an_open_directory_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    Instance.open(tmp_path)
    assert tmp_path.stat().st_mode & 0o067 == 0


def test_the_secret_is_made_once(tmp_path: Path) -> None:
    first = Instance.open(tmp_path).settings.secret_key.get_secret_value()
    assert len(first) >= 32
    assert Instance.open(tmp_path).settings.secret_key.get_secret_value() == first


def test_a_given_secret_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_SECRET_KEY", "k" * 40)
    assert Instance.open(tmp_path).settings.secret_key.get_secret_value() == "k" * 40


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    mode = tmp_path.stat().st_mode
    with pytest.raises(BadDataDirectory, match="not empty"):
        Instance.open(tmp_path)
    assert tmp_path.stat().st_mode == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_accounts_folder_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(BadDataDirectory, match="belongs to nobody"):
        Instance.open(tmp_path)


def test_settings_are_resolved_and_become_the_processs(tmp_path: Path) -> None:
    from app.settings import get_settings

    instance = Instance.open(tmp_path / "data")
    assert get_settings() == instance.settings
    assert str(instance.settings.database_url).startswith("postgresql://aegis:")
    assert str(instance.settings.redis_url).startswith("unix:///")
    assert instance.settings.object_store_url == (tmp_path / "data" / "objects").as_uri()
    use(None)


def test_nothing_is_started_for_services_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/aegis")
    monkeypatch.setenv("REDIS_URL", "redis://cache")
    instance = Instance.open(tmp_path)
    with instance.services(redis=True):
        assert instance.settings.database_url == "postgresql://db/aegis"
    assert not (tmp_path / "postgres").exists()


def test_services_run_for_the_block_and_are_shared(tmp_path: Path) -> None:
    first, second = Instance.open(tmp_path / "data"), Instance.open(tmp_path / "data")
    with first.services(redis=True):
        with second.services():
            assert second.cluster.pid == first.cluster.pid
            assert first.redis.running()
        with psycopg.connect(str(first.settings.database_url)) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("aegis",)
        assert first.ensure_services() == []
    assert not first.cluster.running()
    assert not first.redis.running()
    first.cluster.destroy()


def test_a_service_that_ended_is_started_again(tmp_path: Path) -> None:
    import psutil

    instance = Instance.open(tmp_path / "data")
    with instance.services(redis=True):
        psutil.Process(instance.redis.pid).kill()
        while instance.redis.running():
            pass
        assert instance.ensure_services() == ["Redis"]
        assert instance.redis.running()
    instance.cluster.destroy()
