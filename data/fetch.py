"""Fetching a source's input: a local file, a directory or an http(s) address, within limits, never more than it says.

Each fault is one sentence (`BadInput`, `TooLarge`, `Unavailable`) raised before anything is changed.
"""

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit, urlunsplit

import httpx

from data.sources.base import Document, Input, Progress, Rejected
from data.unpack import Opener, check_count, is_hidden, open_file, over_limit, size_words
from domain.errors import BadInput, TooLarge, Unavailable

_CHUNK = 1024 * 1024
_SPOOL = 16 * 1024 * 1024
_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
_MAX_REDIRECTS = 5
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@dataclass(frozen=True, slots=True)
class Fetched:
    """`sha256` is of what was sent (of a directory: of its files' names and contents); `origin` in words for people."""

    input: Input
    sha256: str
    origin: str


def is_url(location: str) -> bool:
    return location.lower().startswith(("http://", "https://"))


def fetch(location: str, opener: Opener, progress: Progress) -> Fetched:
    """Read `location`, a path or an http(s) address."""
    if is_url(location):
        with _download(location, opener, progress) as (file, name):
            return read_file(file, name, opener, origin=without_credentials(location))
    path = Path(location).expanduser()
    if not path.exists():
        if _SCHEME.match(location) and not re.match(r"[A-Za-z]:[\\/]", location):
            raise BadInput(f"{location} cannot be fetched; give a file, a directory, or an http or https address.")
        raise BadInput(f"{location} was not found.")
    try:
        if path.is_dir():
            return _read_directory(path, opener, progress)
        if not path.is_file():
            raise BadInput(f"{location} is neither a file nor a directory.")
        with path.open("rb") as file:
            return read_file(file, path.name, opener, origin=path.name)
    except PermissionError as error:
        raise BadInput(f"{location} may not be read: permission denied.") from error


def read_file(file: BinaryIO, name: str, opener: Opener, *, origin: str) -> Fetched:
    """Check the size, take the hash, and open a seekable file that is already here."""
    digest = hashlib.sha256()
    size = 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        if size > opener.limits.sent:
            raise _over_limit(name, opener)
        digest.update(chunk)
    file.seek(0)
    return Fetched(open_file(file, name, opener), digest.hexdigest(), origin)


def without_credentials(url: str) -> str:
    """The address as it may be shown and kept: no user, no password, no query (where tokens hide)."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _over_limit(name: str, opener: Opener) -> TooLarge:
    return TooLarge(f"{name} is over the limit of {size_words(opener.limits.sent)} for {opener.source}.")


@contextmanager
def _download(url: str, opener: Opener, progress: Progress) -> Iterator[tuple[BinaryIO, str]]:
    shown = without_credentials(url)
    name = urlsplit(url).path.rstrip("/").rpartition("/")[2] or "download"
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as file:
        try:
            with (
                httpx.Client(timeout=_TIMEOUT, follow_redirects=True, max_redirects=_MAX_REDIRECTS) as client,
                client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
            ):
                _check_answer(response, shown)
                _receive(response, file, shown, opener, progress)
        except httpx.TooManyRedirects as error:
            raise BadInput(f"{shown} leads on more than {_MAX_REDIRECTS} times; it was not fetched.") from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise BadInput(f"{shown} cannot be fetched; only http and https addresses can.") from error
        except httpx.TimeoutException as error:
            raise Unavailable(f"{shown} did not answer in time. Try again, or give a file.") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"{shown} could not be reached. Check the network, or give a file.") from error
        file.seek(0)
        yield file, name  # type: ignore[misc]  # a spooled file is a BinaryIO in all but its declared type


def _check_answer(response: httpx.Response, shown: str) -> None:
    if response.status_code >= 500:
        raise Unavailable(f"{shown} answered with an error of its own ({response.status_code}). Try again later.")
    if response.status_code != 200:
        raise BadInput(f"{shown} answered {response.status_code}, not a file. Check the address.")
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):  # gzip is recognised by its bytes and opened within limits
        raise BadInput(f"{shown} was sent packed as {encoding}, which cannot be read.")


def _receive(response: httpx.Response, file: object, shown: str, opener: Opener, progress: Progress) -> None:
    """Copy the raw bytes, stopping at the limit; a stated length over it is refused at once."""
    limit = opener.limits.sent
    stated = response.headers.get("content-length", "")
    total = int(stated) if stated.isdigit() else None
    if total is not None and total > limit:
        raise _over_limit(shown, opener)
    received = 0
    for chunk in response.iter_raw():
        received += len(chunk)
        if received > limit:
            raise _over_limit(shown, opener)
        file.write(chunk)  # type: ignore[attr-defined]
        progress("Downloading", received, total)
    if total is not None and received < total:
        raise Unavailable(f"{shown} broke off after {received:,} of {total:,} bytes. Try again.")


def _read_directory(root: Path, opener: Opener, progress: Progress) -> Fetched:
    documents: list[Document] = []
    rejected: list[Rejected] = []
    digest = hashlib.sha256()
    room = opener.limits.unpacked
    top = root.resolve()
    for path, relative in _walk(root):
        if is_hidden(relative) or not opener.wanted(relative):
            continue
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            if not path.resolve().is_relative_to(top):
                rejected.append(Rejected(relative, "is a symbolic link that leads out of the directory"))
                continue
            status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            continue
        check_count(len(documents) + 1, root.name, opener)
        content = _read_at_most(path, opener.limits.document)
        if content is None:
            rejected.append(Rejected(relative, over_limit(opener.limits)))
            continue
        room -= len(content)
        if room < 0:
            raise TooLarge(f"{root.name} is over the limit of {size_words(opener.limits.unpacked)} in all.")
        digest.update(f"{relative}\0{len(content)}\0".encode())
        digest.update(content)
        documents.append(Document(relative, content))
        progress("Reading files", len(documents), None)
    if not documents:
        raise BadInput(f"{root} holds nothing {opener.source} can use; it takes {opener.takes}.")
    found = Input(name=root.name, documents=tuple(documents), whole=True, rejected=tuple(rejected))
    return Fetched(found, digest.hexdigest(), origin=root.name)


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    """Files below `root` in a fixed order; directories behind symbolic links are not entered."""
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            yield path, path.relative_to(root).as_posix()


def _read_at_most(path: Path, limit: int) -> bytes | None:
    with path.open("rb") as file:
        content = file.read(limit + 1)
    return content if len(content) <= limit else None
