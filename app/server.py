"""The web process: Flask, the guards before it, and Dash on top, composed in one place."""

from datetime import timedelta

import dash
from flask import Flask

from app import bundle, component_json, errors, health, navigation, page_cache, security
from app.api import (
    actions,
    audit,
    compliance,
    evidence,
    evidence_times,
    exports,
    notifications,
    rehearsals,
    rules_csv,
    sources,
    test_imports,
    tests_csv,
)
from app.auth import routes, sessions
from app.processes import configure_data
from app.settings import ROOT, Settings
from pages.components import frame

_ASSET_AGE = timedelta(days=1)
_BODY_MAX = 16 * 1024 * 1024  # of anything but an upload, which has a limit of its own


def create_app(settings: Settings) -> Flask:
    """A WSGI application for these (resolved) settings; configures the process's database and Redis."""
    configure_data(settings, process="web", pool_size=settings.web_threads)

    server = Flask("aegis", static_folder=None, template_folder=str(ROOT / "app" / "templates"))
    server.config.update(MAX_CONTENT_LENGTH=_BODY_MAX, SEND_FILE_MAX_AGE_DEFAULT=_ASSET_AGE)
    server.config["AEGIS"] = settings
    errors.install(server)
    sessions.install(server, settings)
    security.install(server, settings)
    routes.install(server, settings)
    server.register_blueprint(health.blueprint)
    server.register_blueprint(actions.blueprint)
    server.register_blueprint(audit.blueprint)
    server.register_blueprint(compliance.blueprint)
    server.register_blueprint(evidence.blueprint)
    server.register_blueprint(evidence_times.blueprint)
    server.register_blueprint(exports.blueprint)
    server.register_blueprint(notifications.blueprint)
    server.register_blueprint(rehearsals.blueprint)
    server.register_blueprint(sources.blueprint)
    server.register_blueprint(test_imports.blueprint)
    server.register_blueprint(tests_csv.blueprint)
    server.register_blueprint(rules_csv.blueprint)

    component_json.install()
    styles, scripts = bundle.install(server, ROOT / "assets")
    app = dash.Dash(
        "aegis",
        server=server,
        title="Aegis",
        update_title=None,
        assets_folder=str(ROOT / "assets"),
        assets_ignore=".*",  # in the bundle
        index_string=frame.index_string(styles, scripts),
        use_pages=False,
        suppress_callback_exceptions=True,
        on_error=navigation.show_error,
        csrf_token_name=security.CSRF_COOKIE,
        add_log_handler=False,
        enable_mcp=False,
    )
    navigation.install(app)
    page_cache.install(server, navigation.is_kept, navigation.open_kept)
    security.allow_inline_scripts(server, list(app.csp_hashes()))
    return server
