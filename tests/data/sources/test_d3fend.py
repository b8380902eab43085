from typing import ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sources import d3fend, turtle
from data.sources.base import Asked, Document, Input
from data.sources.countermeasure_records import CountermeasureRecord, CountermeasureSet
from domain.errors import BadInput
from tests.data.sources.d3fend import ONTOLOGY, OWL, row


def _parse(text: str | bytes, *more: str) -> CountermeasureSet:
    contents = [text if isinstance(text, bytes) else text.encode(), *(one.encode() for one in more)]
    documents = tuple(Document(f"{number}.ttl", content) for number, content in enumerate(contents))
    return d3fend.parse(Input("input", documents, whole=True), Asked())


def _mapping(*rows: dict[str, object]) -> bytes:
    return orjson.dumps({"head": {"vars": []}, "results": {"bindings": rows}})


def _by_id(found: CountermeasureSet) -> dict[str, CountermeasureRecord]:
    return {one.d3fend_id: one for one in found.countermeasures}


class TestOntology:
    def test_countermeasures_with_their_facts(self) -> None:
        found = _parse(ONTOLOGY)
        assert found.version == "1.2.0"
        assert set(_by_id(found)) == {"D3-AN", "D3-FA", "D3-SA", "D3-MF"}
        one = _by_id(found)["D3-FA"]
        assert (one.name, one.label, one.parent) == ("FileAnalysis", 'File "Analysis"', "D3-AN")
        assert one.definition == "Looks at files.\nIn two lines."
        assert one.synonyms == ("A look", "File inspection")
        assert one.url == "https://d3fend.mitre.org/technique/d3f:FileAnalysis/"

    def test_the_tactic_is_its_own_or_of_the_nearest_ancestor(self) -> None:
        tactics = {ident: one.tactic for ident, one in _by_id(_parse(ONTOLOGY)).items()}
        assert tactics == {"D3-AN": "Detect", "D3-FA": "Detect", "D3-SA": "Isolate", "D3-MF": ""}

    def test_it_applies_where_both_meet_in_an_artifact_or_a_narrower_one(self) -> None:
        against = {ident: dict(one.against) for ident, one in _by_id(_parse(ONTOLOGY)).items()}
        assert against == {
            "D3-AN": {},  # restrictions of those below or above it are not its own
            "D3-FA": {"T1059.001": ("Shell Script",), "T1566": ("File",)},
            "D3-SA": {"T1059.001": ("Shell Script",)},  # T1566 is about files in general, which is wider
            "D3-MF": {},  # "sees" associates nothing
        }

    def test_without_a_version(self) -> None:
        assert _parse(ONTOLOGY.replace('owl:versionInfo "1.2.0"', 'rdfs:comment "x"')).version is None


class TestMapping:
    ROWS = (
        row(artifact="Email"),
        row(artifact="Email"),
        row(artifact="File"),
        row(technique="T1059.001", artifact="", def_artifact_label="Script"),
        row("Other", "", off_tech=f"{OWL}T1001"),
        row("Other", "CWE-79", off_tech=f"{OWL}CWE-79"),
        row("", "T1002"),
    )
    EXPECTED: ClassVar = {
        "FileAnalysis": ("Detect", {"T1566": ("Email", "File"), "T1059.001": ("Script",)}),
        "Other": ("Detect", {"T1001": ("Email",)}),
    }

    def _facts(self, found: CountermeasureSet) -> dict[str, object]:
        assert [one.item for one in found.rejected] == ["2 rows"]
        return {one.name: (one.tactic, dict(one.against)) for one in found.countermeasures}

    def test_rows_are_gathered_by_countermeasure(self) -> None:
        assert self._facts(_parse(_mapping(*self.ROWS))) == self.EXPECTED

    def test_as_csv(self) -> None:
        rows = [{key: cell["value"] for key, cell in one.items()} for one in self.ROWS]  # type: ignore[index]
        names = list(dict.fromkeys(name for one in rows for name in one))
        lines = [",".join(names), *(",".join(f'"{one.get(name, "")}"' for name in names) for one in rows)]
        assert self._facts(_parse("\ufeff" + "\r\n".join(lines))) == self.EXPECTED


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff", "is not text in UTF-8"),
        ("a\0b", "holds a NUL character"),
        ("", "holds no countermeasure"),
        ("{}", "no mapping of D3FEND"),
        ("{", "no mapping of D3FEND"),
        ('{"results": []}', "no mapping of D3FEND"),
        ('{"results": {"bindings": [1, {"def_tech": 5}]}}', "holds no countermeasure"),
        ("def_tech,def_tech_label\n", "holds no countermeasure"),
        ("what is this", r"is not Turtle \(line 1\)"),
        (":a :b :c .", r"is not Turtle \(line 1\)"),
        ("<a> <b> <c>", "ends in the middle"),
        ('<a> <b> """x', r"is not Turtle \(line 1\)"),
        ("<a> <b>\n<c> <d> .", r"is not Turtle \(line 2\)"),
        ("<a> <b> " + "[ <b> " * 60, "nested more than 50 levels deep"),
        ("<a> <b> " + "( " * 60, "nested more than 50 levels deep"),
    ],
)
def test_what_is_refused(content: str | bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        _parse(content)


def test_only_one_file() -> None:
    with pytest.raises(BadInput, match="one file of D3FEND, not 2"):
        _parse(ONTOLOGY, ONTOLOGY)


class TestTurtle:
    def test_every_form_of_a_statement(self) -> None:
        text = """
        PREFIX ex: <http://e/>
        @prefix : <http://o/> . @base <http://b/> .
        ex:a a :T.1 ; ex:p "x"@en-GB, 'y'^^<http://t>, 5, -1.5e3, true ;; .
        _:b ex:q ( ex:c "d" ) . [ ex:r '''it's''' ] .
        ex:p\\,q :s [] .
        """
        found = [tuple(map(str, triple)) for triple in turtle.triples(text)]
        assert found[0] == ("http://e/a", f"{turtle.RDF}type", "http://o/T.1")
        assert [one[2] for one in found[1:6]] == ["x", "y", "5", "-1.5e3", "true"]
        assert [one[2] for one in found if one[1] == f"{turtle.RDF}first"] == ["d", "http://e/c"]
        assert ("http://e/r", "it's") in [one[1:] for one in found]
        assert found[-1][0] == "http://e/p,q"

    def test_what_could_take_for_ever_does_not(self) -> None:
        for text in ("<a> <b> x:" + "." * 200_000 + "a", "a.a" * 100_000, "a-" * 200_000, "_:" + "a." * 200_000):
            with pytest.raises(turtle.Unreadable):
                turtle.triples(text)

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
    def test_any_text_comes_back_as_it_was(self, text: str) -> None:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
        for quoted in (f'"{escaped}"', f'"""{escaped}"""'):
            (triple,) = turtle.triples(f"<a> <b> {quoted} .")
            assert triple.object == text
