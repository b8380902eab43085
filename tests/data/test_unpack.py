import gzip
import io
import stat
import struct
import zipfile

import pytest

from data.sources.base import MEBIBYTE, Limits
from data.unpack import Opener, open_file
from domain.errors import BadInput, TooLarge

LIMITS = Limits(sent=8 * MEBIBYTE, unpacked=4 * MEBIBYTE, document=64 * 1024, documents=5)
OPENER = Opener("Sigma", ".yml files", LIMITS, wanted=lambda path: path.endswith(".yml"))
ONE_JSON = Opener(
    "ATT&CK",
    "one .json bundle",
    Limits(sent=8 * MEBIBYTE, unpacked=4 * MEBIBYTE, document=4 * MEBIBYTE, documents=1),
    wanted=lambda path: path.endswith(".json"),
)


def _zip(files: dict[str, bytes], comment: bytes = b"") -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, content in files.items():
            archive.writestr(name, content)
    made.seek(0)
    return made


def _refused(content: bytes | io.BytesIO, opener: Opener = OPENER, name: str = "input") -> str:
    file = content if isinstance(content, io.BytesIO) else io.BytesIO(content)
    with pytest.raises(BadInput) as caught:
        open_file(file, name, opener)
    return caught.value.detail


class TestZip:
    def test_wanted_files_come_without_their_common_folder(self) -> None:
        made = _zip({"top/a.yml": b"a", "top/b/c.yml": b"c", "top/README.md": b"no"}, comment=b"8eaafff")
        opened = open_file(made, "top.zip", OPENER)
        assert [document.path for document in opened.documents] == ["a.yml", "b/c.yml"]
        assert (opened.root, opened.comment, opened.whole) == ("top", "8eaafff", True)

    def test_hidden_folders_are_no_content(self) -> None:
        opened = open_file(_zip({".github/ci.yml": b"x", "a.yml": b"a"}), "a.zip", OPENER)
        assert [document.path for document in opened.documents] == ["a.yml"]

    @pytest.mark.parametrize("name", ["../a.yml", "a/../../b.yml", "/etc/a.yml", "\\a.yml", "C:/a.yml", "a\\..\\b.yml"])
    def test_names_that_lead_out_are_refused_even_when_not_wanted(self, name: str) -> None:
        # the library rewrites some names while packing; what counts is what an attacker can put into the bytes
        filler = "x" * len(name)
        packed = _zip({"ok.yml": b"a", filler: b"b"}).getvalue().replace(filler.encode(), name.encode())
        assert "leads out of the archive" in _refused(packed)

    def test_a_bomb_is_refused_by_its_ratio(self) -> None:
        assert "100 times" in _refused(_zip({"bomb.yml": b"0" * (3 * MEBIBYTE)}))

    def test_an_entry_that_lies_about_its_size_is_cut_at_the_limit(self) -> None:
        content = bytes(range(256)) * 1024
        packed = _zip({"lie.yml": content, "ok.yml": b"a"}).getvalue()
        lying = packed.replace(struct.pack("<I", len(content)), struct.pack("<I", 10))
        with pytest.raises(BadInput):
            open_file(io.BytesIO(lying), "lie.zip", OPENER)

    def test_the_total_is_limited(self) -> None:
        import random

        noise = random.Random(1).randbytes(60 * 1024)
        many = Limits(sent=8 * MEBIBYTE, unpacked=128 * 1024, document=64 * 1024, documents=50)
        opener = Opener("Sigma", ".yml files", many, wanted=OPENER.wanted)
        detail = _refused(_zip({f"{n}.yml": noise for n in range(5)}), opener)
        assert "128 KB when unpacked" in detail

    def test_one_file_over_its_limit_is_left_out_and_named(self) -> None:
        opened = open_file(_zip({"big.yml": b"x" * 70_000, "ok.yml": b"a"}), "a.zip", OPENER)
        assert [document.path for document in opened.documents] == ["ok.yml"]
        assert [(r.item, r.reason) for r in opened.rejected] == [("big.yml", "is over the limit of 64 KB for one file")]

    def test_too_many_files(self) -> None:
        assert "more than 5 files" in _refused(_zip({f"{n}.yml": b"a" for n in range(6)}))

    def test_a_source_of_one_file_does_not_guess_among_several(self) -> None:
        assert "more than one file" in _refused(_zip({"a.json": b"{}", "b.json": b"{}"}), ONE_JSON)

    def test_a_symbolic_link_is_not_followed(self) -> None:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            link = zipfile.ZipInfo("link.yml")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
            archive.writestr("ok.yml", "a")
        made.seek(0)
        opened = open_file(made, "a.zip", OPENER)
        assert [document.path for document in opened.documents] == ["ok.yml"]
        assert "symbolic link" in opened.rejected[0].reason

    def test_a_password_is_named(self) -> None:
        packed = bytearray(_zip({"a.yml": b"secret"}).getvalue())
        packed[6] |= 1
        directory = packed.find(b"PK\x01\x02")
        packed[directory + 8] |= 1
        assert "password" in _refused(bytes(packed))

    def test_an_endless_list_of_contents_is_refused_before_it_is_read(self) -> None:
        packed = bytearray(_zip({"a.yml": b"a"}).getvalue())
        end = packed.rfind(b"PK\x05\x06")
        packed[end + 12 : end + 16] = struct.pack("<I", 2**31)
        assert "too many files" in _refused(bytes(packed))

    def test_a_cut_off_or_damaged_archive(self) -> None:
        packed = _zip({"a.yml": b"abc" * 1000}).getvalue()
        assert "cut off" in _refused(packed[: len(packed) // 2])
        at = packed.find(b"a.yml") + 6
        assert "damaged" in _refused(packed[:at] + b"\xff\xff\xff" + packed[at + 3 :])

    def test_an_archive_without_anything_to_use(self) -> None:
        assert "holds nothing Sigma can use; it takes .yml files" in _refused(_zip({"a.txt": b"a", "in.zip": b"PK"}))


class TestGzipAndPlain:
    def test_both_come_as_one_document_that_is_not_the_whole(self) -> None:
        packed = open_file(io.BytesIO(gzip.compress(b"text")), "a.json.gz", ONE_JSON)
        plain = open_file(io.BytesIO(b"text"), "a.json", ONE_JSON)
        assert packed == plain
        assert (plain.documents[0].path, plain.documents[0].content, plain.whole) == ("a.json", b"text", False)

    def test_a_truncated_gzip(self) -> None:
        packed = gzip.compress(bytes(range(256)) * 100)
        assert _refused(packed[:-20], name="a.gz") == "a.gz is cut off: the gzip stream ends too early."

    def test_a_damaged_gzip(self) -> None:
        packed = bytearray(gzip.compress(bytes(range(256)) * 100))
        packed[12:40] = b"\xff" * 28
        assert "damaged" in _refused(bytes(packed))

    def test_a_gzip_bomb_is_refused(self) -> None:
        assert "100 times" in _refused(gzip.compress(b"0" * (3 * MEBIBYTE)))

    def test_a_gzip_over_the_limit_stops_there(self) -> None:
        import random

        noise = random.Random(1).randbytes(5 * MEBIBYTE)
        assert "4 MB when unpacked" in _refused(gzip.compress(noise, 1), ONE_JSON)

    def test_an_archive_inside_is_not_opened(self) -> None:
        assert "archive inside an archive" in _refused(gzip.compress(_zip({"a.yml": b"a"}).getvalue()))

    def test_a_plain_file_over_the_limit(self) -> None:
        with pytest.raises(TooLarge):
            open_file(io.BytesIO(b"x" * 70_000), "a.yml", OPENER)

    @pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["plain", "gzip"])
    def test_an_empty_file(self, content: bytes) -> None:
        assert "is empty" in _refused(content)
