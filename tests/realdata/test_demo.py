"""The demo organisation on the real maps: the baseline every installation has, and whole bundles of every domain."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from data.database import SYSTEM, reading
from data.repositories import demo as repository
from domain.roles import Role
from jobs import demo, syncs

pytestmark = pytest.mark.usefixtures("redis_server")
TODAY = date(2026, 11, 23)
BUNDLES = {
    "enterprise": ("enterprise-attack-18.1.json.gz", "18.1", 180, 4),
    "mobile": ("mobile-attack-18.1.json.gz", "18.1", 60, 1),
    "ics": ("ics-attack-18.1.json.gz", "18.1", 60, 0),
}


def figures() -> dict[str, int]:
    counted = {
        "tests": "SELECT count(*) FROM security_test",
        "techniques": "SELECT count(DISTINCT technique_id) FROM security_test",
        "inactive": "SELECT count(*) FROM security_test JOIN technique ON technique.id = technique_id WHERE NOT active",
        "foreign": """SELECT count(*) FROM security_test AS t JOIN technique ON technique.id = t.technique_id
                      WHERE t.platform <> ALL (technique.platforms)""",
        "actors": "SELECT count(*) FROM test_campaign WHERE actor_attack_id IS NOT NULL",
        "not_theirs": """
            SELECT count(*) FROM security_test AS t JOIN test_campaign AS c ON c.id = t.campaign_id
            JOIN technique ON technique.id = t.technique_id
            JOIN attack_object AS g ON g.attack_id = c.actor_attack_id AND g.domain = technique.domain
            WHERE NOT EXISTS (SELECT FROM technique_link AS l
              WHERE l.technique_id = t.technique_id AND l.object_id = g.id AND l.kind = 'group_uses')""",
    }
    with reading() as session:
        return {name: session.execute(text(statement)).scalar_one() for name, statement in counted.items()}


def check(least_techniques: int, least_actors: int) -> None:
    demo.load(SYSTEM, today=TODAY)
    found = figures()
    assert found["tests"] == 900
    assert found["techniques"] >= least_techniques
    assert found["inactive"] == found["foreign"] == found["not_theirs"] == 0
    assert found["actors"] >= least_actors
    demo.clear(SYSTEM, Role.ADMIN)
    assert figures()["tests"] == 0


def test_on_the_baseline(database: Engine) -> None:
    syncs.sync_in_place("attack", input={"kind": "built_in"})
    check(180, 4)


@pytest.mark.realdata
@pytest.mark.parametrize("domain", list(BUNDLES))
def test_on_a_whole_bundle(database: Engine, realdata_dir: Path, domain: str) -> None:
    name, version, techniques, actors = BUNDLES[domain]
    syncs.sync_in_place("attack", input={"kind": "path", "path": str(realdata_dir / "attack" / name)}, version=version)
    check(techniques, actors)


@pytest.mark.realdata
def test_enterprise_comes_before_other_domains(database: Engine, realdata_dir: Path) -> None:
    for name in ("ics-attack-18.1.json.gz", "enterprise-attack-18.1.json.gz"):
        path = str(realdata_dir / "attack" / name)
        syncs.sync_in_place("attack", input={"kind": "path", "path": path}, version="18.1")
    with reading() as session:
        found = repository.catalogue(session)
    assert found is not None
    assert found.domain == "enterprise-attack"
