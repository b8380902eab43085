"""PostgreSQL refuses to run as root: who it runs as instead, and what that account can reach."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Unavailable

PREFERRED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An operating system account a service is dropped to."""

    name: str
    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Whether this account may enter `path` (a directory) or execute it (a file)."""
        probe = subprocess.run(  # noqa: S603 # a fixed program, the path as an argument of its own
            ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
            user=self.uid, group=self.gid, extra_groups=[], cwd="/", check=False, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return probe.returncode == 0


def unprivileged(existing: Path | None = None) -> Account | None:
    """The account a server must be dropped to, or None when we are not root and it simply runs as us.

    `existing`: a directory the server already owns; its owner is kept, whatever has been installed since.
    """
    if os.geteuid() != 0:
        return None
    if existing is not None and existing.exists() and existing.stat().st_uid != 0:
        owner = existing.stat()
        try:
            name = pwd.getpwuid(owner.st_uid).pw_name
        except KeyError:
            name = str(owner.st_uid)
        return Account(name, owner.st_uid, owner.st_gid)
    for name in PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise Unavailable(
        "PostgreSQL cannot run as root and there is no account named postgres or nobody; "
        "create one, run Aegis as an ordinary user, or set DATABASE_URL."
    )
