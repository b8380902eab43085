import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data.fetch import fetch, without_credentials
from data.sources.base import Limits
from data.unpack import Opener
from domain.errors import BadInput, TooLarge, Unavailable

OPENER = Opener(
    "Sigma",
    ".yml files",
    Limits(sent=4096, unpacked=16_384, document=2048, documents=10),
    wanted=lambda path: path.endswith(".yml"),
)


def _silent(_phase: str, _done: int | None, _total: int | None) -> None:
    pass


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer = getattr(self, "_" + self.path.strip("/").partition(".")[0].replace("/", "_"), None)
        if answer is None:
            self.send_error(404)
        else:
            answer()

    def _send(self, content: bytes, *headers: tuple[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _ok(self) -> None:
        self._send(b"title: x", ("Content-Length", "8"))

    def _stated(self) -> None:
        self._send(b"", ("Content-Length", "999999"))

    def _endless(self) -> None:
        self._send(b"x" * 10_000)

    def _short(self) -> None:
        self._send(b"abc", ("Content-Length", "100"))

    def _loop(self) -> None:
        self._send(b"", ("Location", "/loop"), status=302)

    def _away(self) -> None:
        self._send(b"", ("Location", "file:///etc/passwd"), status=302)

    def _moved(self) -> None:
        self._send(b"", ("Location", "/ok.yml"), status=302)

    def _brotli(self) -> None:
        self._send(b"xxx", ("Content-Encoding", "br"))

    def _broken(self) -> None:
        self.send_error(503)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class TestAddress:
    def test_a_file_is_fetched_and_hashed(self, site: str) -> None:
        seen: list[tuple[str, int | None, int | None]] = []
        got = fetch(f"{site}/ok.yml", OPENER, lambda *step: seen.append(step))
        assert got.input.documents[0].path == "ok.yml"
        assert got.sha256 == hashlib.sha256(b"title: x").hexdigest()
        assert seen == [("Downloading", 8, 8)]

    def test_redirects_are_followed(self, site: str) -> None:
        assert fetch(f"{site}/moved", OPENER, _silent).input.documents[0].content == b"title: x"

    @pytest.mark.parametrize(
        ("path", "error", "words"),
        [
            ("stated", TooLarge, "over the limit of 4 KB"),
            ("endless", TooLarge, "over the limit of 4 KB"),
            ("short", Unavailable, ""),
            ("loop", BadInput, "leads on more than 5 times"),
            ("away", BadInput, "only http and https"),
            ("brotli", BadInput, "packed as br"),
            ("missing", BadInput, "answered 404"),
            ("broken", Unavailable, "503"),
        ],
    )
    def test_each_fault_is_one_sentence(self, site: str, path: str, error: type[BadInput], words: str) -> None:
        with pytest.raises(error) as caught:
            fetch(f"{site}/{path}", OPENER, _silent)
        assert words in str(caught.value)

    def test_nobody_there(self) -> None:
        with pytest.raises(Unavailable, match="could not be reached"):
            fetch("http://127.0.0.1:9/x.yml", OPENER, _silent)

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.org/a.yml", "gopher://x"])
    def test_other_kinds_of_address_are_refused(self, location: str) -> None:
        with pytest.raises(BadInput, match="http or https"):
            fetch(location, OPENER, _silent)

    def test_credentials_and_tokens_are_never_shown(self) -> None:
        assert without_credentials("https://me:secret@host/a.zip?token=1#x") == "https://host/a.zip"


class TestPath:
    def test_a_missing_one_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"nothing\.yml was not found"):
            fetch(str(tmp_path / "nothing.yml"), OPENER, _silent)

    def test_a_file_over_the_limit(self, tmp_path: Path) -> None:
        (tmp_path / "a.yml").write_bytes(b"x" * 5000)
        with pytest.raises(TooLarge):
            fetch(str(tmp_path / "a.yml"), OPENER, _silent)

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.yml")
        with pytest.raises(BadInput, match="neither a file nor a directory"):
            fetch(str(tmp_path / "pipe.yml"), OPENER, _silent)


class TestDirectory:
    def test_it_is_the_whole_in_a_fixed_order(self, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        (tmp_path / ".git").mkdir()
        for name in ("b/1.yml", "a.yml", "c.txt", ".git/x.yml"):
            (tmp_path / name).write_text(name)
        got = fetch(str(tmp_path), OPENER, _silent)
        assert [document.path for document in got.input.documents] == ["a.yml", "b/1.yml"]
        assert got.input.whole

    def test_its_hash_changes_with_names_and_contents(self, tmp_path: Path) -> None:
        (tmp_path / "a.yml").write_text("1")
        first = fetch(str(tmp_path), OPENER, _silent).sha256
        assert fetch(str(tmp_path), OPENER, _silent).sha256 == first
        (tmp_path / "a.yml").rename(tmp_path / "b.yml")
        second = fetch(str(tmp_path), OPENER, _silent).sha256
        (tmp_path / "b.yml").write_text("2")
        assert len({first, second, fetch(str(tmp_path), OPENER, _silent).sha256}) == 3

    def test_links_out_of_the_tree_are_not_followed(self, tmp_path: Path) -> None:
        inside, outside = tmp_path / "in", tmp_path / "out"
        inside.mkdir()
        outside.mkdir()
        (outside / "secret.yml").write_text("secret")
        (inside / "a.yml").write_text("a")
        (inside / "leak.yml").symlink_to(outside / "secret.yml")
        (inside / "same.yml").symlink_to(inside / "a.yml")
        (inside / "folder").symlink_to(outside)
        got = fetch(str(inside), OPENER, _silent)
        assert [document.path for document in got.input.documents] == ["a.yml", "same.yml"]
        assert [item.item for item in got.input.rejected] == ["leak.yml"]

    def test_a_large_file_is_left_out_and_a_large_whole_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "big.yml").write_bytes(b"x" * 3000)
        (tmp_path / "a.yml").write_text("a")
        got = fetch(str(tmp_path), OPENER, _silent)
        assert [item.item for item in got.input.rejected] == ["big.yml"]
        for number in range(9):
            (tmp_path / f"{number}.yml").write_bytes(b"x" * 2000)
        with pytest.raises(TooLarge, match="16 KB in all"):
            fetch(str(tmp_path), OPENER, _silent)

    def test_one_without_anything_to_use(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="holds nothing Sigma can use"):
            fetch(str(tmp_path), OPENER, _silent)
