"""Decisions about controls, and frameworks of one's own: who may, what is kept, what is refused."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine

from data.database import Actor
from domain.errors import BadInput, Duplicate, NotFound, PermissionDenied, RuleViolated
from domain.roles import Role
from jobs import compliance, frameworks
from tests.data import world
from tests.jobs.syncing import execute, rows

LEAD = Actor(name="lea")
TODAY = datetime.now(UTC).date()
HEAD = "control,name,group,technique,mapping type,note\n"


@pytest.fixture(autouse=True)
def home(database: Engine) -> UUID:
    world.release()
    technique = world.technique("T1001")
    world.framework("nist_800_53", {"AC-02": [technique]})
    return technique


def decide(kind: str = "risk_accepted", reason: str = "Bought in spring", until: date | None = TODAY) -> None:
    compliance.decide(LEAD, Role.BLUE_LEAD, "nist_800_53", "ac-2", kind=kind, reason=reason, expires_on=until)


def decisions() -> list[tuple[object, ...]]:
    return rows("SELECT kind, reason, withdrawn_at IS NULL FROM control_decision ORDER BY created_at")


def audited() -> list[str]:
    return [action for (action,) in rows("SELECT action FROM audit_log ORDER BY seq")]


class TestDecisions:
    def test_a_new_one_takes_the_place_of_the_last(self) -> None:
        decide()
        decide("out_of_scope", "We have none", None)
        assert decisions() == [("risk_accepted", "Bought in spring", False), ("out_of_scope", "We have none", True)]
        assert audited() == ["control.risk_accepted", "control.out_of_scope"]
        assert rows("SELECT entity_id, before ->> 'kind' FROM audit_log ORDER BY seq DESC LIMIT 1") == [
            ("nist_800_53 AC-02", "risk_accepted")
        ]

    def test_the_same_again_changes_nothing(self) -> None:
        decide()
        decide()
        assert len(decisions()) == len(audited()) == 1

    def test_withdrawn_it_stays_in_the_history(self) -> None:
        decide()
        compliance.withdraw(LEAD, Role.BLUE_LEAD, "nist_800_53", "AC-02")
        assert decisions() == [("risk_accepted", "Bought in spring", False)]
        assert rows("SELECT withdrawn_by_name FROM control_decision") == [("lea",)]
        with pytest.raises(NotFound, match="Nothing is decided"):
            compliance.withdraw(LEAD, Role.BLUE_LEAD, "nist_800_53", "AC-02")

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.RED_TECH, Role.BLUE_TECH])
    def test_only_leads_decide(self, role: Role) -> None:
        for act in (
            lambda: compliance.decide(
                LEAD, role, "nist_800_53", "AC-02", kind="out_of_scope", reason="A reason", expires_on=None
            ),
            lambda: compliance.withdraw(LEAD, role, "nist_800_53", "AC-02"),
        ):
            with pytest.raises(PermissionDenied):
                act()
        assert decisions() == []

    def test_what_is_refused_leaves_nothing(self) -> None:
        for call in (lambda: decide(until=None), lambda: decide(until=TODAY - timedelta(days=1))):
            with pytest.raises(BadInput):
                call()
        with pytest.raises(NotFound, match="no such control"):
            compliance.withdraw(LEAD, Role.BLUE_LEAD, "nist_800_53", "AC-3")
        assert (decisions(), audited()) == ([], [])


def bring(*lines: str, name: str = "Our rules", role: Role = Role.BLUE_LEAD) -> frameworks.Done:
    content = (HEAD + "\n".join(lines)).encode()
    return frameworks.run_content(LEAD, role, content, "ours.csv", name=name, version="1")


class TestOwnFrameworks:
    def test_it_comes_in_and_is_placed(self, home: UUID) -> None:
        done = bring("A-1,First,G,T1001,,", "A-2,Second,G,T9999,,")
        assert (done.slug, dict(done.controls), done.not_placed) == ("own_our_rules", {"added": 2}, 1)
        assert rows(
            "SELECT claimed_id, technique_id FROM control_mapping JOIN framework AS f ON f.id = framework_id"
            " WHERE f.slug = 'own_our_rules' ORDER BY 1"
        ) == [("T1001", home), ("T9999", None)]

    def test_again_it_changes_nothing_and_changed_it_replaces(self) -> None:
        bring("A-1,First,G,T1001,,")
        assert not bring("A-1,First,G,T1001,,").changed
        assert dict(bring("A-2,Second,G,T1001,,").controls) == {"added": 1, "removed": 1}
        assert audited() == ["framework.imported", "framework.imported"]

    def test_one_wrong_row_refuses_all(self) -> None:
        with pytest.raises(BadInput, match=r"Nothing was imported: 1 row is wrong. Row 3: T1 is not"):
            bring("A-1,First,G,T1001,,", "A-2,Second,G,T1,,")
        assert rows("SELECT count(*) FROM framework") == [(1,)]

    def test_looked_at_it_changes_nothing(self) -> None:
        found = frameworks.look_at_content(Role.RED_LEAD, f"{HEAD}A-1,First,G,T9999,,\nA-2,,,x,,\n".encode(), "o.csv")
        assert (list(found.not_placed), [one.number for one in found.problems]) == (["T9999"], [3])
        assert rows("SELECT count(*) FROM framework") == [(1,)]

    def test_removed_it_is_gone_and_its_decisions_wait(self) -> None:
        bring("A-1,First,G,T1001,,")
        compliance.decide(
            LEAD, Role.BLUE_LEAD, "own_our_rules", "A-1", kind="out_of_scope", reason="None here", expires_on=None
        )
        assert frameworks.remove(LEAD, Role.BLUE_LEAD, "own_our_rules") == "Our rules"
        with pytest.raises(NotFound):
            frameworks.remove(LEAD, Role.BLUE_LEAD, "own_our_rules")
        bring("A-1,First,G,T1001,,")
        assert decisions() == [("out_of_scope", "None here", True)]

    def test_those_of_attack_stay(self) -> None:
        execute("UPDATE framework SET origin = 'attack'")
        with pytest.raises(RuleViolated):
            frameworks.remove(LEAD, Role.BLUE_LEAD, "nist_800_53")
        assert rows("SELECT removed_at FROM framework") == [(None,)]

    def test_a_name_that_a_source_has_is_not_taken(self) -> None:
        bring("A-1,First,G,T1001,,")
        execute("UPDATE framework SET origin = 'mappings' WHERE slug = 'own_our_rules'")
        with pytest.raises(Duplicate):
            bring("A-1,First,G,T1001,,")

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.RED_TECH, Role.BLUE_TECH])
    def test_only_leads_bring_and_remove(self, role: Role) -> None:
        for act in (
            lambda: bring("A-1,First,G,T1001,,", role=role),
            lambda: frameworks.look_at_content(role, HEAD.encode(), "o.csv"),
            lambda: frameworks.remove(LEAD, role, "nist_800_53"),
        ):
            with pytest.raises(PermissionDenied):
                act()
