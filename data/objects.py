"""Files that people bring: a local folder, or an S3-compatible bucket, named by one URL.

`s3://bucket/prefix?endpoint=https://host&region=name`; who Aegis is there, it reads from `AWS_ACCESS_KEY_ID` and
`AWS_SECRET_ACCESS_KEY`, or from the machine's own role.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from domain.errors import NotFound, Unavailable

_CHUNK = 8 * 1024 * 1024
_AT_ONCE = 2  # chunks on their way: what an upload may take of the memory
_LISTED = 1_000
_OPTIONS = ("endpoint", "region")
# People wait for it: a bucket that does not answer is said soon, a large object on a slow line still arrives.
_TIMEOUTS = {"connect_timeout": timedelta(seconds=3), "timeout": timedelta(seconds=120)}
_RETRIES = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
# What the local store writes to before it gives the file its name; a killed process leaves it behind.
_UNFINISHED = re.compile(r".+#\d+")


@dataclass(slots=True)
class _State:
    url: str | None = None
    public_url: str | None = None
    store: Any = None
    public_store: Any = None  # signs for the public address


_state = _State()


def configure(object_store_url: str, public_url: str | None = None) -> None:
    """Set the process's object store: `file:///folder` or `s3://bucket/prefix`. Nothing is opened before it is used.

    `public_url` is where browsers reach the bucket, when that is not where Aegis does.
    """
    _state.url, _state.public_url = object_store_url, public_url
    _state.store = _state.public_store = None


def put(key: str, stream: IO[bytes], *, name: str | None = None, media_type: str | None = None) -> None:
    """Keep a stream under `key`; a failed upload leaves nothing behind.

    In a bucket the object itself says what it is called and that it is to be saved, never shown, whoever asks for it.
    """
    attributes = None
    if name is not None and not _is_local():
        attributes = {"Content-Disposition": attachment(name), "Content-Type": media_type or "application/octet-stream"}
    with _answering():
        obstore.put(_store(), key, stream, chunk_size=_CHUNK, max_concurrency=_AT_ONCE, attributes=attributes)


def stream(key: str) -> Iterator[bytes]:
    """The object in pieces. Raises NotFound at once when there is none."""
    with _answering():
        try:
            found = obstore.get(_store(), key)
        except FileNotFoundError as error:
            raise NotFound("This file is no longer kept.") from error
    return (bytes(chunk) for chunk in found.stream(min_chunk_size=1024 * 1024))


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


def size(key: str) -> int:
    """Bytes of an object. Raises NotFound when there is none."""
    with _answering():
        try:
            return int(obstore.head(_store(), key)["size"])
        except FileNotFoundError as error:
            raise NotFound("This file is no longer kept.") from error


def delete(key: str) -> None:
    """Forget an object; one that is gone already is fine."""
    try:
        obstore.delete(_store(), key)
    except FileNotFoundError:
        return


def older_than(prefix: str, moment: datetime) -> Iterator[list[str]]:
    """Keys under `prefix` (which ends in a slash) of objects that were complete before `moment`, a page at a time."""
    for page in obstore.list(_store(), prefix=prefix, chunk_size=_LISTED):
        yield [one["path"] for one in page if one["last_modified"] < moment]


def drop_unfinished(prefix: str, moment: datetime) -> int:
    """Remove what interrupted writes left in a local folder before `moment`; returns how many files that was.

    In a bucket unfinished uploads are no objects; its own rules end them.
    """
    if not _is_local():
        return 0
    folder = Path(unquote(urlsplit(str(_state.url)).path)) / prefix
    left = [path for path in folder.rglob("*#*") if _UNFINISHED.fullmatch(path.name) and path.is_file()]
    old = [path for path in left if datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def signed_url(key: str, seconds: int) -> str | None:
    """A link that gives anybody this object for so long, at the public address of the bucket; None for a folder."""
    if _is_local():
        return None
    if _state.public_store is None:
        _state.public_store = _open(_state.public_url)
    return str(obstore.sign(_state.public_store, "GET", key, timedelta(seconds=seconds)))


def attachment(name: str) -> str:
    """The Content-Disposition that makes a browser save a file under `name` (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise Unavailable("Files cannot be kept or read just now. Nothing was changed; try again.") from error


def _is_local() -> bool:
    return urlsplit(_url()).scheme == "file"


def _url() -> str:
    if _state.url is None:
        raise RuntimeError("data.objects.configure() has not been called in this process.")
    return _state.url


def _store() -> Any:
    if _state.store is None:
        _state.store = _open(None)
    return _state.store


def _open(endpoint: str | None) -> Any:
    parts = urlsplit(_url())
    if parts.scheme == "file":
        return LocalStore(unquote(parts.path), mkdir=True)
    options = {name: value for name, value in parse_qsl(parts.query) if name in _OPTIONS}
    if endpoint:
        options["endpoint"] = endpoint
    client = {"allow_http": options.get("endpoint", "").startswith("http://"), **_TIMEOUTS}
    address = parts._replace(query="").geturl()
    return from_url(address, client_options=client, retry_config=_RETRIES, **options)  # type: ignore[call-overload]
