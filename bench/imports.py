"""Imports of the real files into an empty database, beside what it costs only to read and decode them."""

import gzip
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import psycopg
import yaml
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from bench.figures import Figure
from bench.timing import once
from data import database, migrate
from jobs import syncs

GROUP = "Imports"
_ATTACK, _VERSION = "attack/enterprise-attack-18.1.json.gz", "18.1"
_SIGMA = "sigma/sigma-master.zip"
_DATABASE = "bench_imports"


def measure(server_url: str, files: Path, rounds: int, say: Callable[[str], None]) -> Iterator[Figure]:
    """`server_url` is a database of the server on which a database of our own may be made and dropped."""
    ours = make_url(database.libpq_url(server_url)).set(database=_DATABASE).render_as_string(hide_password=False)
    taken: dict[str, list[float]] = {"full": [], "again": [], "sigma": [], "sigma again": []}
    bare: dict[str, list[float]] = {"attack": [], "sigma": []}
    for number in range(rounds):
        say(f"imports, {number + 1} of {rounds}")
        _new_database(server_url, ours)
        database.configure(ours, application_name="bench")
        bare["attack"].append(once(lambda: _decode_attack(files / _ATTACK)))
        taken["full"].append(once(lambda: _sync("attack", files / _ATTACK, _VERSION)))
        taken["again"].append(once(lambda: _sync("attack", files / _ATTACK, _VERSION)))
        bare["sigma"].append(once(lambda: _decode_sigma(files / _SIGMA)))
        taken["sigma"].append(once(lambda: _sync("sigma", files / _SIGMA)))
        taken["sigma again"].append(once(lambda: _sync("sigma", files / _SIGMA)))
    database.dispose()
    _drop(server_url)
    for name, what, against, target in (
        ("full", "ATT&CK Enterprise 18.1, whole bundle", "attack", 5.0),
        ("again", "the same again, unchanged", "attack", 1.5),
        ("sigma", "all Sigma rules", "sigma", 6.0),
        ("sigma again", "the same again, unchanged", "sigma", None),
    ):
        yield Figure(
            GROUP, what, median(taken[name]), unit="s", n=rounds, p95=max(taken[name]) if rounds > 1 else None,
            baseline=median(bare[against]), baseline_name="reading and decoding the file", target=target,
        )  # fmt: skip


def load_map(files: Path) -> None:
    """Bring the configured database to the real, whole ATT&CK, or to the baseline where the files are not."""
    if (files / _ATTACK).exists():
        _sync("attack", files / _ATTACK, _VERSION)
    else:
        syncs.sync_in_place("attack", input={"kind": "built_in"})


def _sync(source: str, file: Path, version: str | None = None) -> Any:
    return syncs.sync_in_place(source, input={"kind": "path", "path": str(file)}, version=version)


def _decode_attack(file: Path) -> int:
    return len(orjson.loads(gzip.decompress(file.read_bytes()))["objects"])


def _decode_sigma(file: Path) -> int:
    count = 0
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if name.endswith(".yml"):
                count += len(yaml.load(archive.read(name), Loader=yaml.CSafeLoader) or {})
    return count


def _new_database(server_url: str, ours: str) -> None:
    _drop(server_url)
    with psycopg.connect(database.libpq_url(server_url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_DATABASE}")
    engine = create_engine(database.psycopg_url(ours))
    migrate.upgrade(engine)
    engine.dispose()


def _drop(server_url: str) -> None:
    database.dispose()
    with psycopg.connect(database.libpq_url(server_url), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
