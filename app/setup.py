"""The first start of an instance: a map, somebody who may sign in, and, unless refused, a demo organisation."""

from app.cli.console import Report
from data.database import SYSTEM, reading
from data.repositories import attack
from jobs import demo, people, syncs

FIRST_ADMINISTRATOR = "owner"  # "admin" and its like are the first names guessed, and reserved


def prepare(*, with_demo: bool, report: Report) -> str | None:
    """Do what a new instance needs and is not done yet; returns the first administrator's one-time password, if made.

    `with_demo` matters only on the very first start. Everything here may be interrupted and started again.
    """
    with reading() as session:
        mapped = attack.adopted_releases(session)
    if not mapped:
        report(0, None, "loading the ATT&CK baseline")
        syncs.sync_in_place("attack", actor=SYSTEM, trigger="first_run", report=report)
    password = people.add_first_administrator(FIRST_ADMINISTRATOR)
    if password is not None and with_demo and not demo.is_loaded():
        report(0, None, "inventing a demo organisation")
        demo.load(SYSTEM)
    return password
