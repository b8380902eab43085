"""`aegis scheduler`: asks every two seconds whether something is due. Any number may run: due times are kept in SQL."""

import signal
import threading
from datetime import UTC, datetime
from pathlib import Path

import redis
import sqlalchemy.exc
import structlog

from app import logs
from app.instance import Instance
from app.processes import configure_data, die_with_supervisor
from domain.errors import Unavailable

EVERY_SECONDS = 2.0
LONGEST_PAUSE = 30.0
# When a scheduler last looked, for `aegis doctor` and the health page.
HEARTBEAT = "aegis:scheduler:seen"
HEARTBEAT_EXPIRES = 60


def run(data_dir: Path | None) -> None:
    """Look until SIGTERM or SIGINT."""
    die_with_supervisor()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    instance = Instance.open(data_dir)
    logs.configure("scheduler", instance.settings)
    log = structlog.get_logger("aegis.scheduler")
    with instance.services(redis=True):
        configure_data(instance.settings, process="scheduler", pool_size=1)
        log.info("scheduler starts")
        loop(stop)
    log.info("scheduler stopped")


def loop(stop: threading.Event, every: float = EVERY_SECONDS) -> None:
    """Tick until `stop` is set. Whatever fails is logged once an outage and tried again, with growing pauses."""
    from data import redis as redis_connection
    from jobs import schedule

    log = structlog.get_logger("aegis.scheduler")
    failures = 0
    while not stop.is_set():
        try:
            done = schedule.tick()
            redis_connection.client().set(HEARTBEAT, datetime.now(UTC).isoformat(), ex=HEARTBEAT_EXPIRES)
        except (Unavailable, redis.RedisError, sqlalchemy.exc.DBAPIError) as error:
            failures += 1
            if failures == 1:
                log.warning("a service does not answer", reason=str(error).splitlines()[0])
        except Exception:
            failures += 1
            log.exception("looking for due work failed")
        else:
            if failures:
                log.info("everything answers again", after_failures=failures)
            failures = 0
            if done:
                log.debug("due work", done=done)
        stop.wait(min(every * 2**failures, LONGEST_PAUSE))
