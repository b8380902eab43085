"""The guards: nobody in without a session, no change without a token, strict headers, limited attempts."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.attempts import Attempts
from app.security import PUBLIC_ENDPOINTS, safe_next
from app.settings import Settings
from data import database as db
from data.database import SYSTEM, reading
from data.models import AuditEntry
from domain.roles import Role
from jobs import people
from tests.conftest import Person

PAGE = {"Accept": "text/html"}
ClientOf = Callable[..., FlaskClient]
AddPerson = Callable[..., Person]


def _token(client: FlaskClient, path: str = "/login") -> str:
    client.get(path, headers=PAGE)
    cookie = client.get_cookie("_csrf_token")
    assert cookie is not None
    return cookie.value


def _sign_in(client: FlaskClient, username: str, password: str, path: str = "/login") -> object:
    form = {"username": username, "password": password, "csrf_token": _token(client)}
    return client.post(path, data=form, headers=PAGE)


class TestAnonymous:
    def test_every_other_address_is_denied(self, server: Flask, client_of: ClientOf) -> None:
        client = client_of(None)
        asked = 0
        for rule in server.url_map.iter_rules():
            if rule.endpoint in PUBLIC_ENDPOINTS:
                continue
            path = re.sub(r"<[^>]*>", "x", rule.rule)
            for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
                answer = client.open(path, method=method)
                asked += 1
                assert answer.status_code in {401, 302}, (method, path, answer.status_code)
                if answer.status_code == 302:
                    assert answer.headers["Location"].startswith("/login"), path
        assert asked > 10

    def test_callbacks_and_layout_answer_with_words_only(self, client_of: ClientOf) -> None:
        client = client_of(None)
        for answer in (
            client.post("/_dash-update-component", json={}),
            client.get("/_dash-layout", headers={"Accept": "application/json"}),
            client.get("/_dash-dependencies"),
        ):
            assert answer.status_code == 401
            assert answer.json == {
                "detail": "Your session is over. Sign in again; nothing you saved is lost.",
                "code": "not_signed_in",
            }

    def test_a_page_leads_to_the_login_and_back(self, client_of: ClientOf, add_person: AddPerson) -> None:
        add_person("ana", password="A long Passw0rd, truly")
        client = client_of(None)
        sent = client.get("/heatmap?mode=score&platform=Windows", headers=PAGE)
        assert sent.status_code == 302
        login = sent.headers["Location"]
        assert login == "/login?next=%2Fheatmap%3Fmode%3Dscore%26platform%3DWindows"
        back = _sign_in(client, "ana", "A long Passw0rd, truly", login)
        assert back.headers["Location"] == "/heatmap?mode=score&platform=Windows"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/login", "", None, "/a\nb"],
)
def test_next_never_leads_away(target: str | None) -> None:
    assert safe_next(target) == "/"


class TestSignIn:
    def test_wrong_name_and_wrong_password_say_the_same(self, client_of: ClientOf, add_person: AddPerson) -> None:
        add_person("ana")
        client = client_of(None)
        said = [_sign_in(client, name, "wrong") for name in ("ana", "nobody")]
        assert [answer.status_code for answer in said] == [401, 401]  # type: ignore[attr-defined]
        texts = [re.sub(r'value="[^"]*"', "", answer.text) for answer in said]  # type: ignore[attr-defined]
        assert texts[0] == texts[1]
        assert "The username or the password is wrong." in texts[0]

    def test_the_sixth_attempt_in_a_minute_waits(self, client_of: ClientOf, add_person: AddPerson) -> None:
        add_person("ana", password="A long Passw0rd, truly")
        client = client_of(None)
        codes = [_sign_in(client, "ana", "wrong").status_code for _ in range(5)]  # type: ignore[attr-defined]
        assert codes == [401] * 5
        assert _sign_in(client, "ana", "A long Passw0rd, truly").status_code == 429  # type: ignore[attr-defined]

    def test_attempts_are_counted_without_redis(self) -> None:
        attempts = Attempts("redis://127.0.0.1:1/0")
        assert [attempts.one_more("10.0.0.1") for _ in range(6)] == [True] * 5 + [False]
        assert attempts.one_more("10.0.0.2")

    def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
        self, client_of: ClientOf, add_person: AddPerson
    ) -> None:
        add_person("ana", password="A long Passw0rd, truly")
        answer = _sign_in(client_of(None), "ana", "A long Passw0rd, truly")
        cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("aegis_session"))  # type: ignore[attr-defined]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie

    def test_attempts_are_audited_with_the_address(self, client_of: ClientOf, add_person: AddPerson) -> None:
        add_person("ana")
        _sign_in(client_of(None), "ana", "wrong")
        with reading() as session:
            entry = session.query(AuditEntry).filter_by(action="session.refused").one()
            assert (str(entry.ip), entry.actor_name, entry.after) == ("127.0.0.1", "ana", {"reason": "wrong password"})
            assert entry.request_id

    def test_a_one_time_password_leads_to_choosing_one(self, server: Flask, client_of: ClientOf) -> None:
        password = people.add_user(SYSTEM, Role.ADMIN, "ana", Role.VIEWER)
        client = client_of(None)
        _sign_in(client, "ana", password)
        sent = client.get("/heatmap", headers=PAGE)
        assert sent.headers["Location"] == "/password?next=%2Fheatmap"
        refused = client.get("/_dash-layout", headers={"Accept": "application/json"})
        assert refused.json["code"] == "forbidden"  # type: ignore[index]
        form = {"old": password, "new": "Brand new passw0rd!", "again": "Brand new passw0rd", "csrf_token": "?"}
        form["csrf_token"] = _token(client, "/password")
        differs = client.post("/password?next=/heatmap", data=form, headers=PAGE)
        assert "The two new passwords differ." in differs.text
        form["again"] = form["new"]
        done = client.post("/password?next=/heatmap", data=form, headers=PAGE)
        assert done.headers["Location"] == "/heatmap"
        assert client.get("/_dash-layout").status_code == 200

    def test_signing_out_ends_the_session_on_the_server(self, client_of: ClientOf, add_person: AddPerson) -> None:
        ana = add_person("ana")
        client, thief = client_of(ana), client_of(ana)
        assert thief.get("/_dash-layout").status_code == 200
        client.post("/logout", data={"csrf_token": _token(client, "/password")}, headers=PAGE)
        assert thief.get("/_dash-layout").status_code == 401


class TestForgery:
    def test_a_change_without_the_token_is_refused(self, client_of: ClientOf, add_person: AddPerson) -> None:
        client = client_of(add_person("ana"))
        for path in ("/_dash-update-component", "/logout", "/sources/attack/upload"):
            answer = client.post(path, json={})
            assert (answer.status_code, answer.json["code"]) == (422, "bad_input"), path  # type: ignore[index]

    def test_with_the_token_of_another_session_too(self, client_of: ClientOf, add_person: AddPerson) -> None:
        theirs = _token(client_of(add_person("eve")), "/password")
        client = client_of(add_person("ana"))
        _token(client, "/password")
        answer = client.post("/_dash-update-component", json={}, headers={"X-CSRFToken": theirs})
        assert answer.status_code == 422

    def test_with_its_token_it_gets_through(self, client_of: ClientOf, add_person: AddPerson) -> None:
        client = client_of(add_person("ana"))
        token = _token(client, "/password")
        answer = client.post("/logout", headers={"X-CSRFToken": token, **PAGE})
        assert answer.status_code == 302


class TestHeaders:
    @pytest.mark.parametrize("path", ["/login", "/healthz", "/assets/theme.js", "/nothing"])
    def test_every_answer_carries_them(self, client_of: ClientOf, path: str) -> None:
        answer = client_of(None).get(path, headers=PAGE)
        assert answer.status_code == (302 if path == "/nothing" else 200)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-eval" not in policy
        assert re.search(r"script-src 'self'( 'sha256-[^']+')*;", policy)
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"

    def test_data_is_never_kept_by_browsers_or_proxies(self, client_of: ClientOf, add_person: AddPerson) -> None:
        client = client_of(add_person("ana"))
        assert client.get("/_dash-layout").headers["Cache-Control"] == "no-store"

    def test_a_request_id_given_by_a_proxy_is_kept_and_a_strange_one_is_not(self, client_of: ClientOf) -> None:
        client = client_of(None)
        assert client.get("/healthz", headers={"X-Request-ID": "abc-12345"}).headers["X-Request-ID"] == "abc-12345"
        strange = client.get("/healthz", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"]
        assert re.fullmatch(r"[0-9a-f]{32}", strange)


class TestErrors:
    def test_pages_for_people_and_words_for_programs(self, client_of: ClientOf, add_person: AddPerson) -> None:
        client = client_of(add_person("ana"))
        answer = client.get("/export/heatmap.exe")
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")  # type: ignore[index]

    def test_an_unexpected_error_leaks_nothing(
        self, client_of: ClientOf, add_person: AddPerson, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from data import lane

        def explode(*_: object) -> None:
            raise KeyError("secret detail of ours")

        client = client_of(add_person("ana"))
        monkeypatch.setattr(lane, "ask", explode)
        answer = client.get("/api/anything")
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert answer.json["code"] == "internal"  # type: ignore[index]


def test_readiness_names_what_is_missing(client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    from data import redis as redis_connection

    client = client_of(None)
    assert client.get("/readyz").json == {"status": "ok", "database": "ok", "redis": "ok"}
    redis_connection.configure("redis://127.0.0.1:1/0")
    degraded = client.get("/readyz")
    assert (degraded.status_code, degraded.json["redis"]) == (200, "unavailable")  # type: ignore[index]


class TestOtherOrigins:
    def test_only_those_named_may_read_and_only_the_api(self, settings: Settings, redis_server: None) -> None:
        from app.server import create_app

        server = create_app(settings.model_copy(update={"cors_origins": ("https://portal.example.org",)}))
        client = server.test_client()

        def allowed(path: str, origin: str) -> str | None:
            return client.get(path, headers={"Origin": origin}).headers.get("Access-Control-Allow-Origin")

        assert allowed("/export/heatmap.json", "https://portal.example.org") == "https://portal.example.org"
        assert allowed("/export/heatmap.json", "https://evil.example.org") is None
        assert allowed("/_dash-layout", "https://portal.example.org") is None
        db.dispose()

    def test_by_default_nobody(self, client_of: ClientOf) -> None:
        answer = client_of(None).get("/export/heatmap.json", headers={"Origin": "https://portal.example.org"})
        assert "Access-Control-Allow-Origin" not in answer.headers
