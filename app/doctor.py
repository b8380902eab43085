"""The examination behind `aegis doctor`: each check looks at one thing and never stops the others."""

import importlib.metadata
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.instance import Instance
from app.settings import ROOT, Settings, unknown_variables
from domain.errors import AegisError

OK, WARNING, FAILED = "ok", "warning", "failed"
OLDEST_POSTGRESQL = 180_000
OLDEST_REDIS = (6, 2)
LOW_DISK, NO_DISK = 2_000_000_000, 300_000_000
CLOCK_SECONDS = 5.0
SILENT_SECONDS = 150.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: a sentence, and what to do where something is wrong."""

    about: str
    state: str
    words: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


Check = Callable[[], Iterator[Finding]]


def examine(data_dir: Path | None) -> list[Finding]:
    """All findings, most basic first; services are started for the examination when they do not run."""
    findings = [*_run("Python", python), *_run("Packages", packages)]
    try:
        instance = Instance.open(data_dir)
    except AegisError as error:
        return [
            *findings,
            Finding("Settings", FAILED, error.detail, "Correct them and run this again; see docs/settings.md."),
        ]
    findings += _run("Settings", lambda: settings(instance.settings))
    findings += _run("Data directory", lambda: directory(instance))
    try:
        with instance.services(redis=True):
            from app.processes import configure_data

            configure_data(instance.settings, process="doctor")
            for about, check in (
                ("PostgreSQL", postgresql),
                ("Schema", schema),
                ("Redis", redis),
                ("ATT&CK", attack),
                ("Processes", processes),
            ):
                findings += _run(about, lambda check=check: check(instance))  # type: ignore[misc]
    except AegisError as error:
        findings.append(Finding("Services", FAILED, error.detail))
    return [*findings, *_run("Leftovers", leftovers), *_run("Browser for tests", browser)]


def _run(about: str, check: Check) -> list[Finding]:
    try:
        return list(check())
    except AegisError as error:
        return [Finding(about, FAILED, error.detail)]
    except Exception as error:  # a check that breaks is a finding, and the others still count
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return [Finding(about, FAILED, f"could not be checked: {reason}")]


def python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 12)
    yield Finding(
        "Python", OK if good else FAILED, f"{version} at {sys.executable}", "" if good else "Use Python 3.11 or 3.12."
    )


def packages(lock: Path = ROOT / "requirements.lock") -> Iterator[Finding]:
    """Installed versions beside the lock file's; lines for other systems and Pythons are left out by their markers."""
    wanted = dict(locked(lock.read_text()))
    wrong = []
    for name, version in wanted.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if found != version:
            wrong.append(f"{name} is {found}, not {version}")
    if wrong:
        yield Finding("Packages", FAILED, "; ".join(wrong), "Remove the folder .venv and run ./aegis doctor again.")
    else:
        yield Finding("Packages", OK, f"all {len(wanted)} as in {lock.name}")


def locked(text: str) -> Iterator[tuple[str, str]]:
    """(name, version) of the lines of a lock file that apply here."""
    for line in text.replace("\\\n", " ").splitlines():
        match = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;]+)\s*(?:;\s*(.*?))?\s*(?:--hash|$)", line)
        if match and _applies(match[3]):
            yield match[1], match[2]


def _applies(marker: str | None) -> bool:
    from packaging.markers import Marker

    return not marker or Marker(marker).evaluate()


def settings(found: Settings) -> Iterator[Finding]:
    """Instance.open has refused wrong ones already; what is left is misspelt or worth knowing."""
    mode = "production" if found.production else "development"
    yield Finding("Settings", OK, f"{mode} mode, {found.base_url}, data in {found.data_dir}")
    for name in unknown_variables():
        yield Finding("Settings", WARNING, f"{name} means nothing to Aegis.", "See docs/settings.md for the names.")
    if not found.production and found.host not in {"127.0.0.1", "localhost", "::1"}:
        yield Finding(
            "Settings",
            WARNING,
            f"development mode, but it listens on {found.host}.",
            "Set AEGIS_ENV=production where others can reach it.",
        )


def directory(instance: Instance) -> Iterator[Finding]:
    mode = stat.S_IMODE(instance.directory.stat().st_mode)
    if mode & 0o067:
        yield Finding(
            "Data directory",
            FAILED,
            f"others can look into {instance.directory} (mode {mode:o}).",
            f"chmod 700 {instance.directory}",
        )
    else:
        yield Finding("Data directory", OK, f"{instance.directory}, mode {mode:o}")
    secrets = stat.S_IMODE((instance.directory / "secrets.json").stat().st_mode)
    if secrets & 0o077:
        yield Finding(
            "Data directory",
            FAILED,
            f"others can read its secrets (mode {secrets:o}).",
            f"chmod 600 {instance.directory}/secrets.json",
        )
    places = {instance.directory} | ({instance.cluster.home} if instance.embedded_database else set())
    for place in sorted(place for place in places if place.exists()):
        yield _disk(place)


def _disk(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:.1f} GB free at {place}"
    if free < NO_DISK:
        return Finding("Disk", FAILED, words, "Make room; PostgreSQL stops when the disk is full.")
    return Finding("Disk", WARNING if free < LOW_DISK else OK, words, "Make room soon." if free < LOW_DISK else "")


