"""Signing in and out, and choosing a password: plain forms that work before any script has loaded."""

from datetime import timedelta

from flask import Blueprint, Flask, Response, g, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as AnyResponse

from app.auth import sessions
from app.auth.attempts import Attempts
from app.security import safe_next
from app.settings import Settings
from callbacks import viewer
from domain.errors import AegisError, BadInput, NotSignedIn
from domain.people import PASSWORD_MIN
from jobs import people

_TOO_MANY = "Five attempts a minute are the limit. Wait a minute, then try again."


def install(server: Flask, settings: Settings) -> None:
    attempts = Attempts(settings.redis_url)
    blueprint = Blueprint("auth", __name__)
    lifetime = timedelta(hours=settings.session_hours)

    @blueprint.get("/login")
    def login() -> AnyResponse:
        if current_user.is_authenticated:
            return redirect(safe_next(request.args.get("next")))
        return _login_page(ended="ended" in request.args)

    @blueprint.post("/login")
    def sign_in() -> AnyResponse:
        if not attempts.one_more(request.remote_addr):
            return _login_page(error=_TOO_MANY, status=429)
        username, password = request.form.get("username", ""), request.form.get("password", "")
        attempt = people.SignIn(
            ip=request.remote_addr,
            user_agent=request.user_agent.string,
            request_id=g.request_id,
            lifetime=lifetime,
        )
        try:
            token = people.sign_in(username[:200].strip(), password[:1000], attempt)
        except NotSignedIn as error:
            return _login_page(error=error.detail, username=username[:200], status=401)
        sessions.begin(token)
        return redirect(safe_next(request.args.get("next")))

    @blueprint.post("/logout")
    def sign_out() -> AnyResponse:
        me = viewer.current()
        people.sign_out(me.actor, me.session_id)
        sessions.forget()
        return redirect(url_for("auth.login"))

    @blueprint.get("/password")
    def password() -> AnyResponse:
        return _password_page()

    @blueprint.post("/password")
    def change_password() -> AnyResponse:
        me = viewer.current()
        new = request.form.get("new", "")
        try:
            if new != request.form.get("again", ""):
                raise BadInput("The two new passwords differ.", errors={"again": "differs"})
            people.change_password(me.actor, me.session_id, request.form.get("old", ""), new)
        except AegisError as error:
            return _password_page(error=error.detail, status=error.status)
        return redirect(safe_next(request.args.get("next")))

    server.register_blueprint(blueprint)


def _login_page(*, error: str | None = None, username: str = "", ended: bool = False, status: int = 200) -> Response:
    page = render_template(
        "login.html",
        error=error,
        username=username,
        ended=ended,
        action=_action("auth.login"),
        csrf_token=generate_csrf,
    )
    return Response(page, status=status, mimetype="text/html")


def _password_page(*, error: str | None = None, status: int = 200) -> AnyResponse:
    page = render_template(
        "change_password.html",
        error=error,
        forced=viewer.current().must_change_password,
        username=viewer.current().username,
        minimum=PASSWORD_MIN,
        action=_action("auth.password"),
        csrf_token=generate_csrf,
    )
    return Response(page, status=status, mimetype="text/html")


def _action(endpoint: str) -> str:
    target = request.args.get("next")
    return url_for(endpoint, next=safe_next(target)) if target else url_for(endpoint)
