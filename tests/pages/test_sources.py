"""The sources page follows a run only while there is one, and its report names what it leaves out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pages import sources as page
from pages.components import runs
from tests.pages.reading import named, nodes, words

NOW = datetime(2026, 11, 14, 12, 0, tzinfo=UTC)
DONE = runs.Run(
    id="r1",
    source="sigma",
    source_name="Sigma",
    state="succeeded",
    trigger="person",
    by="mara",
    queued_at=NOW,
    started_at=NOW,
    finished_at=NOW + timedelta(seconds=134),
    version="r2026-04-01",
    counts={"added": 3754, "not_placed": 244, "changed": 0},
)
RUNNING = replace(
    DONE, id="r2", state="running", finished_at=None, phase="Reading rules", done=1820, total=3756, counts={}
)
SIGMA = page.Source(
    slug="sigma",
    name="Sigma",
    what="Detection rules",
    licence="DRL 1.1",
    licence_url="https://example.org/licence",
    attribution="",
    home_url="https://example.org",
    accepts=[".zip"],
    max_bytes=50 * 1024 * 1024,
    may_download=True,
    asks_version=False,
    loaded=["r2026-04-01"],
    counts=[("rules", 3754)],
    schedule_minutes=None,
    next_run_at=None,
    last=DONE,
)
PAGE = page.Sources(sources=[SIGMA], runs=[DONE], may_sync=True)


def test_the_page_polls_only_while_something_runs() -> None:
    assert named(page.layout(PAGE), "sources-poll").disabled is True
    running = replace(PAGE, sources=[replace(SIGMA, active=RUNNING)])
    assert named(page.layout(running), "sources-poll").disabled is False


def test_one_at_a_time_the_button_waits_for_the_run() -> None:
    button = {"type": "sync-now", "source": "sigma"}
    assert named(page.layout(PAGE), button).disabled is False
    assert named(page.layout(replace(PAGE, sources=[replace(SIGMA, active=RUNNING)])), button).disabled is True


def test_who_may_not_sync_is_offered_neither_button_nor_upload() -> None:
    shown = page.layout(replace(PAGE, may_sync=False))
    assert named(shown, {"type": "sync-now", "source": "sigma"}) is None
    assert [node for node in shown._traverse() if type(node).__name__ == "PostForm"] == []


def test_the_upload_says_what_it_takes_and_refuses_more() -> None:
    form = next(node for node in page.layout(PAGE)._traverse() if type(node).__name__ == "PostForm")
    assert form.action == "/sources/sigma/upload"
    assert form.limit == SIGMA.max_bytes
    assert form.fields[0]["hint"] == ".zip, up to 50.0 MB"
    assert [field["name"] for field in form.fields] == ["file"]


def test_attack_asks_for_the_version() -> None:
    shown = page.layout(replace(PAGE, sources=[replace(SIGMA, asks_version=True)]))
    form = next(node for node in shown._traverse() if type(node).__name__ == "PostForm")
    assert [field["name"] for field in form.fields] == ["file", "version"]


def test_progress_with_and_without_a_known_end() -> None:
    known = runs.render_progress(RUNNING)
    assert "1,820 of 3,756" in words(known)
    bar = next(node for node in known._traverse() if type(node).__name__ == "Progress")
    assert (bar.value, bar.max) == ("1820", "3756")
    unknown = runs.render_progress(replace(RUNNING, state="queued", phase="", done=None, total=None))
    assert "Waiting for a worker" in words(unknown)
    assert "value" not in next(nodes(unknown, "Progress")).to_plotly_json()["props"]


def test_the_last_run_leads_to_each_kind_it_counted() -> None:
    shown = runs.render_outcome(DONE)
    links = [node.href for node in shown._traverse() if getattr(node, "href", None)]
    assert links == ["/sources?run=r1&kind=not_placed", "/sources?run=r1&kind=added"]


def test_a_failed_run_says_why() -> None:
    failed = replace(DONE, state="failed", error="The archive is cut off. Nothing was changed.", counts={})
    assert "The archive is cut off" in words(runs.render_outcome(failed))
    assert "Sigma failed last time" in page.answer(replace(PAGE, sources=[replace(SIGMA, last=failed)]))


def test_many_that_are_not_loaded_are_counted_instead_of_named() -> None:
    new = [replace(SIGMA, slug=name, name=name, loaded=[], last=None) for name in ("One", "Two", "Three")]
    assert page.answer(replace(PAGE, sources=[SIGMA, *new[:2]])) == "One and Two not loaded"
    assert page.answer(replace(PAGE, sources=[SIGMA, *new])) == "3 of 4 sources not loaded"


def test_a_report_says_how_many_it_does_not_show() -> None:
    items = [runs.Item(object_type="rule", ref="T1685", name="Disable defence", detail="T1685 is not on ATT&CK 18.1.")]
    panel = runs.report_panel(runs.Report(run=DONE, kind="not_placed", shown=items * 2))
    assert "The first 2 of 244." in words(panel)
    chosen = [node.children for node in panel._traverse() if getattr(node, "aria-current", None)]
    assert chosen == ["Not placed 244"]


def test_a_run_says_how_long_it_took() -> None:
    assert runs.render_runs([DONE]).rows[0][3] == {"t": "2 min", "o": 134.0}


def test_shortened_texts_are_said_to_be_so() -> None:
    short = replace(SIGMA, shortened_from="baseline of ATT&CK 18.1")
    assert "Texts are shortened: baseline of ATT&CK 18.1" in words(page.layout(replace(PAGE, sources=[short])))
    assert "shortened" not in words(page.layout(PAGE))