def postgresql(instance: Instance) -> Iterator[Finding]:
    import psycopg

    try:
        with psycopg.connect(str(instance.settings.database_url), connect_timeout=5) as connection:
            number = connection.info.server_version
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        yield Finding("PostgreSQL", FAILED, f"does not answer: {reason}", "Check DATABASE_URL and the server.")
        return
    version = f"{number // 10000}.{number % 10000}"
    where = f"embedded, in {instance.cluster.home}" if instance.embedded_database else "as DATABASE_URL says"
    if number < OLDEST_POSTGRESQL:
        yield Finding("PostgreSQL", FAILED, f"{version}, {where}; Aegis needs 18.", "Upgrade the server.")
    else:
        yield Finding("PostgreSQL", OK, f"{version}, {where}")


def schema(instance: Instance) -> Iterator[Finding]:
    from app.schema import is_current

    if is_current():
        yield Finding("Schema", OK, "at this version")
    else:
        how = "./aegis up or any other command does it." if instance.embedded_database else "Run ./aegis migrate."
        yield Finding("Schema", WARNING if instance.embedded_database else FAILED, "not at this version", how)


def redis(instance: Instance) -> Iterator[Finding]:
    import redis as library

    client = library.Redis.from_url(str(instance.settings.redis_url), socket_timeout=5, socket_connect_timeout=5)
    try:
        information = client.info("server")
    except library.RedisError as error:
        yield Finding("Redis", FAILED, f"does not answer: {error}", "Check REDIS_URL and the server.")
        return
    version = str(information["redis_version"])
    where = "embedded" if instance.embedded_redis else "as REDIS_URL says"
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        yield Finding("Redis", FAILED, f"{version}, {where}; Aegis needs 6.2.", "Upgrade the server.")
    else:
        yield Finding("Redis", OK, f"{version}, {where}")
    seconds, microseconds = client.time()
    apart = abs(time.time() - (seconds + microseconds / 1e6))
    if apart > CLOCK_SECONDS:
        yield Finding(
            "Clock", FAILED, f"{apart:.0f} seconds apart from the one of Redis.", "Set up time synchronisation (NTP)."
        )
    else:
        yield Finding("Clock", OK, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, as Redis has it")


def attack(instance: Instance) -> Iterator[Finding]:
    from app.schema import is_current
    from data.database import reading
    from data.repositories import attack as releases

    if not is_current():
        yield Finding("ATT&CK", WARNING, "not looked at before the schema is current")
        return
    with reading() as session:
        names = [f"{release.domain} {release.version}" for release in releases.adopted_releases(session)]
    if names:
        yield Finding("ATT&CK", OK, ", ".join(names))
    else:
        yield Finding(
            "ATT&CK", WARNING, "nothing is loaded", "./aegis up loads the baseline; ./aegis sync attack the newest."
        )


def processes(instance: Instance) -> Iterator[Finding]:
    """Web server, workers and scheduler; their absence is a failure only while `aegis up` runs."""
    import redis as library
    from rq.worker import Worker

    from app.boot import answers, running
    from app.scheduler import HEARTBEAT

    up = running(instance)
    absent, advice = (FAILED, "See what ./aegis up prints.") if up else (WARNING, "Start everything with ./aegis up.")
    client = library.Redis.from_url(str(instance.settings.redis_url), socket_timeout=5)
    now = datetime.now(UTC)
    alive = [
        worker
        for worker in Worker.all(connection=client)
        if worker.last_heartbeat and (now - worker.last_heartbeat.replace(tzinfo=UTC)).total_seconds() < SILENT_SECONDS
    ]
    served = {name for worker in alive for name in worker.queue_names()}
    missing = sorted(set(instance.settings.worker_queues) - served)
    if missing:
        yield Finding("Workers", absent, f"{len(alive)} alive; nobody serves {', '.join(missing)}", advice)
    else:
        yield Finding("Workers", OK, f"{len(alive)} alive")
    seen = client.get(HEARTBEAT)
    yield (
        Finding("Scheduler", OK, "alive") if seen else Finding("Scheduler", absent, "none has been seen lately", advice)
    )
    host, port = (up["host"], up["port"]) if up else (instance.settings.local_host, instance.settings.port)
    if answers(host, port):
        yield Finding("Web server", OK, f"answers on port {port}")
    else:
        yield Finding("Web server", absent, f"does not answer on port {port}", advice)


def leftovers() -> Iterator[Finding]:
    """Databases outside their data directory, whose data directory is gone."""
    from app.embedded.postgres import ELSEWHERE

    if os.geteuid() != 0 or not ELSEWHERE.is_dir():
        return
    gone = [
        note.parent for note in sorted(ELSEWHERE.glob("*/belongs-to")) if not Path(note.read_text().strip()).exists()
    ]
    if gone:
        names = ", ".join(folder.name for folder in gone[:5]) + (" and more" if len(gone) > 5 else "")
        words = f"{len(gone)} in {ELSEWHERE} whose data directories are gone: {names}."
        yield Finding("Leftovers", WARNING, words, "Remove them if they were meant to go.")


def browser() -> Iterator[Finding]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found:
        yield Finding("Browser for tests", OK, found)
    else:
        yield Finding(
            "Browser for tests", WARNING, "no Chromium", "Only ./aegis test needs it; on Debian: apt install chromium"
        )
