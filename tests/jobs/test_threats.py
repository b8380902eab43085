"""What threatens us, said by two at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from data.database import Actor
from domain.errors import Duplicate
from domain.relevance import Priority
from domain.roles import Role
from jobs import threats
from tests.data import world
from tests.jobs.acting import person
from tests.jobs.syncing import rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")
_AT_ONCE = 6


def test_what_is_said_at_the_same_moment_is_kept_once() -> None:
    world.release()
    technique = world.technique("T1000")
    world.attack_object("group", "G0001", "Group", uses={technique: "group_uses"})
    rita = person("rita", Role.RED_LEAD)
    together = Barrier(_AT_ONCE)

    def say(who: Actor) -> str:
        together.wait()
        try:
            threats.name_groups(who, Role.RED_LEAD, world.ENTERPRISE, ["G0001"], reason="They were here before")
            threats.set_priority(who, Role.RED_LEAD, world.ENTERPRISE, "T1000", Priority.HIGH, reason="Crown jewels")
        except Duplicate as error:
            return error.detail
        return "kept"

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        said = set(threads.map(say, [rita] * _AT_ONCE))
    assert "kept" in said
    assert said <= {"kept", "This is there already; reload the page to see it."}
    assert rows("SELECT count(*) FROM threat_group") == [(1,)]
    assert rows("SELECT count(*) FROM technique_priority") == [(1,)]
    assert rows("SELECT count(*) FROM audit_log WHERE action = 'threat.group_named'") == [(1,)]
