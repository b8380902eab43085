"""Files are told by their content, whatever they are called, and what is refused is refused in one sentence."""

import hashlib

import pytest

from domain.errors import AegisError, BadInput, TooLarge
from domain.file_kinds import KINDS, TEXT, Kind, examine, kept_name, shown_name

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00"
LIMIT = 1000
ARCHIVE = "Put it into a password-protected archive and upload that."
CONTENT = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "image/gif": b"GIF89a\x01\x00\x01\x00",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "application/pdf": b"%PDF-1.7\n",
    "application/vnd.tcpdump.pcap": b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00",
    "application/x-pcapng": b"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00",
    "application/x-ms-evtx": b"ElfFile\x00\x00\x00",
    "application/zip": b"PK\x03\x04\x14\x00",
    "application/gzip": b"\x1f\x8b\x08\x00",
    "application/x-7z-compressed": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "application/vnd.rar": b"Rar!\x1a\x07\x01\x00",
    "application/x-bzip2": b"BZh91AY&SY\x00",
    "application/x-xz": b"\xfd7zXZ\x00\x00",
    "application/zstd": b"\x28\xb5\x2f\xfd\x00",
    "application/x-tar": b"a" + bytes(256) + b"ustar\x0000",
    "video/mp4": b"\x00\x00\x00\x18ftypmp42",
    "video/webm": b"\x1a\x45\xdf\xa3\x01\x00",
    "text/plain": b"date,event\n2026-11-24,alert\n",
}


def kind_of(content: bytes, name: str = "file") -> Kind:
    return examine(name, [content], LIMIT).kind


def refused(name: str, *pieces: bytes) -> str:
    with pytest.raises(AegisError) as error:
        examine(name, pieces, LIMIT)
    return error.value.detail


def test_every_kind_is_known_by_its_content_under_any_name() -> None:
    assert set(CONTENT) == {kind.media_type for kind in KINDS}
    for media_type, content in CONTENT.items():
        assert kind_of(content, "whatever.bin").media_type == media_type


def test_size_and_digest_are_those_of_all_pieces() -> None:
    found = examine("a.txt", [b"one ", b"two"], LIMIT)
    assert (found.name, found.kind, found.size) == ("a.txt", TEXT, 7)
    assert found.sha256 == hashlib.sha256(b"one two").digest()


class TestText:
    @pytest.mark.parametrize(
        "content",
        [
            "é ü 検知\n".encode(),
            "Größe\n".encode("cp1252"),
            b"\xff\xfe" + "Überwachung\r\n".encode("utf-16-le"),
            b"\x1b[31mred\x1b[0m\r\n",
            b"#!/bin/sh\nid\n",
            b"MZ is how a program begins\n",
            b"<13>Oct 11 22:14:15 host su: <script>alert(1)</script>\n",
            b"GET / HTTP/1.1\n\n<html><script>x</script></html>",
            b'<?xml version="1.0"?><Event><Data>mshta javascript:alert(1)</Data></Event>',
            b"<Events><Event onLogon='x'/></Events>",
        ],
    )
    def test_it_is_text(self, content: bytes) -> None:
        assert kind_of(content, "a.log") is TEXT

    def test_a_character_cut_by_a_piece_is_no_mistake(self) -> None:
        wide = b"\xff\xfe" + "aé".encode("utf-16-le")
        assert examine("a.log", [wide[:5], wide[5:]], LIMIT).kind is TEXT

    def test_what_is_no_text_further_on_is_no_text(self) -> None:
        assert refused("a.log", b"a line\n", b"\x00\x01") == f"a.log is of no kind that is kept as evidence. {ARCHIVE}"


class TestPrograms:
    def test_one_that_is_called_an_image(self) -> None:
        assert refused("shot.png", EXE) == (
            "shot.png is not what its name says but a program for Windows; nothing was kept."
        )

    @pytest.mark.parametrize(
        ("content", "system"),
        [
            (EXE, "Windows"),
            (b"L\x00\x00\x00\x01\x14\x02\x00\x00", "Windows"),
            (b"\x7fELF\x02\x01\x01\x00", "Linux"),
            (b"\xcf\xfa\xed\xfe\x07\x00", "macOS"),
            (b"\xca\xfe\xba\xbe\x00\x00", "macOS or Java"),
        ],
    )
    def test_one_that_says_so_is_refused_with_a_way_to_keep_it(self, content: bytes, system: str) -> None:
        assert refused("sample.bin", content) == f"sample.bin is a program for {system}. {ARCHIVE}"


