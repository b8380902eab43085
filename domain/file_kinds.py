"""What a file is, by its content and never by its name; and which kinds are kept as evidence.

Programs are refused: a sample belongs into a password-protected archive, where nobody starts it by a double click. HTML
and SVG are kept as text when nothing in them is active, else refused. That rule keeps surprises from whoever opens a
file; safety does not rest on it, because no file is ever shown by its own type but images.
"""

import hashlib
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from domain.errors import BadInput, TooLarge

NAME_MAX = 120
# The first piece of a file holds at least this much of it: all that its kind is told by.
HEAD_BYTES = 4096
_OVERLAP = 256
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """`extensions` without dots, the usual one first."""

    word: str
    media_type: str
    extensions: tuple[str, ...]

    @property
    def image(self) -> bool:
        return self.media_type.startswith("image/")


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that may be kept, under the name it is kept by. `size` in bytes."""

    name: str
    kind: Kind
    size: int
    sha256: bytes


PNG = Kind("PNG image", "image/png", ("png",))
JPEG = Kind("JPEG image", "image/jpeg", ("jpg", "jpeg"))
GIF = Kind("GIF image", "image/gif", ("gif",))
WEBP = Kind("WebP image", "image/webp", ("webp",))
PDF = Kind("PDF", "application/pdf", ("pdf",))
PCAP = Kind("Packet capture", "application/vnd.tcpdump.pcap", ("pcap", "cap"))
PCAPNG = Kind("Packet capture", "application/x-pcapng", ("pcapng",))
EVTX = Kind("Windows event log", "application/x-ms-evtx", ("evtx",))
ZIP = Kind("Zip archive", "application/zip", ("zip", "docx", "xlsx", "pptx", "odt", "ods", "odp"))
GZIP = Kind("Gzip archive", "application/gzip", ("gz", "tgz"))
SEVEN_ZIP = Kind("7z archive", "application/x-7z-compressed", ("7z",))
RAR = Kind("RAR archive", "application/vnd.rar", ("rar",))
BZIP2 = Kind("Bzip2 archive", "application/x-bzip2", ("bz2",))
XZ = Kind("XZ archive", "application/x-xz", ("xz",))
ZSTD = Kind("Zstandard archive", "application/zstd", ("zst",))
TAR = Kind("Tar archive", "application/x-tar", ("tar",))
MP4 = Kind("Video", "video/mp4", ("mp4", "m4v", "mov"))
WEBM = Kind("Video", "video/webm", ("webm", "mkv"))
TEXT = Kind(
    "Text",
    "text/plain",
    ("txt", "log", "csv", "tsv", "json", "jsonl", "ndjson", "xml", "yml", "yaml", "md", "eml", "ini", "conf"),
)
KINDS = (
    PNG, JPEG, GIF, WEBP, PDF, PCAP, PCAPNG, EVTX, ZIP, GZIP, SEVEN_ZIP, RAR, BZIP2, XZ, ZSTD, TAR, MP4, WEBM, TEXT,
)  # fmt: skip
BY_MEDIA_TYPE = {kind.media_type: kind for kind in KINDS}

# Offset and bytes, from the format's own specification.
_SIGNS: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    (0, b"%PDF-", PDF),
    (0, b"\xd4\xc3\xb2\xa1", PCAP),
    (0, b"\xa1\xb2\xc3\xd4", PCAP),
    (0, b"\x4d\x3c\xb2\xa1", PCAP),  # with nanoseconds
    (0, b"\xa1\xb2\x3c\x4d", PCAP),
    (0, b"\x0a\x0d\x0d\x0a", PCAPNG),
    (0, b"ElfFile\x00", EVTX),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),  # of nothing
    (0, b"\x1f\x8b\x08", GZIP),
    (0, b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP),
    (0, b"Rar!\x1a\x07", RAR),
    (0, b"BZh", BZIP2),
    (0, b"\xfd7zXZ\x00", XZ),
    (0, b"\x28\xb5\x2f\xfd", ZSTD),
    (257, b"ustar", TAR),
    (4, b"ftyp", MP4),
    (0, b"\x1a\x45\xdf\xa3", WEBM),
)
_PROGRAMS = {
    b"MZ": "Windows",
    b"L\x00\x00\x00\x01\x14\x02\x00": "Windows",  # a shortcut, which starts something
    b"\x7fELF": "Linux",
    b"\xfe\xed\xfa\xce": "macOS",
    b"\xfe\xed\xfa\xcf": "macOS",
    b"\xce\xfa\xed\xfe": "macOS",
    b"\xcf\xfa\xed\xfe": "macOS",
    b"\xca\xfe\xba\xbe": "macOS or Java",
    b"dex\n": "Android",
    b"\x00asm": "WebAssembly",
}
# What text may hold below the space: bell, backspace, tab, line ends, form feed and escape, as terminals write them.
_IN_TEXT = bytes({*range(0x20, 0x7F), *range(0x80, 0x100), 0x07, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x1B})
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(\w+)", re.ASCII)
_HTML = frozenset(
    b"html head body title meta link style script base iframe div span p a b i br hr h1 h2 h3 table form img font "
    b"center ul ol pre input button object embed".split()
)
_ACTIVE = re.compile(
    rb"<(?:[\w.-]+:)?(?:script|iframe|object|embed|applet|foreignobject|handler|listener)\b"
    rb"|[\s\"'/]on[a-z]{3,30}\s*="
    rb"|(?:java|vb)script\s*:"
    rb"|data:text/html"
    rb"|http-equiv\s*=\s*[\"']?refresh"
    rb"|<!entity",
    re.IGNORECASE | re.ASCII,
)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_ADVICE = "Put it into a password-protected archive and upload that."


def examine(name: str, pieces: Iterable[bytes], limit: int) -> Examined:
    """Look at a whole file, `limit` bytes at most. The first piece holds its first HEAD_BYTES, if it has as many.

    Raises BadInput, for what is too large TooLarge, with one sentence that names the file.
    """
    called = shown_name(name)
    digest = hashlib.sha256()
    content = _Content()
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise TooLarge(f"{called} is larger than {limit // _MEGABYTE:,} MB, the most a file may have.")
        digest.update(piece)
        content.look_at(piece)
    if size == 0:
        raise BadInput(f"{called} is empty.")
    kind = content.kind(called)
    return Examined(kept_name(called, kind), kind, size, digest.digest())


def shown_name(name: str) -> str:
    """The name alone, without folders and without what cannot be seen (or turns the rest of the line around)."""
    base = PurePath(name.replace("\\", "/")).name
    cleaned = " ".join(_UNSEEN.sub("", base).split()).strip(". ")
    if len(cleaned) > NAME_MAX:
        stem, dot, extension = cleaned.rpartition(".")
        cleaned = stem[: NAME_MAX - len(extension) - 1] + dot + extension if dot and len(extension) < 10 else cleaned
    return cleaned[:NAME_MAX] or "file"


def kept_name(name: str, kind: Kind) -> str:
    """The name with an ending that fits the content: `payload.ps1`, which is text, becomes `payload.ps1.txt`."""
    return name if _extension(name) in kind.extensions else f"{name}.{kind.extensions[0]}"


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


class _Content:
    """What has been seen of a file so far."""

    def __init__(self) -> None:
        self.head = b""
        self._wide = False  # UTF-16, by its first two bytes
        self._text = True
        self._markup: str | None = None
        self._active = False
        self._decoder = getincrementaldecoder("utf-16")()
        self._before = b""

    def look_at(self, piece: bytes) -> None:
        first = not self.head
        if first:
            self.head = piece[:HEAD_BYTES]
            self._wide = piece.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        if not self._text:
            return
        if self._wide:
            try:
                piece = self._decoder.decode(piece).encode()
            except UnicodeDecodeError:
                self._text = False
                return
        if piece.translate(None, _IN_TEXT):
            self._text = False
            return
        if first:
            self._markup = _markup(piece[:HEAD_BYTES])
        if self._markup and not self._active:
            self._active = _ACTIVE.search(self._before + piece) is not None
            self._before = piece[-_OVERLAP:]

    def kind(self, name: str) -> Kind:
        if self._text and not self.head.startswith(b"%PDF-"):
            return self._as_text(name)
        for sign, system in _PROGRAMS.items():
            if self.head.startswith(sign):
                raise BadInput(_program(name, system))
        if self.head[:4] == b"RIFF" and self.head[8:12] == b"WEBP":
            return WEBP
        for offset, sign, kind in _SIGNS:
            if self.head.startswith(sign, offset):
                return kind
        raise BadInput(f"{name} is of no kind that is kept as evidence. {_ADVICE}")

    def _as_text(self, name: str) -> Kind:
        if self._active:
            raise BadInput(f"{name} is {self._markup} with scripts or other active parts. {_ADVICE}")
        return TEXT


def _program(name: str, system: str) -> str:
    if any(_extension(name) in kind.extensions for kind in KINDS):
        return f"{name} is not what its name says but a program for {system}; nothing was kept."
    return f"{name} is a program for {system}. {_ADVICE}"


def _markup(head: bytes) -> str | None:
    """What a text that begins like this is, when it is HTML or SVG: the words after "is"."""
    rest = _after_prolog(head.removeprefix(BOM_UTF8))
    if rest is None:
        return "an HTML or SVG document"
    found = _ROOT.match(rest)
    if found is None:
        return None
    root = found[1].lower()
    if root == b"svg":
        return "an SVG drawing"
    return "an HTML page" if root in _HTML else None


def _after_prolog(head: bytes) -> bytes | None:
    """From the first element on; None when declarations and comments do not end in what is looked at."""
    rest = head.lstrip()
    while rest.startswith((b"<!", b"<?")):
        if rest[:14].lower() == b"<!doctype html":
            return b"<html"
        opening, closing = next(
            pair for pair in ((b"<!--", b"-->"), (b"<?", b"?>"), (b"<!", b">")) if rest.startswith(pair[0])
        )
        inner, found, after = rest[len(opening) :].partition(closing)
        if not found:
            return None
        if b"[" in inner and opening == b"<!":  # a document type with parts of its own
            _, found, after = rest.partition(b"]>")
            if not found:
                return None
        rest = after.lstrip()
    return rest
