"""What a WSGI server loads: `app.wsgi:app`."""

import logging
import threading

from app import logs, preparing
from app.instance import Instance
from app.server import create_app
from data.queries import heatmap
from domain.errors import Unavailable

_instance = Instance.open()
logs.configure("web", _instance.settings)
app = create_app(_instance.settings)


def _warm() -> None:
    """Compute what the first visitor would wait for: drivers, Polars and the cache start up on the way."""
    try:
        for domain in heatmap.choices("enterprise-attack")["domains"]:
            heatmap.choices(domain)
            heatmap.matrix_json(domain)
    except Unavailable as error:
        logging.getLogger(__name__).info("Nothing was warmed up: %s", error.detail)


preparing.wait(_instance.directory)
threading.Thread(target=_warm, name="warm-up", daemon=True).start()
