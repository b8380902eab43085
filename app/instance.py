"""One installation of Aegis: a data directory, its settings, and the services behind it, embedded or elsewhere."""

import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app import private_files
from app.settings import ROOT, Settings, load, use
from domain.errors import AegisError

if TYPE_CHECKING:
    from app.embedded.postgres import Cluster
    from app.embedded.redis import RedisServer

SECRETS = "secrets.json"


class BadDataDirectory(AegisError):
    code = "bad_data_directory"
    status = 500


class Instance:
    """`Instance.open()` finds or makes the data directory; `services()` keeps PostgreSQL and Redis running."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.directory = directory
        self._read = settings

    @classmethod
    def open(cls, data_dir: Path | None = None) -> "Instance":
        """The instance in `data_dir` (default: AEGIS_DATA_DIR, else `.aegis` in the checkout).

        Makes the directory (0700) and its secrets when new, and makes its settings the process's. Raises BadSettings or
        BadDataDirectory.
        """
        settings = load(**({} if data_dir is None else {"data_dir": data_dir}))
        directory = (settings.data_dir or default_directory()).expanduser().absolute()
        _make_private(directory)
        instance = cls(directory, settings)
        use(instance.settings)
        return instance

    @cached_property
    def settings(self) -> Settings:
        """The settings with everything resolved: addresses of the services, secret key, object store."""
        return self._read.model_copy(
            update={
                "data_dir": self.directory,
                "database_url": self._read.database_url or self.cluster.url,
                "redis_url": self._read.redis_url or self.redis.url,
                "secret_key": self._secret_key(),
                "object_store_url": self._read.object_store_url or (self.directory / "objects").as_uri(),
            }
        )

    @property
    def embedded_database(self) -> bool:
        return self._read.database_url is None

    @property
    def embedded_redis(self) -> bool:
        return self._read.redis_url is None

    @cached_property
    def cluster(self) -> "Cluster":
        """The embedded PostgreSQL of this directory, used or not."""
        from app.embedded.postgres import Cluster

        return Cluster(self.directory / "postgres")

    @cached_property
    def redis(self) -> "RedisServer":
        """The embedded Redis of this directory, used or not."""
        from app.embedded.redis import RedisServer

        return RedisServer(self.directory / "redis")

    @property
    def logs(self) -> Path:
        """Folder of log files, made when first asked for."""
        folder = self.directory / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @contextmanager
    def services(self, *, redis: bool = False) -> Iterator["Instance"]:
        """PostgreSQL (and Redis when asked) run for the length of the block.

        Embedded ones are started when they do not run, shared with every other process that uses them, and stopped when
        the last has left; nothing is started for those that are elsewhere.
        """
        with ExitStack() as stack:
            if self.embedded_database:
                stack.enter_context(self.cluster)
            if redis and self.embedded_redis:
                stack.enter_context(self.redis)
            yield self

    def ensure_services(self) -> list[str]:
        """Start embedded services that ended by themselves while in use; returns the names of those."""
        ended = [service for service in self._embedded() if not service.running()]
        for service in ended:
            service.ensure_running()
        return [service.name for service in ended]

    def _embedded(self) -> "list[Cluster | RedisServer]":
        return [*([self.cluster] if self.embedded_database else []), *([self.redis] if self.embedded_redis else [])]

    def _secret_key(self) -> SecretStr:
        if self._read.secret_key.get_secret_value():
            return self._read.secret_key
        return SecretStr(_kept_secrets(self.directory / SECRETS)["secret_key"])


def default_directory() -> Path:
    """`.aegis` in the checkout when that can be written, else the user's data folder."""
    here = ROOT / ".aegis"
    if os.access(here if here.exists() else ROOT, os.W_OK):
        return here
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "aegis"


def _make_private(directory: Path) -> None:
    """The directory exists, is ours, and nobody else sees into it."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadDataDirectory(f"The data directory {directory} cannot be made ({error.strerror}).") from error
    found = directory.stat()
    if found.st_uid != os.geteuid():
        import pwd

        owner = pwd.getpwuid(found.st_uid).pw_name
        raise BadDataDirectory(
            f"The data directory {directory} belongs to {owner}; "
            f"run this as {owner}, or choose another with --data-dir."
        )
    if not (directory / SECRETS).exists():
        if any(not file.name.startswith(SECRETS) for file in directory.iterdir()):
            raise BadDataDirectory(
                f"{directory} is no data directory of Aegis and not empty; choose an empty or new one with --data-dir."
            )
        _kept_secrets(directory / SECRETS)
    mode, group = _private_mode(directory)
    if stat.S_IMODE(found.st_mode) != mode or (group is not None and found.st_gid != group):
        if group is not None:
            os.chown(directory, -1, group)
        directory.chmod(mode)


def _private_mode(directory: Path) -> tuple[int, int | None]:
    """Mode and group: 0700; as root 0710, so that the account PostgreSQL is dropped to may pass to its folder."""
    if os.geteuid() != 0:
        return 0o700, None
    from app.embedded.accounts import unprivileged

    account = unprivileged(directory / "postgres" / "pgdata")
    return 0o710, account.gid if account else None


def _kept_secrets(path: Path) -> dict[str, str]:
    """The secrets of this directory, made at first use."""
    kept: dict[str, str] = json.loads(private_files.keep(path, json.dumps({"secret_key": secrets.token_urlsafe(48)})))
    return kept
