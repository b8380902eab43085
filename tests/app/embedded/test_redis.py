"""Embedded Redis: which program is taken, and what survives."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from app.embedded import redis as embedded
from app.embedded.redis import RedisServer
from domain.errors import Unavailable


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path / "re dis")
    made.start()
    yield made
    made.destroy()


def client(server: RedisServer) -> "redis.Redis":
    return redis.Redis.from_url(server.url)


def test_answers_on_a_socket_only(server: RedisServer) -> None:
    assert client(server).ping()
    assert client(server).config_get("port")["port"] == "0"
    assert server.socket.parent.stat().st_mode & 0o077 == 0


def test_its_clients_can_be_listed(server: RedisServer) -> None:
    # redis-py misreads CLIENT INFO when the socket's path holds a blank; RQ asks for it at every start.
    assert " " in str(server.path)
    assert " " not in str(client(server).client_info()["laddr"])


def test_queues_outlive_a_restart(server: RedisServer) -> None:
    client(server).rpush("queue", "job")
    server.stop()
    server.start()
    assert client(server).lrange("queue", 0, -1) == [b"job"]


def test_only_keys_with_an_expiry_are_evicted(server: RedisServer) -> None:
    assert client(server).config_get("maxmemory-policy")["maxmemory-policy"] == "volatile-lru"


def test_it_ends_although_its_folder_was_deleted(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    server.start()
    client(server).set("unsaved", "1")  # Redis refuses SIGTERM when it cannot save
    process = psutil.Process(server.pid)
    shutil.rmtree(server.path)
    server.stop()
    with contextlib.suppress(psutil.NoSuchProcess):
        process.wait(30)
    assert not process.is_running()


def test_a_server_on_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "valkey-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.program() == str(program)


def test_without_any_program_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(embedded, "WHEELS", ())
    with pytest.raises(Unavailable, match="install redis-server or valkey-server"):
        embedded.program()
