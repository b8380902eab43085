"""Metrics say what they are, and the documentation says the same."""

from pathlib import Path

from domain.metrics import METRICS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")


def test_every_metric_stands_on_the_page_word_for_word() -> None:
    flat = " ".join(PAGE.split())
    for metric in METRICS.values():
        said = (metric.definition, metric.source, metric.adding.words)
        row = f"| {metric.name} | `{metric.slug}` | {metric.unit} | {' | '.join(said)} |"
        assert row in flat, f"docs/measures.md does not say what {metric.slug} is"


def test_the_page_has_no_metric_that_does_not_exist() -> None:
    table = PAGE.split("## Metrics")[1].split("\n## ")[0]
    rows = [line for line in table.splitlines() if "| `" in line]
    assert len(rows) == len(METRICS)


def test_definitions_are_sentences_and_slugs_are_unique() -> None:
    assert all(metric.slug == slug for slug, metric in METRICS.items())
    assert all(metric.definition.endswith(".") and metric.definition[0].isupper() for metric in METRICS.values())
