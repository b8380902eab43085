"""A file that a person sends in a form: taken within its limit, or kept for the job that will read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO, NamedTuple
from uuid import uuid4

from flask import current_app, request

from data import objects
from domain.errors import BadInput

FORM_ROOM = 64 * 1024  # bytes of a multipart body around the file
_NAME_MAX = 120


def within(limit: int) -> int:
    """Bytes a file of at most `limit` may have on this instance."""
    return int(min(limit, current_app.config["AEGIS"].max_upload_mb * 1024 * 1024))


class Sent(NamedTuple):
    stream: IO[bytes]
    name: str  # as the sender's machine had it


def taken(limit: int, *, room: int = FORM_ROOM) -> Sent:
    """The multipart field `file`, in a body of at most `limit` and `room` bytes; who reads it holds it to the byte.

    Raises BadInput, or 413 where the body is longer.
    """
    request.max_content_length = limit + room
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadInput("Choose a file first.", errors={"file": "missing"})
    return Sent(file.stream, file.filename)


@contextmanager
def kept_for_a_job(folder: str, limit: int) -> Iterator[dict[str, str]]:
    """{kind, key, name} of the field `file`, kept under uploads/`folder`; gone again when the block raises."""
    file = taken(within(limit), room=0)
    name = PurePath(file.name.replace("\\", "/")).name[-_NAME_MAX:]
    key = f"uploads/{folder}/{uuid4().hex}/{name}"
    objects.put(key, file.stream)
    try:
        yield {"kind": "upload", "key": key, "name": name}
    except Exception:
        objects.delete(key)
        raise
