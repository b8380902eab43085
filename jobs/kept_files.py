"""Uploaded files that are looked through before anything is done with them: kept for their owner, for a day."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import PurePosixPath
from typing import IO
from uuid import UUID, uuid4

from data import objects
from data.database import Actor
from domain.errors import NotFound

KEPT = timedelta(days=1)
_PREFIX = "imports"
_NAME_MAX = 120


def keep(actor: Actor, stream: IO[bytes], name: str) -> UUID:
    """Keep an uploaded file for its owner; returns its id."""
    upload_id = uuid4()
    plain = re.sub(r"[^A-Za-z0-9._() -]", "_", PurePosixPath(name.replace("\\", "/")).name)[-_NAME_MAX:]
    objects.put(f"{_folder(actor, upload_id)}/{plain}", stream)
    return upload_id


def content(actor: Actor, upload_id: UUID) -> tuple[bytes, str]:
    """What a file holds, and its name. Raises NotFound."""
    key = _key(actor, upload_id)
    with objects.as_file(key) as path:
        return path.read_bytes(), PurePosixPath(key).name


def size(actor: Actor, upload_id: UUID) -> tuple[int, str]:
    """Bytes and name of a kept file. Raises NotFound."""
    key = _key(actor, upload_id)
    return objects.size(key), PurePosixPath(key).name


def discard(actor: Actor, upload_id: UUID) -> None:
    objects.delete(_key(actor, upload_id))


def sweep(now: datetime | None = None) -> int:
    """Forget files that nobody used within a day; returns how many."""
    old = list(chain.from_iterable(objects.older_than(f"{_PREFIX}/", (now or datetime.now(UTC)) - KEPT)))
    for key in old:
        objects.delete(key)
    return len(old)


def _folder(actor: Actor, upload_id: UUID) -> str:
    """Files are found in the folder of whoever brought them only."""
    return f"{_PREFIX}/{actor.id}/{upload_id}"


def _key(actor: Actor, upload_id: UUID) -> str:
    tomorrow = datetime.now(UTC) + KEPT
    keys: Iterator[str] = chain.from_iterable(objects.older_than(f"{_folder(actor, upload_id)}/", tomorrow))
    found = next(keys, None)
    if found is None:
        raise NotFound("This file is no longer kept: it was imported, discarded or is older than a day.")
    return found
