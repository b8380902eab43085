"""Layers of the Navigator: written as the format 4.5 says, read strictly, and refused with one sentence."""

import json
from typing import Any

import pytest

from domain.errors import BadInput, TooLarge
from domain.navigator import MAX_BYTES, Gradient, Layer, Note, as_dict, parse, to_json

# layers/spec/v4.5/layerformat.md: the names a layer and its techniques may have
TOP = {
    "versions",
    "name",
    "description",
    "domain",
    "customDataURL",
    "filters",
    "sorting",
    "layout",
    "hideDisabled",
    "techniques",
    "gradient",
    "legendItems",
    "showTacticRowBackground",
    "tacticRowBackground",
    "selectTechniquesAcrossTactics",
    "selectSubtechniquesWithParent",
    "selectVisibleTechniques",
    "metadata",
    "links",
}
TECHNIQUE = {
    "techniqueID",
    "tactic",
    "comment",
    "enabled",
    "score",
    "color",
    "metadata",
    "links",
    "showSubtechniques",
}

LAYER = Layer(
    name="Überblick",
    domain="enterprise-attack",
    attack_version="18.1",
    description="Everything",
    notes=[
        Note("T1059", score=0, colour="#ff0000", comment="seen", metadata=[("Tests", "3")]),
        Note("T1059.001", tactic="execution", score=75, enabled=False, open=True),
        Note("T1566"),
    ],
    platforms=["Windows"],
    gradient=Gradient(["#000000", "#ffffff"]),
    legend=[("Covered (1 of 2)", "#009e73")],
    metadata=[("Scope", "all")],
)


def minimal(**changes: Any) -> dict[str, Any]:
    layer = {"name": "x", "domain": "enterprise-attack", "versions": {"layer": "4.5", "navigator": "5.0.0"}}
    return {**layer, "techniques": [], **changes}


def read(value: object) -> list[Layer]:
    return parse(json.dumps(value).encode())


def test_only_names_of_the_format_are_written() -> None:
    made = as_dict(LAYER)
    assert set(made) <= TOP
    assert all(set(technique) <= TECHNIQUE for technique in made["techniques"])
    assert set(made["gradient"]) == {"colors", "minValue", "maxValue"}
    assert set(made["versions"]) == {"attack", "navigator", "layer"}


def test_versions_are_those_the_navigator_knows() -> None:
    assert as_dict(LAYER)["versions"] == {"attack": "18", "navigator": "5.3.2", "layer": "4.5"}
    assert "attack" not in as_dict(Layer("x", "ics-attack"))["versions"]


def test_a_score_of_zero_is_a_score_and_none_is_absent() -> None:
    first, second, third = as_dict(LAYER)["techniques"]
    assert first["score"] == 0
    assert isinstance(second["score"], int)
    assert "score" not in third
    assert ("tactic" in first, second["tactic"]) == (False, "execution")


def test_a_layer_is_utf8_and_survives_the_round_trip() -> None:
    content = to_json(LAYER)
    assert "Überblick" in content.decode("utf-8")
    (back,) = parse(content)
    assert (back.name, back.domain, back.attack_version) == ("Überblick", "enterprise-attack", "18")
    assert [(n.technique, n.tactic, n.score, n.enabled, n.open) for n in back.notes] == [
        ("T1059", None, 0, True, False),
        ("T1059.001", "execution", 75, False, True),
        ("T1566", None, None, True, False),
    ]
    assert (back.notes[0].colour, back.notes[0].comment) == ("#ff0000", "seen")


def test_a_file_may_hold_a_list_of_layers() -> None:
    assert [layer.name for layer in read([minimal(name="a"), minimal(name="b")])] == ["a", "b"]


def test_older_layers_are_read_too() -> None:
    old = {"name": "x", "domain": "mitre-enterprise", "version": "2.2", "techniques": [{"techniqueID": "T1059"}]}
    (layer,) = read(old)
    assert (layer.domain, layer.attack_version, len(layer.notes)) == ("enterprise-attack", None, 1)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert parse(b"\xef\xbb\xbf" + json.dumps(minimal()).encode())


@pytest.mark.parametrize("colour", ["", "red", "url(x)", "#12", "#ff0000;x", 5, None])
def test_a_colour_that_is_none_is_left_out(colour: object) -> None:
    (layer,) = read(minimal(techniques=[{"techniqueID": "T1059", "color": colour}]))
    assert layer.notes[0].colour is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'{"name": NaN}', "not JSON"),
        (b"[]", "list in it is empty"),
        (b"7", "JSON object"),
        (b"[1]", "JSON object"),
    ],
)
def test_what_is_no_layer_is_refused_in_one_sentence(content: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why) as refused:
        parse(content)
    assert refused.value.detail.startswith("This is not a Navigator layer: ")
    assert refused.value.detail.endswith("Nothing was added.")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": ""}, "no name"),
        ({"name": 5}, "no name"),
        ({"domain": "moon-attack"}, "domain"),
        ({"versions": {}}, "version of the layer format"),
        ({"versions": None}, "version of the layer format"),
        ({"versions": {"layer": "5.0"}}, "newer"),
        ({"techniques": {}}, "not a list"),
        ({"techniques": ["T1059"]}, "entry 1 .* not an object"),
        ({"techniques": [{}]}, "technique id of entry 1 is missing"),
        ({"techniques": [{"techniqueID": "T1059"}, {"techniqueID": "Tbanana"}]}, "entry 2 is “Tbanana”"),
        ({"techniques": [{"techniqueID": "T1059", "score": "72"}]}, "score of entry 1"),
        ({"techniques": [{"techniqueID": "T1059", "score": True}]}, "score of entry 1"),
        ({"techniques": [{"techniqueID": "T1059", "tactic": 3}]}, "tactic of entry 1"),
        ({"techniques": [{"techniqueID": "T1059"}] * 20_001}, "20,001 techniques"),
    ],
)
def test_a_malformed_layer_is_refused_with_its_place(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        read(minimal(**changes))


def test_too_many_layers_are_refused() -> None:
    with pytest.raises(BadInput, match="20 layers"):
        read([minimal()] * 21)


def test_a_stix_bundle_is_no_layer() -> None:
    with pytest.raises(BadInput, match="no name"):
        read({"type": "bundle", "id": "bundle--1", "objects": []})


def test_a_file_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(TooLarge, match="10 MB"):
        parse(b" " * (MAX_BYTES + 1))
