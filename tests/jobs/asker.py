"""A process of people who act: `python -m tests.jobs.asker DATABASE REDIS`, actions as JSON lines on standard input.

Each is asked for with patience 0 and, when the database does not answer, again under the same key, as a browser does.
"""

import json
import sys
import time
from uuid import UUID

from data import database
from data import redis as redis_connection
from data.database import Actor
from data.repositories.workflow import Asked
from domain.errors import Unavailable
from jobs import workflow

PATIENCE_SECONDS = 60.0


def main() -> None:
    database.configure(sys.argv[1], pool_size=1)
    redis_connection.configure(sys.argv[2])
    for line in sys.stdin:
        said = json.loads(line)
        actor = Actor(name=said["name"], id=UUID(said["actor"]), ip="192.0.2.1", request_id="storm")
        one = Asked(
            key=UUID(said["key"]),
            kind=said["kind"],
            test_id=UUID(said["test"]),
            payload=said["payload"],
            seen_version=said["seen"],
        )
        _until_accepted(one, actor)


def _until_accepted(one: Asked, actor: Actor) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            workflow.ask(one, actor, patience=0)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        except workflow.AegisError:
            return  # refused already: that is an answer
        else:
            return


if __name__ == "__main__":
    main()
