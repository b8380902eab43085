"""What the matrix is told: parallel arrays, texts once, and a frame that changes only with the techniques."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.heatmap import MODES
from domain.heatmap_shown import Mark, Overlay, Shown, decide
from domain.heatmap_view import View
from pages.components import matrix
from pages.components.tokens import DARK, LIGHT
from tests.domain.matrices import SMALL, entry
from tests.domain.matrices import matrix as made


def facts(shown: Shown, attack_id: str) -> dict[str, str]:
    place = [cell.id for cell in shown.cells].index(attack_id)
    told = {label: texts[which[place]] for label, texts, which in matrix.paint(shown)["facts"]}
    return {label: text for label, text in told.items() if text}


def test_everything_is_parallel_to_the_techniques() -> None:
    shown = decide(SMALL, View())
    frame, paint = matrix.frame(shown), matrix.paint(shown)
    for column in ("ids", "names", "parents", "tactics_of"):
        assert len(frame[column]) == 6, column
    for column in ("state", "bucket", "value", "flags"):
        assert len(paint[column]) == 6, column
    assert all(len(which) == 6 and max(which) < len(texts) for _label, texts, which in paint["facts"])


def test_the_card_says_how_much_stands_behind_a_cell() -> None:
    assert facts(decide(SMALL, View()), "T1059") == {
        "Status": "Partly",
        "Procedures": "1 of 2 detected or prevented",
        "Validated tests": "2",
        "Newest evidence": "10 days old",
        "Score": "61 of 100",
        "Enabled rules": "12",
        "Threat actors": "30",
        "Sub-techniques": "1 of 2 covered",
        "Platforms": "Linux, Windows",
    }


def test_what_is_not_known_is_not_said() -> None:
    said = facts(decide(SMALL, View()), "T1547")
    assert "Score" not in said
    assert said["Rules not placed"] == "3"


def test_the_frame_stays_when_only_the_colours_change() -> None:
    keys = {matrix.frame_key(decide(SMALL, View(mode=mode, tactic="execution"))) for mode in ("status", "gap")}
    assert keys == {matrix.frame_key(decide(SMALL, View()))}
    renamed = made(entry("T1059", name="Another name"))
    assert matrix.frame_key(decide(renamed, View())) != matrix.frame_key(decide(made(entry("T1059")), View()))


def test_marks_of_a_layer_lie_on_shown_techniques_only() -> None:
    marks = [
        Mark("T1059", None, 75.0, "#ff0000", "seen"),
        Mark("T1053", "persistence", None, None),
        Mark("T1547", None, 1, None),
    ]
    overlay = Overlay("1", "APT3", marks, 3, 0)
    paint = matrix.paint(decide(SMALL, View(), wanted={"T1059", "T1053"}, overlay=overlay))
    assert paint["overlay"]["marks"] == [[0, -1, "75", "#ff0000", "seen"], [3, 1, "", "", ""]]


def test_the_legend_tells_what_is_part_of_its_total() -> None:
    paint = matrix.paint(decide(SMALL, View()))
    buckets: list[dict[str, Any]] = paint["buckets"]
    assert sum(bucket["count"] for bucket in buckets if bucket["counts"]) == paint["total"] == 5
    assert [mark[:1] + mark[2:] for mark in paint["marks"]] == [["stale", "1"]]


def test_techniques_of_other_domains_say_so_in_their_address() -> None:
    assert matrix.technique_href("enterprise-attack") == "/technique/{id}"
    assert matrix.technique_href("mobile-attack") == "/technique/{id}?domain=mobile-attack"


def luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_on_a_faded_fill_can_be_read(theme: Mapping[str, str]) -> None:
    """`mx-fades`: 45 % of the fill on the surface, with plain ink on it."""
    faded = {bucket.token for mode in MODES.values() if mode.from_tests for bucket in mode.buckets if bucket.fades}
    assert faded >= {"c-alerted", "c-logged", "c-missed"}
    for token in faded:
        mixed = tuple(0.45 * a + 0.55 * b for a, b in zip(rgb(theme[token]), rgb(theme["surface"]), strict=True))
        lighter, darker = sorted((luminance(mixed), luminance(rgb(theme["ink"]))), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, token
