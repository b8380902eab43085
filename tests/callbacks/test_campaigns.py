"""The campaigns pages over HTTP: what they say, who may do what, and what a click changes."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from data.database import Actor, reading
from data.repositories import campaigns as repository
from domain.roles import Role
from domain.testing import campaign_actions as do
from jobs import campaigns as commands
from tests.callbacks.asking import Answer, Asking, links, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.acting import planned
from tests.jobs.syncing import execute, rows


@pytest.fixture
def lead(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Asking:
    world.release()
    world.tactics("execution")
    return Asking(client_of(add_person("rita", Role.RED_LEAD)))


@pytest.fixture
def viewer_(lead: Asking, client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> Asking:
    return Asking(client_of(add_person("vera", Role.VIEWER)))


def actor() -> Actor:
    return Actor(name="rita", id=rows("SELECT id FROM user_account WHERE username = 'rita'")[0][0])


def campaign(name: str = "Spring", tests: int = 0, **more: Any) -> UUID:
    made = commands.create(actor(), Role.RED_LEAD, do.CreateCampaign(id=uuid4(), name=name, **more))
    if tests:
        commands.add_tests(actor(), Role.RED_LEAD, made, [planned(actor()) for _ in range(tests)])
    return made


def seen(key: UUID, version: int | None = None) -> dict[str, Any]:
    if version is None:
        version = rows("SELECT version FROM test_campaign WHERE id = :id", id=key)[0][0]
    return {"campaign-seen.data": {"id": str(key), "version": version}}


def press(asking: Asking, key: UUID, act: str, **more: Any) -> Answer:
    ident = {"type": "campaign-act", "act": act}
    return asking.ask((ident, "n_clicks"), {**seen(key), "campaign-reason.value": more.get("reason")})


def evaluated(key: UUID, *results: str, procedures: str = "p") -> None:
    """Validated tests in a campaign, each of a procedure of its own."""
    home = rows("SELECT id FROM technique LIMIT 1")[0][0]
    for number, result in enumerate(results):
        world.security_test(
            home, result, campaign_id=key, procedure_key=f"{procedures}{number}", title=f"Step {number}"
        )


class TestList:
    def test_it_says_how_far_each_campaign_is(self, lead: Asking) -> None:
        planned(actor())
        key = campaign(actor_attack_id=None)
        evaluated(key, "none/alerted", "none/missed", "full/missed")
        shown = lead.open("/campaigns")
        assert said(shown.outputs["answer.children"]) == "1 campaign, 0 running"
        words = said(shown.outputs["page.children"])
        assert "Spring" in words
        assert "3 of 3" in words
        assert "1 of 3" in words

    def test_it_is_narrowed_by_its_filters(self, lead: Asking) -> None:
        campaign("Spring")
        campaign("Summer")
        values = {"campaigns-filters.value": {"q": "SUMM", "state": "planned,running"}}
        found = said(lead.ask("campaigns-filters.value", values).outputs["campaigns-list.children"])
        assert "Summer" in found
        assert "Spring" not in found
        nothing = lead.ask("campaigns-filters.value", {"campaigns-filters.value": {"state": "finished"}})
        assert "No campaign matches" in said(nothing.outputs["campaigns-list.children"])

    def test_an_empty_list_says_what_would_be_here(self, viewer_: Asking) -> None:
        assert "Planned by Red lead, Blue lead or Administrator" in said(
            viewer_.open("/campaigns").outputs["page.children"]
        )

    def test_a_lead_plans_one_and_goes_to_it(self, lead: Asking, viewer_: Asking) -> None:
        values = {
            "campaign-new.n_clicks": 1,
            "campaign-new-name.value": "Autumn",
            "campaign-new-goal.value": "See",
            "campaign-new-starts.value": "2027-03-01",
            "campaign-new-ends.value": "",
        }
        answer = lead.ask("campaign-new.n_clicks", values)
        ((key, starts),) = rows("SELECT id, starts_on::text FROM test_campaign")
        assert (starts, answer.beside["url.pathname"]) == ("2027-03-01", f"/campaign/{key}")
        assert "role" in viewer_.ask("campaign-new.n_clicks", values).toast
        assert "not a day" in lead.ask("campaign-new.n_clicks", values | {"campaign-new-ends.value": "soon"}).toast
        assert rows("SELECT count(*) FROM test_campaign") == [(1,)]


class TestPage:
    def test_it_shows_its_tests_in_order_and_what_they_wait_for(self, lead: Asking) -> None:
        planned(actor())
        key = campaign(tests=3)
        with reading() as session:
            first, _, third = (one.test_id for one in repository.get(session, key).members)
        commands.act(actor(), Role.RED_LEAD, key, do.SetDependencies(test_id=third, depends_on=frozenset({first})))
        shown = lead.open(f"/campaign/{key}")
        number = rows("SELECT number FROM security_test WHERE id = :id", id=first)[0][0]
        assert f"blocked by {number}" in said(shown.outputs["page.children"])
        assert said(shown.outputs["answer.children"]) == "Planned, 0 of 3 tests evaluated"
        execute("UPDATE security_test SET state = 'cancelled' WHERE id = :id", id=first)
        assert "blocked" not in said(lead.open(f"/campaign/{key}").outputs["page.children"])

    def test_one_that_is_not_there_is_said_to_be_missing(self, lead: Asking) -> None:
        assert "no such campaign" in said(lead.open(f"/campaign/{uuid4()}").outputs["page.children"])

    def test_who_may_not_manage_is_offered_nothing(self, viewer_: Asking) -> None:
        planned(actor())
        key = campaign(tests=1)
        for search in ("", "?edit=1", "?arrange=1", "?repeat=1", "?clone=1"):
            words = said(viewer_.open(f"/campaign/{key}", search).outputs["page.children"])
            assert not {"Start", "Save", "Done"} & set(words.split())
        assert "role" in press(viewer_, key, "start").toast

    def test_like_for_like_against_the_run_before(self, lead: Asking) -> None:
        planned(actor())
        old = campaign("Spring")
        evaluated(old, "none/missed", "none/alerted", "none/logged", "none/alerted")
        new = commands.clone(actor(), Role.RED_LEAD, old, do.CloneCampaign(new_id=uuid4(), name="Autumn", copies={}))
        execute("DELETE FROM security_test WHERE campaign_id = :id", id=new)
        assert "Nothing was evaluated in both runs yet" in said(lead.open(f"/campaign/{new}").outputs["page.children"])
        evaluated(new, "none/alerted", "none/alerted", "none/missed")
        page = lead.open(f"/campaign/{new}").outputs["page.children"]
        assert "1 better, 1 worse than in the run before" in said(page)
        assert "Only in the run before" in said(page)
        assert links(page)["Spring"] == f"/campaign/{old}"

    def test_starting_finishing_and_cancelling(self, lead: Asking) -> None:
        planned(actor())
        key = campaign(tests=1)
        assert "The campaign is running." in press(lead, key, "start").toast
        assert "unfinished" in press(lead, key, "finish").toast
        assert "finished" in press(lead, key, "finish-anyway").toast
        other = campaign("Other")
        assert "Say why" in press(lead, other, "cancel", reason=" ").toast
        press(lead, other, "cancel", reason="no time")
        assert rows("SELECT name, state FROM test_campaign ORDER BY name") == [
            ("Other", "cancelled"), ("Spring", "finished"),
        ]  # fmt: skip
        assert "no time" in str(lead.open(f"/campaign/{other}").outputs["page.children"])

    def test_an_old_version_is_refused_and_nothing_changes(self, lead: Asking) -> None:
        key = campaign()
        values = {
            "campaign-save.n_clicks": 1,
            **seen(key, 7),
            **{f"campaign-{name}.value": "" for name in ("goal", "actor", "starts", "ends")},
            "campaign-name.value": "Other",
        }
        assert "Changed meanwhile by rita" in lead.ask("campaign-save.n_clicks", values).toast
        lead.ask("campaign-save.n_clicks", values | seen(key))
        assert rows("SELECT name FROM test_campaign") == [("Other",)]


class TestOrder:
    def test_moving_waiting_and_taking_out(self, lead: Asking) -> None:
        planned(actor())
        key = campaign(tests=3)
        ids = [
            row[0]
            for row in rows("SELECT id FROM security_test WHERE campaign_id = :k ORDER BY campaign_position", k=key)
        ]
        asked = {"campaign-order.asked": {"n": 1, "kind": "move", "test": str(ids[2]), "position": 1}}
        lead.ask("campaign-order.asked", asked | seen(key))
        number = rows("SELECT number FROM security_test WHERE id = :id", id=ids[2])[0][0]
        waits = {"n": 2, "kind": "depends", "test": str(ids[0]), "text": f" {number}, "}
        lead.ask("campaign-order.asked", {"campaign-order.asked": waits} | seen(key))
        assert rows("SELECT test_id, depends_on_id FROM campaign_dependency") == [(ids[0], ids[2])]
        wrong = {"campaign-order.asked": waits | {"text": "999999"}}
        assert "not part of this campaign" in lead.ask("campaign-order.asked", wrong | seen(key)).toast
        chosen = {"campaign-remove.n_clicks": 1, "campaign-order.chosen": [str(ids[0]), str(ids[1])]}
        lead.ask("campaign-remove.n_clicks", chosen | seen(key))
        assert rows("SELECT id FROM security_test WHERE campaign_id = :k", k=key) == [(ids[2],)]

    def test_moving_to_another_campaign(self, lead: Asking) -> None:
        planned(actor())
        old, new = campaign(tests=1), campaign("Summer")
        ident = str(rows("SELECT id FROM security_test WHERE campaign_id = :k", k=old)[0][0])
        values = {"campaign-move.n_clicks": 1, "campaign-order.chosen": [ident], "campaign-target.value": str(new)}
        assert "1 test moved" in lead.ask("campaign-move.n_clicks", values | seen(old)).toast
        assert rows("SELECT campaign_id FROM security_test WHERE id = CAST(:id AS uuid)", id=ident) == [(new,)]


class TestRhythm:
    def test_the_next_times_are_said_in_words_before_it_is_kept(self, lead: Asking) -> None:
        key = campaign()
        values = {
            "campaign-rhythm.value": "own",
            "campaign-cron.value": "0 9 1 1 *",
            "campaign-zone.value": "Europe/Madrid",
        }
        shown = said(lead.ask("campaign-rhythm.value", values).outputs["campaign-next.children"])
        assert shown.count("1 Jan") == 3
        assert "09:00 in Europe/Madrid" in shown
        odd = lead.ask("campaign-cron.value", values | {"campaign-cron.value": "every day"})
        assert "five fields" in said(odd.outputs["campaign-next.children"])
        kept = lead.ask("campaign-repeat.n_clicks", {"campaign-repeat.n_clicks": 1} | values | seen(key))
        assert "It comes again" in kept.toast
        assert rows("SELECT recurrence_cron, recurrence_zone FROM test_campaign") == [("0 9 1 1 *", "Europe/Madrid")]
        never = values | {"campaign-rhythm.value": ""}
        lead.ask("campaign-repeat.n_clicks", {"campaign-repeat.n_clicks": 1} | never | seen(key))
        assert rows("SELECT next_run_at FROM test_campaign") == [(None,)]


def test_a_clone_is_made_once_by_a_double_click(lead: Asking) -> None:
    planned(actor())
    key = campaign(tests=2)
    values = {
        "campaign-clone.n_clicks": 1,
        "campaign-clone-key.data": str(uuid4()),
        "campaign-clone-name.value": "Again",
        "campaign-clone-starts.value": "",
        "campaign-clone-ends.value": "",
    }
    for _ in range(2):
        lead.ask("campaign-clone.n_clicks", values | seen(key))
    assert rows("SELECT name, run_number FROM test_campaign ORDER BY run_number") == [("Spring", 1), ("Again", 2)]
