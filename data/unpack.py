"""Opening what was fetched: plain files, gzip and zip, within limits. Nothing is ever extracted to disk.

Everything is decompressed in a stream that stops at the limit, so that a bomb costs no more memory than an honest file.
"""

import gzip
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Protocol

from data.sources.base import MEBIBYTE, Document, Input, Limits, Rejected
from domain.errors import BadInput, TooLarge

_CHUNK = 256 * 1024
# Below this size a high ratio is no bomb: a small text of one letter packs as well.
_RATIO_FROM = MEBIBYTE
# The list of contents of a zip; 16 MiB name about 200,000 entries.
_MAX_DIRECTORY = 16 * MEBIBYTE
_END_RECORD = b"PK\x05\x06"
_END_RECORD_SIZE = 22
_MAX_COMMENT = 65_535
_ENCRYPTED = 0x1
_ARCHIVES = (b"\x1f\x8b", b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Opener:
    """How one source wants its input opened. `takes` in words: ".yml or .yaml files"."""

    source: str
    takes: str
    limits: Limits
    wanted: Callable[[str], bool]


def size_words(size: int) -> str:
    """A limit in words: "100 MB" (of 1024 x 1024 bytes)."""
    return f"{size // MEBIBYTE} MB" if size >= MEBIBYTE else f"{size // 1024} KB"


def open_file(file: BinaryIO, name: str, opener: Opener) -> Input:
    """`file` is seekable and at its start; what it is, its first bytes say, not its name."""
    head = file.read(4)
    file.seek(0)
    if not head:
        raise BadInput(f"{name} is empty.")
    if head in (b"PK\x03\x04", _END_RECORD):
        return _open_zip(file, name, opener)
    if head.startswith(b"\x1f\x8b"):
        return _single(name.removesuffix(".gz"), _gunzip(file, name, opener), opener)
    content = file.read(opener.limits.unpacked + 1)
    if len(content) > opener.limits.unpacked:
        raise TooLarge(f"{name} is over the limit of {size_words(opener.limits.unpacked)} for {opener.source}.")
    return _single(name, content, opener)


def _single(name: str, content: bytes, opener: Opener) -> Input:
    if not content:
        raise BadInput(f"{name} is empty.")
    if content.startswith(_ARCHIVES):
        raise BadInput(f"{name} is an archive inside an archive; unpack the outer one first.")
    if len(content) > opener.limits.document:
        raise TooLarge(f"{name} is over the limit of {size_words(opener.limits.document)} for one file.")
    return Input(name=name, documents=(Document(name, content),), whole=False)


def _gunzip(file: BinaryIO, name: str, opener: Opener) -> bytes:
    sent = file.seek(0, 2)
    file.seek(0)
    with gzip.GzipFile(fileobj=file) as stream:
        try:
            return b"".join(_chunks(stream, name, sent, opener.limits))
        except EOFError as error:
            raise BadInput(f"{name} is cut off: the gzip stream ends too early.") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise BadInput(f"{name} is damaged: its gzip data cannot be read.") from error


def _chunks(stream: _Readable, name: str, packed: int, limits: Limits) -> Iterator[bytes]:
    size = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > limits.unpacked:
            raise TooLarge(f"{name} grows over the limit of {size_words(limits.unpacked)} when unpacked.")
        if size > _RATIO_FROM and size > packed * limits.ratio:
            raise TooLarge(f"{name} grows to more than {limits.ratio} times its size when unpacked; it was not read.")
        yield chunk


def _open_zip(file: BinaryIO, name: str, opener: Opener) -> Input:
    _check_directory_size(file, name)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            for entry in entries:
                _check_name(entry.filename, name)
            root = _common_root(entries)
            documents, rejected = _read_entries(archive, entries, root, name, opener)
            comment = archive.comment.decode("utf-8", "replace").strip() or None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise BadInput(f"{name} is damaged: the zip archive cannot be read.") from error
    except NotImplementedError as error:
        raise BadInput(f"{name} is packed in a way that cannot be read; pack it as an ordinary zip.") from error
    if not documents:
        raise BadInput(f"{name} holds nothing {opener.source} can use; it takes {opener.takes}.")
    return Input(
        name=name, documents=tuple(documents), whole=True, root=root, comment=comment, rejected=tuple(rejected)
    )


def _check_directory_size(file: BinaryIO, name: str) -> None:
    """The list of contents is read whole by the zip library, so its stated size is checked before."""
    end = file.seek(0, 2)
    file.seek(max(0, end - _END_RECORD_SIZE - _MAX_COMMENT))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END_RECORD)
    if at < 0 or len(tail) < at + _END_RECORD_SIZE:
        raise BadInput(f"{name} is cut off: the zip archive has no list of contents.")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > _MAX_DIRECTORY:
        raise TooLarge(f"{name} lists too many files.")


def _check_name(entry: str, name: str) -> None:
    unsafe = entry.startswith(("/", "\\")) or "\\" in entry or ".." in entry.split("/") or entry[1:2] == ":"
    if unsafe:
        raise BadInput(f"{name} holds a file whose name leads out of the archive ({entry[:80]!r}); it was not read.")


def _common_root(entries: list[zipfile.ZipInfo]) -> str | None:
    """The one top folder that everything lies in, as in archives from GitHub."""
    tops = {entry.filename.partition("/")[0] for entry in entries}
    inside = all("/" in entry.filename for entry in entries)
    return tops.pop() if len(tops) == 1 and inside else None


def _read_entries(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], root: str | None, name: str, opener: Opener
) -> tuple[list[Document], list[Rejected]]:
    documents: list[Document] = []
    rejected: list[Rejected] = []
    limits = opener.limits
    room = limits.unpacked
    for entry in entries:
        path = entry.filename.removeprefix(f"{root}/") if root else entry.filename
        if entry.is_dir() or is_hidden(path) or not opener.wanted(path):
            continue
        if entry.flag_bits & _ENCRYPTED:
            raise BadInput(f"{name} is protected by a password; unpack it and pack it again without one.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            rejected.append(Rejected(path, "is a symbolic link, which is not followed"))
            continue
        check_count(len(documents) + 1, name, opener)
        if entry.file_size > _RATIO_FROM and entry.file_size > entry.compress_size * limits.ratio:
            raise TooLarge(f"{name} grows to more than {limits.ratio} times its size when unpacked; it was not read.")
        content = _read_entry(archive, entry, min(limits.document, room))
        if content is None and room <= limits.document:
            raise TooLarge(f"{name} grows over the limit of {size_words(limits.unpacked)} when unpacked.")
        if content is None:
            rejected.append(Rejected(path, over_limit(limits)))
            continue
        room -= len(content)
        documents.append(Document(path, content))
    return documents, rejected


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int) -> bytes | None:
    """The content, or None when it is larger than `room` - by its own account or in truth."""
    if entry.file_size > room:
        return None
    with archive.open(entry) as stream:
        content = stream.read(room + 1)
    return content if len(content) <= room else None


def check_count(count: int, name: str, opener: Opener) -> None:
    most = opener.limits.documents
    if count > most == 1:
        raise BadInput(f"{name} holds more than one file {opener.source} could use; give the one that is meant.")
    if count > most:
        raise TooLarge(f"{name} holds more than {most:,} files for {opener.source}.")


def over_limit(limits: Limits) -> str:
    return f"is over the limit of {size_words(limits.document)} for one file"


def is_hidden(path: str) -> bool:
    """Whether a file or one of its folders starts with a dot (.github, .git): never content."""
    return any(part.startswith(".") for part in PurePosixPath(path).parts)