class TestMarkup:
    @pytest.mark.parametrize(
        "content",
        [
            b"<html><body><script>alert(1)</script></body></html>",
            b"  <!DOCTYPE html>\n<p onclick='x()'>",
            b"<!-- a --><!-- b --><body><a href=' JavaScript:x()'>",
            b'<div><iframe src="x">',
            b'<html><meta http-equiv="refresh" content="0">',
            b"\xff\xfe" + "<html><script>x".encode("utf-16-le"),
            b"\xef\xbb\xbf<html><object data='x'>",
        ],
    )
    def test_an_html_page_with_something_active(self, content: bytes) -> None:
        for name in ("page.html", "page.txt"):
            assert refused(name, content) == f"{name} is an HTML page with scripts or other active parts. {ARCHIVE}"

    @pytest.mark.parametrize(
        "content",
        [
            b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            b'<?xml version="1.0"?>\n<!-- x -->\n<svg onload="x()">',
            b'<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:script>x',
            b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x"><svg><foreignObject>',
            b'<!DOCTYPE svg [<!ENTITY x "y">]><svg>&x;</svg>',
        ],
    )
    def test_an_svg_drawing_with_something_active(self, content: bytes) -> None:
        assert refused("a.svg", content) == f"a.svg is an SVG drawing with scripts or other active parts. {ARCHIVE}"

    def test_it_is_found_where_two_pieces_meet_and_far_on(self) -> None:
        page = b"<html>" + b"x" * 300
        assert "HTML page" in refused("a.html", page + b"<scr", b"ipt>")

    def test_it_cannot_hide_behind_a_long_comment(self) -> None:
        with pytest.raises(BadInput, match="an HTML or SVG document with"):
            examine("a.svg", [b"<!--" + b"x" * 5000 + b"--><svg><script>"], 10_000)

    def test_without_anything_active_it_is_kept_as_text(self) -> None:
        found = examine("mail.html", [b"<html><body><p>Dear customer</p></body></html>"], LIMIT)
        assert (found.kind, found.name) == (TEXT, "mail.html.txt")


def test_over_the_limit_and_empty() -> None:
    with pytest.raises(TooLarge) as error:
        examine("a.pcap", [bytes(600), bytes(600)], LIMIT)
    assert error.value.detail == "a.pcap is larger than 0 MB, the most a file may have."
    assert refused("a.txt") == "a.txt is empty."


def test_reading_stops_at_the_limit() -> None:
    read = []

    def pieces():  # type: ignore[no-untyped-def]
        for number in range(100):
            read.append(number)
            yield bytes(600)

    with pytest.raises(TooLarge):
        examine("a.pcap", pieces(), LIMIT)
    assert read == [0, 1]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\shot.png", "shot.png"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("a\nb\x00c.txt", "abc.txt"),
        ("  .. ", "file"),
        ("", "file"),
        ("x" * 200 + ".evtx", "x" * 115 + ".evtx"),
    ],
)
def test_a_name_is_only_a_name(given: str, shown: str) -> None:
    assert shown_name(given) == shown


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("shot.PNG", PNG, "shot.PNG"),
        ("shot.jpg", PNG, "shot.jpg.png"),
        ("page.html", PNG, "page.html.png"),
        ("payload.ps1", b"iex $x", "payload.ps1.txt"),
        ("report.docx", CONTENT["application/zip"], "report.docx"),
        ("tool.jar", CONTENT["application/zip"], "tool.jar.zip"),
        ("notes", b"text", "notes.txt"),
    ],
)
def test_the_ending_of_the_kept_name_fits_the_content(name: str, content: bytes, kept: str) -> None:
    assert kept_name(name, kind_of(content)) == kept
