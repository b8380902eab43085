"""The import page: a file is looked through with every choice, and comes in once, by those who may."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from rq import Queue
from rq.job import JobStatus
from rq.registry import FailedJobRegistry
from rq.worker import SimpleWorker

from data import redis as redis_connection
from domain.roles import Permission, Role, may
from jobs import import_work
from tests.callbacks.asking import Answer, Asking, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import rows

CSV = """\
id,title,technique,platform,executed_at,outcome
1,First,T1059,Windows,2026-01-15 09:30,missed
2,Second,T1059,,,
"""
AskingOf = Callable[[Role], Asking]


@pytest.fixture
def asking_of(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> AskingOf:
    world.release()
    world.technique("T1059", platforms=["Windows", "Linux"])
    return lambda role: Asking(client_of(add_person(f"ana-{role}", role)))


@pytest.fixture
def lead(asking_of: AskingOf) -> Asking:
    return asking_of(Role.BLUE_LEAD)


def upload(asking: Asking, content: str | None = CSV, name: str = "tests.csv") -> Any:
    data = {} if content is None else {"file": (io.BytesIO(content.encode()), name)}
    return asking.client.post("/tests/import/upload", data=data, headers=asking._headers())


def uploaded(asking: Asking, content: str = CSV) -> tuple[str, str]:
    """The id of the file, and what the page says of it at first."""
    file = upload(asking, content).get_json()["touched"]
    shown = asking.ask("import-touched.data", {"import-touched.data": file})
    assert shown.beside["url.search"] == f"?file={file}"
    return file, said(shown.outputs["import-body.children"])


def choose(asking: Asking, file: str, columns: dict[str, str] | None = None, **chosen: str) -> str:
    values = {"import-file.data": file, "import-said.value": chosen, "import-columns.value": columns or {}}
    return said(asking.ask("import-said.value", values).outputs["import-found.children"])


def run(asking: Asking, file: str, button: str = "import-run", **chosen: str) -> Answer:
    values = {"import-file.data": file, "import-said.value": chosen, "import-columns.value": {}}
    return asking.ask(f"{button}.n_clicks", {**values, f"{button}.n_clicks": 1})


def count() -> int:
    return int(rows("SELECT count(*) FROM security_test")[0][0])


def test_from_the_upload_to_the_tests(lead: Asking) -> None:
    assert "A file of tests" in said(lead.open("/tests/import").outputs["page.children"])
    file, text = uploaded(lead)
    assert "It names no platform; choose one for all rows that name none." in text
    assert "Nothing was imported: 1 row is wrong. Row 3:" in run(lead, file).toast
    assert count() == 0
    assert "Import 2 tests" in choose(lead, file, platform="Linux")
    done = run(lead, file, platform="Linux")
    assert "Added 1 validated test and 1 draft." in said(done.outputs["import-body.children"])
    assert rows("SELECT title, state, platform FROM security_test ORDER BY number") == [
        ("First", "validated", "Windows"),
        ("Second", "draft", "Linux"),
    ]
    assert "no longer kept" in said(lead.open("/tests/import", f"?file={file}").outputs["page.children"])
    assert "no longer kept" in run(lead, file).toast
    assert count() == 2


def test_wrong_rows_are_left_out_when_asked_to(lead: Asking) -> None:
    file, text = uploaded(lead)
    assert "Leave out 1 wrong row, import 1 test" in text
    done = said(run(lead, file, "import-leave-out").outputs["import-body.children"])
    assert "1 wrong row stayed outside." in done
    assert count() == 1


def test_the_same_file_again(lead: Asking) -> None:
    first, _ = uploaded(lead)
    run(lead, first, platform="Linux")
    again, _ = uploaded(lead)
    assert "Nothing new to import" in choose(lead, again, platform="Linux")


def test_the_address_holds_what_was_chosen(lead: Asking) -> None:
    file, _ = uploaded(lead)
    shown = said(lead.open("/tests/import", f"?file={file}&platform=Linux&m_title=-").outputs["page.children"])
    assert "Import 2 tests" in shown
    assert "Name of T1059" in shown


def test_headings_nobody_knows_ask_for_a_choice(lead: Asking) -> None:
    file, text = uploaded(lead, "Where,What\nT1059,A test\n")
    assert "No column holds the techniques. Say which one does." in text
    assert "Import 1 test" in choose(lead, file, {"m_technique": "Where", "m_title": "What"}, platform="Linux")


def test_another_kind_than_it_is(lead: Asking) -> None:
    file, _ = uploaded(lead)
    assert "This is not an export of VECTR" in choose(lead, file, kind="vectr")


def test_a_discarded_file_is_gone(lead: Asking) -> None:
    file, _ = uploaded(lead)
    done = lead.ask("import-discard.n_clicks", {"import-discard.n_clicks": 1, "import-file.data": file})
    assert "The file is discarded." in done.toast
    assert "no longer kept" in said(lead.open("/tests/import", f"?file={file}").outputs["page.children"])


def test_without_a_file_and_over_the_limit(lead: Asking) -> None:
    refused = upload(lead, None)
    assert (refused.status_code, refused.get_json()["detail"]) == (422, "Choose a file first.")


def test_the_template(lead: Asking) -> None:
    given = lead.client.get("/tests/import/template.csv")
    assert given.headers["Content-Disposition"] == 'attachment; filename="tests.csv"'
    assert given.get_data().startswith(b"\xef\xbb\xbfexternal_id,title,technique,")


@pytest.mark.parametrize("role", sorted(role for role in Role if not may(role, Permission.IMPORT_TESTS)))
def test_others_may_not(asking_of: AskingOf, role: Role) -> None:
    asking = asking_of(role)
    assert upload(asking).status_code == 403
    assert "does not include this page" in said(asking.open("/tests/import").outputs["page.children"])
    needs = "This needs the role"
    file = "01890000-0000-7000-8000-000000000000"
    assert needs in run(asking, file).toast
    assert (
        needs in asking.ask("import-discard.n_clicks", {"import-discard.n_clicks": 1, "import-file.data": file}).toast
    )
    assert needs in asking.ask("import-touched.data", {"import-touched.data": file}).toast
    assert needs in asking.ask("import-said.value", {"import-file.data": file}).toast
    where = {"url.search": f"?file={file}", "url.pathname": "/tests/import"}
    assert needs in asking.ask("url.search", where, of="import-body").toast


def work() -> None:
    client = redis_connection.client()
    SimpleWorker([Queue("sync", connection=client)], connection=client).work(burst=True, logging_level="CRITICAL")


class TestLargeFiles:
    """A file over the limit is a worker's; the page says how far it is and asks again."""

    @pytest.fixture(autouse=True)
    def large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(import_work, "SMALL", 10)

    def poll(self, asking: Asking, file: str, **chosen: str) -> Answer:
        values = {"import-file.data": file, "import-said.value": chosen, "import-columns.value": {}}
        return asking.ask("import-poll.n_intervals", {"import-poll.n_intervals": 1, **values})

    def follow(self, asking: Asking, file: str, **chosen: str) -> Answer:
        asked = {"file": file, "said": chosen, "leave_out": False}
        values = {"import-run-poll.n_intervals": 1, "import-running.data": asked}
        return asking.ask("import-run-poll.n_intervals", values)

    def test_it_is_looked_through_and_imported_by_a_worker(self, lead: Asking) -> None:
        file, text = uploaded(lead)
        assert "Waiting for a worker" in text
        assert "Waiting for a worker" in choose(lead, file, platform="Linux")
        work()
        assert "Import 2 tests" in said(self.poll(lead, file, platform="Linux").outputs["import-found.children"])
        begun = run(lead, file, platform="Linux").outputs["import-body.children"]
        assert "All rows come in at once" in said(begun)
        run(lead, file, platform="Linux")  # a double click
        assert count() == 0
        work()
        assert "Added 1 validated test and 1 draft." in said(
            self.follow(lead, file, platform="Linux").outputs["import-body.children"]
        )
        assert count() == 2

    def test_a_refusal_is_told_and_no_job_has_failed(self, lead: Asking) -> None:
        file, _ = uploaded(lead)
        run(lead, file)
        work()
        told = self.follow(lead, file)
        assert "Nothing was imported: 1 row is wrong. Row 3:" in told.toast
        assert FailedJobRegistry(queue=Queue("sync", connection=redis_connection.client())).count == 0
        assert count() == 0

    def test_it_says_how_far_it_is(self, lead: Asking) -> None:
        file, _ = uploaded(lead)
        queue = Queue("sync", connection=redis_connection.client())
        (job,) = queue.jobs
        job.meta.update(step="Looking through the rows", done=5_000, total=20_000)
        job.save_meta()
        shown = said(self.poll(lead, file).outputs["import-found.children"])
        assert "Looking through the rows, 5,000 of 20,000" in shown

    def test_work_that_broke_off_can_be_asked_for_again(self, lead: Asking) -> None:
        file, _ = uploaded(lead)
        queue = Queue("sync", connection=redis_connection.client())
        (job,) = queue.jobs
        job.set_status(JobStatus.FAILED)
        queue.remove(job)
        assert "broke off; nothing was changed" in said(self.poll(lead, file).outputs["import-found.children"])
        redis_connection.client().delete(f"aegis:imports:{job.id}")
        assert "Waiting for a worker" in said(self.poll(lead, file).outputs["import-found.children"])
        work()
        assert "1 wrong row" in said(self.poll(lead, file).outputs["import-found.children"])

    def test_an_import_nobody_began_is_not_begun_by_asking(self, lead: Asking) -> None:
        file, _ = uploaded(lead)
        assert "no longer known" in self.follow(lead, file).toast
