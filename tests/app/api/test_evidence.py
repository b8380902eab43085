"""Evidence over HTTP: what is refused before and while it is read, links that are soon over, previews of images."""

import io
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from moto.server import ThreadedMotoServer

from app.settings import Settings
from data import objects
from domain.roles import Role
from jobs import evidence
from tests.app.test_uploads import left_over, token
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import execute, rows

MEBIBYTE = 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
ARCHIVE = "Put it into a password-protected archive and upload that."


@pytest.fixture
def number(server: Flask) -> int:
    world.security_test(world.technique("T1059"), state="red_executing")
    ((found,),) = rows("SELECT number FROM security_test")
    return int(found)


@pytest.fixture
def red(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> FlaskClient:
    return client_of(add_person("rea", Role.RED_TECH))


@pytest.fixture
def lead(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> FlaskClient:
    return client_of(add_person("lea", Role.BLUE_LEAD))


@pytest.fixture
def folder(settings: Settings) -> Path:
    return Path(str(settings.object_store_url).removeprefix("file://"))


def send(client: FlaskClient, number: int, content: bytes = PNG, name: str = "shot.png", side: str = "red") -> Any:
    data = {"file": (io.BytesIO(content), name), "caption": "The shell"}
    return client.post(f"/api/tests/{number}/evidence?side={side}", data=data, headers=token(client))


def nothing(folder: Path) -> bool:
    return rows("SELECT count(*) FROM evidence") == [(0,)] and left_over(folder) == []


def test_a_file_comes_in(red: FlaskClient, number: int, folder: Path) -> None:
    answer = send(red, number)
    assert answer.status_code == 201
    found = answer.get_json()
    assert (found["name"], found["kind"], found["size"], found["previewed"]) == ("shot.png", "PNG image", 108, True)
    assert (found["caption"], found["uploaded_by"], found["deleted_at"]) == ("The shell", "Rea", None)
    assert len(left_over(folder)) == 1


class TestBadInput:
    @pytest.mark.parametrize(
        ("name", "content", "sentence"),
        [
            ("a.png", b"MZ\x90\x00", "a.png is not what its name says but a program for Windows; nothing was kept."),
            ("a.exe", b"MZ\x90\x00", f"a.exe is a program for Windows. {ARCHIVE}"),
            (
                "a.html",
                b"<html><script>x</script>",
                f"a.html is an HTML page with scripts or other active parts. {ARCHIVE}",
            ),
            (
                "a.svg",
                b"<svg><script>x</script></svg>",
                f"a.svg is an SVG drawing with scripts or other active parts. {ARCHIVE}",
            ),
            ("a.bin", bytes(10), f"a.bin is of no kind that is kept as evidence. {ARCHIVE}"),
            ("a.txt", b"", "a.txt is empty."),
            ("", PNG, "Choose a file first."),
        ],
    )
    def test_one_sentence_and_nothing_changed(
        self, red: FlaskClient, number: int, folder: Path, *, name: str, content: bytes, sentence: str
    ) -> None:
        answer = send(red, number, content, name)
        assert (answer.status_code, answer.get_json()["detail"]) == (422, sentence)
        assert nothing(folder)

    def test_two_hundred_megabytes_are_refused_before_they_are_read(
        self, red: FlaskClient, number: int, folder: Path
    ) -> None:
        class Unread(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def readinto(self, _buffer: object) -> int:
                raise AssertionError("the body was read")

        answer = red.post(
            f"/api/tests/{number}/evidence?side=red",
            content_type="multipart/form-data; boundary=x",
            headers=token(red),
            environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": str(200 * MEBIBYTE)},
        )
        assert (answer.status_code, answer.get_json()["detail"]) == (
            413,
            "A file has at most 100 MB. Nothing was kept.",
        )
        assert nothing(folder)

    def test_a_file_just_over_the_limit(
        self, server: Flask, settings: Settings, red: FlaskClient, number: int, folder: Path
    ) -> None:
        server.config["AEGIS"] = settings.model_copy(update={"max_upload_mb": 1})
        answer = send(red, number, PNG + bytes(MEBIBYTE))
        assert (answer.status_code, answer.get_json()["detail"]) == (
            413,
            "shot.png is larger than 1 MB, the most a file may have.",
        )
        assert nothing(folder)

    def test_another_side_and_another_test(self, red: FlaskClient, number: int, folder: Path) -> None:
        assert send(red, number, side="green").get_json()["detail"] == "Say whose evidence it is: red or blue."
        assert send(red, number, side="blue").status_code == 403
        assert send(red, number + 1).status_code == 404
        assert nothing(folder)

    def test_a_deletion_without_a_reason(self, red: FlaskClient, lead: FlaskClient, number: int) -> None:
        item = send(red, number).get_json()["id"]
        for body in (None, [], {"reason": " "}, {"reason": "x" * 501}):
            answer = lead.delete(f"/api/evidence/{item}", json=body, headers=token(lead))
            assert (answer.status_code, answer.get_json()["code"]) == (422, "bad_input")
        assert lead.delete("/api/evidence/7", json={"reason": "Why"}, headers=token(lead)).status_code == 422


class TestOverTheWire:
    """What a client sends that does not keep to its word; the server is a real one."""

    @pytest.fixture
    def post(
        self, live_app: str, server: Flask, add_person: Callable[..., Person], client_of: Callable[..., FlaskClient]
    ) -> Callable[[int, str, bytes], str]:
        person = add_person("rita", Role.RED_LEAD)
        client = client_of(person)
        csrf = token(client)["X-CSRFToken"]
        session = client.get_cookie("aegis_session")
        assert session is not None

        def send(number: int, framing: str, body: bytes) -> str:
            """Send the body, then nothing more; returns what the server answers."""
            address = urlsplit(live_app)
            head = (
                f"POST /api/tests/{number}/evidence?side=red HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"Cookie: aegis_session={session.value}\r\nX-CSRFToken: {csrf}\r\nConnection: close\r\n"
                f"Content-Type: multipart/form-data; boundary=x\r\n{framing}\r\n\r\n"
            )
            with socket.create_connection((str(address.hostname), int(address.port or 80))) as wire:
                wire.sendall(head.encode() + body)
                wire.shutdown(socket.SHUT_WR)
                answer = b""
                while piece := wire.recv(65536):
                    answer += piece
            return answer.decode(errors="replace")

        return send

    PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + PNG

    def test_a_whole_one_is_kept(self, post: Callable[[int, str, bytes], str], number: int) -> None:
        body = self.PART + b"\r\n--x--\r\n"
        assert " 201 " in post(number, f"Content-Length: {len(body)}", body)

    def test_a_connection_that_breaks_leaves_nothing(
        self, post: Callable[[int, str, bytes], str], number: int, folder: Path
    ) -> None:
        answer = post(number, "Content-Length: 5000000", self.PART + bytes(3 * MEBIBYTE))
        assert " 400 " in answer
        assert nothing(folder)

    def test_a_body_without_a_length_stops_at_the_limit(
        self, post: Callable[[int, str, bytes], str], server: Flask, settings: Settings, number: int, folder: Path
    ) -> None:
        server.config["AEGIS"] = settings.model_copy(update={"max_upload_mb": 1})
        body = self.PART + bytes(2 * MEBIBYTE) + b"\r\n--x--\r\n"
        answer = post(number, "Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        assert " 413 " in answer
        assert "This upload is larger than the limit." in answer
        assert nothing(folder)


class TestDownload:
    def test_by_a_link_that_opens_it_without_a_session(
        self, red: FlaskClient, client_of: Callable[..., FlaskClient], number: int
    ) -> None:
        item = send(red, number, PNG, "übersicht.png").get_json()["id"]
        led = red.get(f"/api/evidence/{item}")
        assert led.status_code == 302
        answer = client_of(None).get(led.headers["Location"])
        assert answer.data == PNG
        headers = answer.headers
        assert headers["Content-Disposition"] == (
            "attachment; filename=\"_bersicht.png\"; filename*=UTF-8''%C3%BCbersicht.png"
        )
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Type"] == "application/octet-stream"
        assert (headers["Content-Length"], headers["Cache-Control"]) == (str(len(PNG)), "no-store")

    def test_it_leads_to_the_public_address(
        self, server: Flask, settings: Settings, red: FlaskClient, number: int
    ) -> None:
        item = send(red, number).get_json()["id"]
        server.config["AEGIS"] = settings.model_copy(update={"public_url": "https://aegis.example.org"})
        led = red.get(f"/api/evidence/{item}").headers["Location"]
        assert led.startswith("https://aegis.example.org/files/")

    def test_the_link_is_soon_over_and_cannot_be_made_up(
        self, monkeypatch: pytest.MonkeyPatch, red: FlaskClient, client_of: Callable[..., FlaskClient], number: int
    ) -> None:
        item = send(red, number).get_json()["id"]
        link = red.get(f"/api/evidence/{item}").headers["Location"]
        anybody = client_of(None)
        for wrong in (link[:-2] + "xx", f"/files/{item}", "/files/x"):
            answer = anybody.get(wrong)
            assert (answer.status_code, answer.get_json()["detail"]) == (
                404,
                "This link is over. Open the file from its test again.",
            )
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 59)
        assert anybody.get(link).status_code == 200
        monkeypatch.setattr(time, "time", lambda: now + 62)
        assert anybody.get(link).status_code == 404

    def test_a_deleted_file_is_gone_for_links_too(self, red: FlaskClient, lead: FlaskClient, number: int) -> None:
        item = send(red, number).get_json()["id"]
        link = red.get(f"/api/evidence/{item}").headers["Location"]
        gone = lead.delete(f"/api/evidence/{item}", json={"reason": "A customer's name"}, headers=token(lead))
        assert (gone.status_code, gone.get_json()["deleted_by"]) == (200, "Lea")
        for address in (link, f"/api/evidence/{item}", f"/api/evidence/{item}/preview"):
            answer = red.get(address)
            assert (answer.status_code, answer.get_json()["detail"]) == (
                404,
                "shot.png was deleted by Lea: A customer's name",
            )

    def test_not_without_signing_in(self, red: FlaskClient, client_of: Callable[..., FlaskClient], number: int) -> None:
        item = send(red, number).get_json()["id"]
        anybody = client_of(None)
        for address in (f"/api/evidence/{item}", f"/api/evidence/{item}/preview"):
            assert anybody.get(address).status_code == 401

    def test_only_leads_delete(self, red: FlaskClient, number: int, folder: Path) -> None:
        item = send(red, number).get_json()["id"]
        assert red.delete(f"/api/evidence/{item}", json={"reason": "Why not"}, headers=token(red)).status_code == 403
        assert red.delete(f"/api/evidence/{item}", json={"reason": "Why not"}).status_code == 422  # no token
        assert len(left_over(folder)) == 1

    def test_a_file_that_was_lost_is_said(self, red: FlaskClient, number: int, folder: Path) -> None:
        item = send(red, number).get_json()["id"]
        left_over(folder)[0].unlink()
        answer = red.get(f"/api/evidence/{item}/preview")
        assert (answer.status_code, answer.get_json()["detail"]) == (404, "This file is no longer kept.")


class TestPreview:
    def test_an_image_as_an_image(self, red: FlaskClient, number: int) -> None:
        item = send(red, number, PNG, "shot.jpg").get_json()["id"]
        answer = red.get(f"/api/evidence/{item}/preview")
        assert (answer.data, answer.headers["Content-Type"]) == (PNG, "image/png")
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_of_nothing_else(self, red: FlaskClient, number: int) -> None:
        item = send(red, number, b"<html><p>Dear customer</p>", "mail.html").get_json()
        assert item["name"] == "mail.html.txt"
        assert red.get(f"/api/evidence/{item['id']}/preview").status_code == 404

    def test_not_of_a_huge_image(self, red: FlaskClient, number: int) -> None:
        item = send(red, number).get_json()["id"]
        execute("UPDATE evidence SET size = :size", size=16 * MEBIBYTE)
        assert red.get(f"/api/evidence/{item}/preview").status_code == 404


class TestBucket:
    """The same against a real S3 server."""

    @pytest.fixture
    def bucket(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """The address of an S3 server with the bucket `evidence`."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        serving = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        serving.start()
        _, port = serving.get_host_and_port()
        address = f"http://127.0.0.1:{port}"
        urllib.request.urlopen(urllib.request.Request(f"{address}/evidence", method="PUT")).close()
        yield address
        urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset", method="POST")).close()
        serving.stop()

    @pytest.fixture
    def public(self, bucket: str) -> str:
        """Another name of the same server, as browsers know it."""
        address = bucket.replace("127.0.0.1", "localhost")
        objects.configure(f"s3://evidence/aegis?endpoint={bucket}&region=us-east-1", address)
        return address

    @pytest.mark.parametrize("size", [108, 17 * MEBIBYTE])
    def test_there_and_back_by_a_link_to_the_public_host(
        self, red: FlaskClient, public: str, number: int, size: int
    ) -> None:
        content = PNG.ljust(size, b"\0")
        item = send(red, number, content, "übersicht.png").get_json()["id"]
        link = red.get(f"/api/evidence/{item}").headers["Location"]
        assert link.startswith(f"{public}/evidence/aegis/evidence/")
        assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["60"]
        with urllib.request.urlopen(link) as answer:
            assert answer.read() == content
            assert answer.headers["Content-Disposition"].startswith('attachment; filename="_bersicht.png"')
            assert answer.headers["Content-Type"] == "image/png"

    def test_a_preview_comes_from_the_bucket_through_aegis(self, red: FlaskClient, public: str, number: int) -> None:
        item = send(red, number).get_json()["id"]
        answer = red.get(f"/api/evidence/{item}/preview")
        assert (answer.data, answer.headers["Content-Type"]) == (PNG, "image/png")

    def test_deleting_takes_the_object_too(self, red: FlaskClient, lead: FlaskClient, public: str, number: int) -> None:
        item = send(red, number).get_json()["id"]
        link = red.get(f"/api/evidence/{item}").headers["Location"]
        assert lead.delete(f"/api/evidence/{item}", json={"reason": "Why"}, headers=token(lead)).status_code == 200
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(link)

    def test_the_sweep_removes_what_no_row_knows(self, red: FlaskClient, public: str, number: int) -> None:
        item = send(red, number).get_json()["id"]
        objects.put("evidence/x/orphan", io.BytesIO(b"x"))
        assert evidence.sweep(datetime.now(UTC) + timedelta(hours=2)) == 1
        assert red.get(f"/api/evidence/{item}/preview").data == PNG

    def test_a_bucket_that_does_not_answer(self, red: FlaskClient, public: str, bucket: str, number: int) -> None:
        objects.configure(f"s3://nothing/aegis?endpoint={bucket}&region=us-east-1")
        answer = send(red, number)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
        assert rows("SELECT count(*) FROM evidence") == [(0,)]
