"""How many statements a page costs: a fixed few, whatever there is to show."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from data import cache, lane
from data import redis as redis_connection
from domain.roles import Role
from tests.callbacks.asking import Asking
from tests.conftest import Person, Statements
from tests.data import world
from tests.jobs.syncing import execute, rows

CAMPAIGN = "00000000-0000-4000-8000-000000000001"
# A page: statements for the first who asks at all, for the first after a test has changed, and for those after them.
# One of each asks who is asking and whether anything has changed.
COST = {
    ("/", ""): (41, 31, 1),
    ("/heatmap", ""): (7, 5, 1),
    ("/heatmap", "?actor=G0001&data=DC0001&platform=Linux&colour=score"): (11, 7, 1),
    ("/coverage", ""): (12, 10, 1),
    ("/coverage", "?by=tool"): (13, 11, 1),
    ("/next", ""): (10, 7, 1),
    ("/score", ""): (16, 13, 1),
    ("/score", "?from=2026-01-01&cause=tests"): (15, 12, 1),
    ("/score/weights", ""): (2, 2, 2),
    ("/retests", ""): (7, 5, 1),
    ("/heatmap", "?as_of=2026-01-01"): (12, 9, 1),
    ("/technique/T1000", ""): (14, 13, 1),
    ("/technique/T1000", "?rule={rule}"): (15, 14, 1),
    ("/rules", ""): (8, 7, 1),
    ("/rules", "?truth=silent&q=rule&technique=T1000"): (8, 7, 1),
    ("/rules", "?view=logs"): (9, 8, 1),
    ("/rules/{rule}", ""): (3, 3, 1),
    ("/countermeasures", ""): (8, 5, 1),
    ("/countermeasures/D3-0", ""): (9, 6, 1),
    ("/threats", "?sector=finance"): (8, 6, 1),
    ("/sources", ""): (11, 6, 6),
    ("/sources", "?run={run}"): (13, 8, 8),
    ("/templates", ""): (4, 3, 3),
    ("/templates", "?actor=G0001&platform=Windows&q=tool"): (9, 7, 6),
    ("/notifications", ""): (5, 5, 5),
    ("/tests", ""): (3, 3, 3),
    ("/tests", "?view=board"): (5, 5, 5),
    ("/tests", "?q=procedure&platform=Linux&sort=executed"): (3, 3, 3),
    ("/tests/import", ""): (1, 1, 1),
    ("/metrics", ""): (9, 9, 1),
    ("/metrics", "?by=tool&platform=Linux"): (14, 15, 1),
    ("/glossary", ""): (1, 1, 1),
    ("/tests/contradictions", ""): (8, 8, 3),
    ("/test/1", ""): (9, 9, 9),
    ("/campaigns", ""): (4, 3, 3),
    (f"/campaign/{CAMPAIGN}", ""): (6, 6, 6),
    ("/actors", ""): (10, 7, 3),
    ("/actors", "?compare=G0000,G0001"): (14, 11, 7),
    ("/actor/G0001", ""): (7, 6, 5),
    ("/plan", "?actor=G0001"): (11, 9, 8),
    ("/scope", ""): (9, 7, 1),
    ("/compliance", ""): (8, 6, 1),
    ("/compliance/nist_800_53", ""): (10, 8, 1),
    ("/compliance/nist_800_53", "?control=AC-01"): (16, 14, 1),
    ("/sources/rehearsal", ""): (3, 3, 3),
    ("/sources/rehearsal/{rehearsal}", ""): (2, 2, 2),
    ("/account", ""): (3, 3, 3),
    ("/admin/users", "?user=ada"): (3, 3, 3),
    ("/admin/jobs", ""): (3, 3, 3),
    ("/admin/audit", ""): (3, 3, 3),
    ("/admin/audit", "?action=user.&entry=1"): (5, 5, 5),
    ("/nothing", ""): (1, 1, 1),
}
FRAME = 2  # who is asking, and whether the demo organisation is loaded
SEARCH = 2  # who is asking, and what was found
Counting = Callable[[Callable[[], object]], int]


@pytest.fixture
def counting(
    count_statements: Callable[[], AbstractContextManager[Statements]], monkeypatch: pytest.MonkeyPatch
) -> Counting:
    """How many statements a call sends, by whichever of the three ways to the database."""
    asked = lane._ask

    def counted(call: Callable[[], object]) -> int:
        with count_statements() as seen:

            def note(statement: str, parameters: Mapping[str, object] | None) -> list[Any]:
                seen.texts.append(statement)
                return asked(statement, parameters)

            monkeypatch.setattr(lane, "_ask", note)
            call()
        return len(seen)

    return counted


def grow(first: int, last: int) -> None:
    """Techniques with sub-techniques, tests, rules, actors, data components, runs with items, people and sessions."""
    for number in range(first, last):
        technique = world.technique(f"T{1000 + number}", under=["execution"], platforms=["Linux"])
        for sub in range(2):
            world.technique(f"T{1000 + number}.{sub:03}", under=["execution"], platforms=["Linux"])
        home = rows("SELECT id FROM technique WHERE attack_id = 'T1000'")[0][0]
        world.security_test(technique, "none/alerted", platform="Linux")
        world.security_test(home, "full/missed", platform="Linux", procedure_key=f"procedure {number}")
        world.rule({"T1000": home, f"T{1000 + number}": technique} if number else {"T1000": home})
        world.rule({f"T9{number:03}": None}, product=f"product {number}")
        world.countermeasure(f"D3-{number}", against=list({home, technique}))
        world.own_group(f"G{number:04}")
        world.priority(f"T{1000 + number}", "high")
        grow_first_test(f"tool-{number}")
        world.attack_object(
            "group", f"G{number:04}", f"Group {number}", uses={home: "group_uses", technique: "group_uses"}
        )
        world.attack_object("data_component", f"DC{number:04}", f"Data {number}", uses={home: "data_component"})
        execute(
            "INSERT INTO sync_run (id, source, state, trigger, requested_by_name, finished_at)"
            " VALUES (uuidv7(), 'sigma', 'succeeded', 'person', 'ada', now())"
        )
        execute("INSERT INTO attack_rehearsal (domain, state, requested_by_name) VALUES ('ics-attack', 'ready', 'ada')")
        execute(
            "INSERT INTO sync_item (id, run_id, kind, object_type, ref, name)"
            " SELECT uuidv7(), run.id, 'added', 'technique', 'T1000', 'x' FROM sync_run AS run, generate_series(1, 3)"
        )
        execute(
            "INSERT INTO user_account (id, username, display_name, role) VALUES (uuidv7(), :name, 'x', 'viewer')",
            name=f"p{number}",
        )
        grow_framework(number, technique, home)
        execute(
            "INSERT INTO test_campaign (id, name) VALUES (CAST(:id AS uuid), 'Spring') ON CONFLICT DO NOTHING",
            id=CAMPAIGN,
        )
        execute("UPDATE security_test SET campaign_id = CAST(:id AS uuid)", id=CAMPAIGN)
        execute(
            "INSERT INTO user_session (id, token_hash, user_id, last_seen_at, expires_at)"
            " SELECT uuidv7(), :token, id, now(), now() + interval '1 hour' FROM user_account WHERE username = 'ada'",
            token=str(number).encode(),
        )


def grow_framework(number: int, technique: UUID, home: UUID) -> None:
    """Another framework, and another control with a decision in the first."""
    world.framework("nist_800_53" if not number else f"f{number}", {"AC-01": [technique, home]})
    execute(
        "INSERT INTO control (framework_id, code, content_hash) SELECT id, :code, '' FROM framework"
        " WHERE slug = 'nist_800_53'",
        code=f"AC-1{number:02}",
    )
    execute(
        "INSERT INTO control_decision (control_id, kind, reason, author_name)"
        " SELECT id, 'out_of_scope', 'Why', 'ana' FROM control WHERE code = :code",
        code=f"AC-1{number:02}",
    )


def grow_first_test(tool: str) -> None:
    """Another tool that saw it, with the rule that fired, a comment and a retest."""
    execute("INSERT INTO defence_tool (id, slug, name, kind) VALUES (uuidv7(), :tool, :tool, 'edr')", tool=tool)
    execute(
        "INSERT INTO observation (id, test_id, round, tool_id, prevention, detection, rule_id)"
        " SELECT uuidv7(), test.id, 1, tool.id, 'none', 'logged', (SELECT id FROM detection_rule ORDER BY id LIMIT 1)"
        " FROM security_test AS test, defence_tool AS tool WHERE test.number = 1 AND tool.slug = :tool",
        tool=tool,
    )
    execute(
        "INSERT INTO test_timeline (id, test_id, round, actor_name, side, action, note)"
        " SELECT uuidv7(), id, 1, 'ada', 'red', 'commented', 'x' FROM security_test WHERE number = 1"
    )
    home, first = rows("SELECT technique_id, id FROM security_test WHERE number = 1")[0]
    world.security_test(home, state="draft", retest_of_id=first)


def costs(asking: Asking, counting: Counting) -> dict[tuple[str, str], tuple[int, int, int]]:
    chosen = {
        "rule": rows("SELECT rule_id FROM rule_technique ORDER BY 1 LIMIT 1")[0][0],
        "run": rows("SELECT id FROM sync_run ORDER BY 1 LIMIT 1")[0][0],
        "rehearsal": rows("SELECT id FROM attack_rehearsal ORDER BY 1 LIMIT 1")[0][0],
    }

    def cost(path: str, search: str) -> tuple[int, int, int]:
        redis_connection.client().flushall()
        cache.forget()
        place, address = path.format(**chosen), search.format(**chosen)
        first = counting(lambda: asking.open(place, address))
        execute("UPDATE security_test SET title = title WHERE number = 1")
        changed = counting(lambda: asking.open(place, address))
        return first, changed, counting(lambda: asking.open(place, address))

    return {(path, search): cost(path, search) for path, search in COST}


def test_the_cost_of_a_page_does_not_grow_with_what_it_shows(
    client_of: Callable[..., FlaskClient], add_person: Callable[..., Person], counting: Counting
) -> None:
    asking = Asking(client_of(add_person("ada", Role.ADMIN)))
    world.release()
    world.tactics("execution")
    for first, last in ((0, 3), (3, 30)):
        grow(first, last)
        asking.open("/nothing")  # connections are open before anything is counted
        assert costs(asking, counting) == COST
        assert counting(lambda: asking.client.get("/_dash-layout")) == FRAME
        assert counting(lambda: asking.ask("search-text.value", {"search-text.value": "name"})) == SEARCH
