"""What is taken along is what is shown: as a layer the Navigator understands, and as rows."""

import json
from typing import Any

import pytest

from domain import navigator
from domain.heatmap_export import COLUMNS, layer_of, rows
from domain.heatmap_shown import Shown, decide
from domain.heatmap_view import View
from pages.components.tokens import LIGHT
from tests.domain.matrices import SMALL, entry, matrix


def layer(shown: Shown) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(navigator.to_json(layer_of(shown, "Enterprise; all platforms", LIGHT)))
    return made


def by_id(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {technique["techniqueID"]: technique for technique in made["techniques"]}


def test_a_layer_has_integer_scores_and_leaves_out_what_nobody_knows() -> None:
    found = by_id(layer(decide(SMALL, View())))
    assert {key: one.get("score") for key, one in found.items()} == {
        "T1059": 50,
        "T1059.001": 100,
        "T1059.004": None,
        "T1053": 0,
        "T1037": None,
    }
    assert all(isinstance(one["score"], int) for one in found.values() if "score" in one)


def test_a_layer_speaks_the_loaded_release_and_names_no_tactic() -> None:
    made = layer(decide(SMALL, View()))
    assert made["versions"]["attack"] == "18"
    assert not any("tactic" in technique for technique in made["techniques"])


def test_a_view_of_one_tactic_is_a_layer_of_that_tactic() -> None:
    made = layer(decide(SMALL, View(tactic="persistence")))
    assert {technique["tactic"] for technique in made["techniques"]} == {"persistence"}


def test_a_layer_says_how_many_of_how_many() -> None:
    made = layer(decide(SMALL, View()))
    assert made["description"].startswith("1 of 5 techniques covered.")
    assert {"label": "Covered (1 of 5)", "color": LIGHT["c-alerted"]} in made["legendItems"]
    assert {"name": "Procedures detected or prevented", "value": "1 of 2"} in by_id(made)["T1059"]["metadata"]


def test_the_gradient_and_the_filter_are_those_shown() -> None:
    made = layer(decide(SMALL, View(mode="score", platforms=("Windows",))))
    assert made["gradient"] == {"colors": [LIGHT[f"ramp-{n}"] for n in range(8)], "minValue": 0, "maxValue": 100}
    assert made["filters"] == {"platforms": ["Windows"]}


def test_what_is_singled_out_is_listed_even_when_nothing_is_known_of_it() -> None:
    assert set(by_id(layer(decide(SMALL, View(only="untested"))))) == {"T1547"}


def test_an_unplaced_claim_is_no_score() -> None:
    found = by_id(layer(decide(SMALL, View(mode="claimed"))))
    assert "score" not in found["T1547"]
    assert found["T1053"]["score"] == 1


@pytest.mark.parametrize("mode", ["status", "gap"])
def test_mitreattack_python_reads_the_same_layer(mode: str) -> None:
    from mitreattack.navlayers import Layer

    made = layer(decide(SMALL, View(mode=mode)))
    judged = Layer(made).to_dict()
    assert judged is not None
    key = lambda one: one["techniqueID"]  # noqa: E731
    assert sorted(judged["techniques"], key=key) == sorted(made["techniques"], key=key)
    assert judged["domain"] == made["domain"]
    assert judged["legendItems"] == made["legendItems"]


def test_rows_tell_every_figure_and_none_where_nothing_is_known() -> None:
    found = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows(decide(SMALL, View()))}
    assert len(found) == 6
    assert found["T1059.001"]["parent_id"] == "T1059"
    assert found["T1053"]["tactics"] == "Execution; Persistence"
    assert (found["T1547"]["proven_percent"], found["T1547"]["score"]) == (None, None)
    assert found["T1059"]["procedures_detected_or_prevented"] == 1
    assert (found["T1037"]["in_scope"], found["T1037"]["shown_as"]) == ("no", "Out of scope")


def test_rows_are_safe_in_a_spreadsheet() -> None:
    shown = decide(matrix(entry("T1001", name='=HYPERLINK("http://x")')), View())
    assert next(iter(rows(shown)))[1] == '\'=HYPERLINK("http://x")'
