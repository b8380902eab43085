"""Embedded PostgreSQL: starting, sharing, ending, and coming back after everything was killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from app.embedded import accounts, postgres
from app.embedded.postgres import Cluster
from domain.errors import Unavailable

pytestmark = pytest.mark.long

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("embedded") / "post gres", fsync=False)
    cluster.start()
    yield cluster
    cluster.destroy()


@pytest.fixture
def cluster(made: Cluster) -> Cluster:
    """Running, whatever the test before did to it."""
    made.start()
    return made


def ask(cluster: Cluster, statement: str) -> object:
    with psycopg.connect(cluster.url) as connection:
        row = connection.execute(statement).fetchone()
        return row[0] if row else None


def keeper_of(cluster: Cluster) -> psutil.Process:
    assert cluster.pid
    parent = psutil.Process(cluster.pid).parent()
    assert parent
    return parent


def gone(*processes: psutil.Process) -> None:
    """Wait until they have ended, reaped or not."""
    for process in processes:
        try:
            while process.status() != psutil.STATUS_ZOMBIE:
                process.wait(20)
        except psutil.NoSuchProcess:
            continue


def test_is_postgresql_18_with_utf8_and_utc(cluster: Cluster) -> None:
    assert int(str(ask(cluster, "SHOW server_version_num"))) >= 180_000
    assert ask(cluster, "SHOW server_encoding") == "UTF8"
    assert ask(cluster, "SHOW timezone") == "UTC"
    assert ask(cluster, "SELECT lower('ÄÖ')") == "äö"


def test_listens_on_no_port_and_asks_for_the_password(cluster: Cluster) -> None:
    assert ask(cluster, "SHOW listen_addresses") == ""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.url.replace(cluster.password, "guess"))


def test_nobody_else_sees_socket_or_password(cluster: Cluster) -> None:
    assert cluster.socket_directory.stat().st_mode & 0o077 == 0
    assert (cluster.path / "password").stat().st_mode & 0o077 == 0
    assert cluster.data.stat().st_mode & 0o077 == 0


@as_root
def test_root_drops_to_an_ordinary_account(cluster: Cluster) -> None:
    assert psutil.Process(cluster.pid).uids().real != 0


@as_root
def test_data_lies_elsewhere_when_the_account_cannot_reach_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with Cluster(tmp_path / "pg", fsync=False) as cluster:
        assert cluster.home.parent == postgres.ELSEWHERE
        assert Cluster(tmp_path / "pg").home == cluster.home
        home = cluster.home
    cluster.destroy()
    assert not home.exists()


@as_root
def test_a_lost_home_is_an_error_and_not_an_empty_database(tmp_path: Path) -> None:
    pointer = tmp_path / "pg" / "location"
    pointer.parent.mkdir()
    pointer.write_text("/var/lib/aegis/not-here")
    (tmp_path / "pg" / "server.log").touch()
    with pytest.raises(Unavailable, match="which is gone"):
        Cluster(tmp_path / "pg").start()


@as_root
def test_programs_are_copied_when_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ELSEWHERE", tmp_path / "elsewhere")
    monkeypatch.setattr(accounts.Account, "reaches", lambda _self, _path: False)
    cluster = Cluster(tmp_path / "pg")
    program = cluster.programs / "postgres"
    assert program.is_relative_to(tmp_path / "elsewhere")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("postgres (PostgreSQL) 18")


def test_data_outlives_a_restart(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    pid = cluster.pid
    cluster.stop()
    assert not cluster.running()
    cluster.start()
    assert cluster.pid != pid
    assert ask(cluster, "SELECT answer FROM kept") == 42


def test_the_last_one_out_stops_it(cluster: Cluster) -> None:
    other = Cluster(cluster.path)
    other.start()
    assert other.pid == cluster.pid
    cluster.stop()
    assert other.running()
    assert ask(other, "SELECT 1") == 1
    other.stop()
    assert not other.running()


def test_it_ends_when_its_only_user_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "pg"
    script = (
        "import sys, time; from pathlib import Path; from app.embedded.postgres import Cluster\n"
        "Cluster(Path(sys.argv[1]), fsync=False).start(); print('up', flush=True); time.sleep(600)"
    )
    user = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)
    assert user.stdout
    assert user.stdout.readline() == b"up\n"
    cluster = Cluster(path, fsync=False)
    server, keeper = psutil.Process(cluster.pid), keeper_of(cluster)
    user.kill()
    user.wait()
    gone(server, keeper)
    assert not cluster.running()
    cluster.destroy()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal")
def test_it_ends_when_its_keeper_is_killed(cluster: Cluster) -> None:
    server, keeper = psutil.Process(cluster.pid), keeper_of(cluster)
    keeper.kill()
    gone(server)
    assert not cluster.running()
    cluster.ensure_running()
    assert ask(cluster, "SELECT 1") == 1


def test_it_comes_back_after_a_hard_kill(cluster: Cluster) -> None:
    server, keeper = psutil.Process(cluster.pid), keeper_of(cluster)
    for process in (keeper, server):
        process.suspend()  # so that neither can tidy up after the other
    keeper.kill()
    server.kill()
    gone(server, keeper)
    assert (cluster.data / "postmaster.pid").exists()
    cluster.ensure_running()
    assert ask(cluster, "SELECT 1") == 1


def test_a_pid_file_that_names_a_strange_process_does_not_matter(cluster: Cluster) -> None:
    cluster.stop()
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n0\n5432\n")
    (cluster.path / "service.pid").write_text(f'{{"keeper": {os.getpid()}, "pid": {os.getpid()}}}')
    assert not cluster.running()
    cluster.start()
    assert ask(cluster, "SELECT 1") == 1


def test_an_interrupted_initdb_is_done_again(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "pg", fsync=False)
    half = cluster.home / "pgdata.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with cluster:
        assert ask(cluster, "SELECT 1") == 1
    cluster.destroy()


def test_failure_to_start_quotes_the_log(cluster: Cluster) -> None:
    cluster.stop()
    with (cluster.data / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(Unavailable, match=r"stopped while starting.*no_such_setting"):
        cluster.start()
    (cluster.data / "postgresql.conf").write_text("")
    cluster.start()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 60) / ("y" * 60)
    path.mkdir(parents=True)
    cluster = Cluster(path / "pg", fsync=False)
    with cluster:
        assert len(os.fsencode(cluster.socket_directory / postgres.SOCKET)) <= 103
    cluster.destroy()


def test_stopping_is_prompt_with_clients_connected(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url) as connection:
        server = psutil.Process(cluster.pid)
        cluster.stop()
        gone(server)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
