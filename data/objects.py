"""Files that people bring: a local folder, or an S3-compatible bucket, named by one URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import LocalStore, from_url

from domain.errors import NotFound

_CHUNK = 8 * 1024 * 1024


@dataclass(slots=True)
class _State:
    url: str | None = None
    store: Any = None


_state = _State()


def configure(object_store_url: str) -> None:
    """Set the process's object store: `file:///folder` or `s3://bucket/prefix`. Nothing is opened before it is used."""
    _state.url, _state.store = object_store_url, None


def put(key: str, stream: IO[bytes]) -> None:
    """Keep a stream under `key`; a failed upload leaves nothing behind."""
    obstore.put(_store(), key, stream, chunk_size=_CHUNK)


@contextmanager
def as_file(key: str, *, suffix: str = "") -> Iterator[Path]:
    """The object as a file on this host for the length of the block, whatever store it is in."""
    try:
        found = obstore.get(_store(), key)
        with NamedTemporaryFile(suffix=suffix) as file:
            for chunk in found.stream(min_chunk_size=_CHUNK):
                file.write(bytes(chunk))
            file.flush()
            yield Path(file.name)
    except FileNotFoundError as error:
        raise NotFound("The uploaded file is no longer kept; upload it again.") from error


def delete(key: str) -> None:
    """Forget an object; one that is gone already is fine."""
    try:
        obstore.delete(_store(), key)
    except FileNotFoundError:
        return


def _store() -> Any:
    if _state.store is None:
        if _state.url is None:
            raise RuntimeError("data.objects.configure() has not been called in this process.")
        parts = urlsplit(_state.url)
        if parts.scheme == "file":
            _state.store = LocalStore(unquote(parts.path), mkdir=True)
        else:
            _state.store = from_url(_state.url)
    return _state.store
