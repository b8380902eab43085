"""What stands before every request: its id, who asks, and the headers of every answer. Nobody passes unless allowed."""

import logging
import re
from urllib.parse import urlencode
from uuid import uuid4

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from app import bundle, errors, logs
from app.settings import Settings
from domain.errors import BadInput, NotSignedIn, PermissionDenied

log = logging.getLogger(__name__)

_ASSETS = "_dash_assets.static"  # our own scripts and styles, as Dash serves them
# Endpoints that answer people who have not signed in. Everything else is denied, whatever it is.
PUBLIC_ENDPOINTS = frozenset(
    {
        "auth.login",
        "auth.sign_in",
        "health.live",
        "health.ready",
        "evidence.open_link",  # the link itself is signed, and soon over
        _ASSETS,
        bundle.ENDPOINT,
    }
)
# What a person with a one-time password may reach before choosing their own.
PASSWORD_ENDPOINTS = PUBLIC_ENDPOINTS | {"auth.password", "auth.change_password", "auth.sign_out"}
# What programs read; everything else is for our own pages only.
_API = ("/export/", "/api/")
CSRF_COOKIE = "_csrf_token"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class _Forgery(CSRFProtect):  # type: ignore[misc] # Flask-WTF is not checked
    """Looks for the token in the headers first: the form is read by whoever knows how large it may be."""

    def _get_csrf_token(self) -> str | None:
        for name in current_app.config["WTF_CSRF_HEADERS"]:
            if token := request.headers.get(name):
                return token
        found: str | None = super()._get_csrf_token()
        return found


def install(server: Flask, settings: Settings) -> None:
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    server.config.update(WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=True, WTF_CSRF_HEADERS=["X-CSRFToken"])
    server.before_request(_name_request)
    server.before_request(_deny_by_default)
    _Forgery().init_app(server)
    server.register_error_handler(CSRFError, _csrf_failed)
    if settings.cors_origins:
        allow_origins(server, settings.cors_origins)
    secure = settings.session_cookie_secure

    @server.after_request
    def finish(response: Response) -> Response:
        _headers(response, hsts=settings.production)
        if response.mimetype == "text/html" and request.endpoint != _ASSETS:
            # Dash reads this cookie and sends it back as a header; only pages of our own origin can read it.
            response.set_cookie(CSRF_COOKIE, generate_csrf(), secure=secure, httponly=False, samesite="Lax")
        response.headers["X-Request-ID"] = g.get("request_id", "-")
        return response


def allow_origins(server: Flask, origins: tuple[str, ...]) -> None:
    """Let pages of these origins read what the HTTP API answers to the person who is signed in there.

    The session cookie is `SameSite=Lax`: only pages of the same site (portal.example.org beside aegis.example.org)
    bring it along.
    """
    allowed = frozenset(origin.rstrip("/") for origin in origins)

    @server.after_request
    def share(response: Response) -> Response:
        if not request.path.startswith(_API):
            return response
        response.vary.add("Origin")
        if request.headers.get("Origin") in allowed:
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = "Content-Disposition, X-Request-ID"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response


def allow_inline_scripts(server: Flask, hashes: list[str]) -> None:
    """Dash starts itself with inline scripts; they are known by their hashes, and no other inline script runs."""
    server.config["CSP"] = "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' " + " ".join(hashes),
            # Dash's grid and chart libraries write style elements; styles cannot run code
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


def _headers(response: Response, *, hsts: bool) -> None:
    """What an endpoint has set itself stays. Looked through once: this is done for every answer."""
    headers = response.headers
    said = {name.lower() for name, _ in headers}
    policy = {"Content-Security-Policy": current_app.config.get("CSP", "default-src 'self'")}
    for name, value in (policy | _HEADERS | (_HSTS if hsts else {})).items():
        if name.lower() not in said:
            headers.add(name, value)
    if request.endpoint not in (_ASSETS, bundle.ENDPOINT, bundle.CHARTS_ENDPOINT) and not _is_dash_script():
        headers["Cache-Control"] = "no-store"


def _is_dash_script() -> bool:
    return request.path.startswith("/_dash-component-suites/")


def _name_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    logs.bind(request_id=g.request_id)


def _deny_by_default() -> AnyResponse | None:
    if request.endpoint in PUBLIC_ENDPOINTS:
        return None
    if not current_user.is_authenticated:
        if errors.wants_page():
            return redirect(url_for("auth.login") + _back())
        raise NotSignedIn("Your session is over. Sign in again; nothing you saved is lost.")
    logs.bind(user=current_user.username)
    if current_user.must_change_password and request.endpoint not in PASSWORD_ENDPOINTS:
        if errors.wants_page():
            return redirect(url_for("auth.password") + _back())
        raise PermissionDenied("Choose your own password first.")
    return None


def safe_next(target: str | None) -> str:
    """Where to go after signing in: a path of ours, never another site."""
    if target and re.fullmatch(r"/(?![/\\])[^\\\x00-\x1f]*", target) and not target.startswith(("/login", "/logout")):
        return target
    return "/"


def _back() -> str:
    here = request.full_path.rstrip("?")
    return "" if here == "/" else "?" + urlencode({"next": here})


def _csrf_failed(error: CSRFError) -> AnyResponse:
    log.info("Refused a request without a valid token: %s", error.description)
    detail = "This page is out of date. Reload it and try again; nothing was changed."
    return errors.respond(BadInput(detail))
