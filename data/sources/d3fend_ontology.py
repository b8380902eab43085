"""Reading D3FEND's countermeasures and what they apply to out of its ontology.

The join is the one D3FEND's own mapping makes: countermeasure D and technique T belong together when D has a
restriction to an artifact A, T has one to an artifact B, and B is A or a subclass of A, at any depth. Restrictions
count by whichever property below `may-be-associated-with`. Only those written on D and on T themselves are taken, none
that an ancestor has: a sub-technique is not met because its parent is. Techniques that the ontology marks as deprecated
are left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from data.sources import turtle
from data.sources.countermeasure_records import CountermeasureRecord
from data.sources.turtle import Blank, Iri, Literal, Term, Unreadable
from domain.attack_ids import is_technique_id, normalise

__all__ = ["Unreadable", "read", "version_of"]

_OWN = "http://d3fend.mitre.org/ontologies/d3fend.owl#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
# The columns of D3FEND's matrix, in its order: of several a countermeasure enables, the first is its tactic.
_TACTICS = ("Model", "Harden", "Detect", "Isolate", "Deceive", "Evict", "Restore")
_VERSION = (f"{_OWL}versionInfo", f"{_OWN}release-version", f"{_OWN}version")


def read(text: str) -> list[CountermeasureRecord]:
    """Every countermeasure, in the order of their names. Raises Unreadable."""
    return _Ontology(turtle.triples(text)).countermeasures()


def version_of(text: str) -> str | None:
    """What an ontology's head says of its version; None where it says nothing, as its source does."""
    if "owl:Ontology" not in text[:20_000]:
        return None
    head = text[: text.find(" .\n", text.find("owl:Ontology"))][:20_000]
    try:
        said = {triple.predicate: triple.object for triple in turtle.triples(head + " .\n")}
    except Unreadable:
        return None
    return next((str(said[name])[:40] for name in map(Iri, _VERSION) if name in said), None)


class _Ontology:
    def __init__(self, triples: Iterable[turtle.Triple]) -> None:
        self.said: dict[Term, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for subject, predicate, found in triples:
            self.said[subject][predicate].append(found)

    def countermeasures(self) -> list[CountermeasureRecord]:
        techniques = self._techniques_by_artifact()
        below = self._below(f"{_OWN}DefensiveTechnique")
        made = []
        for one in sorted(below):
            d3fend_id = self._text(one, f"{_OWN}d3fend-id")
            if not d3fend_id:
                continue
            against: dict[str, set[str]] = defaultdict(set)
            for artifact in self._artifacts(one):
                for narrower in {artifact, *self._below(artifact)}:
                    for technique in techniques.get(narrower, ()):
                        against[technique].add(self._text(narrower, f"{_RDFS}label") or _local(narrower))
            made.append(
                CountermeasureRecord(
                    name=_local(one),
                    d3fend_id=d3fend_id,
                    label=self._text(one, f"{_RDFS}label") or _local(one),
                    definition=self._text(one, f"{_OWN}definition"),
                    tactic=self._tactic(one),
                    parent=self._parent(one, below),
                    synonyms=tuple(sorted(self._texts(one, f"{_OWN}synonym"))),
                    against={technique: tuple(sorted(found)) for technique, found in sorted(against.items())},
                )
            )
        return made

    def _techniques_by_artifact(self) -> Mapping[str, set[str]]:
        """Artifact -> ids of the techniques that have a restriction to it."""
        found: dict[str, set[str]] = defaultdict(set)
        for one in self._below(f"{_OWN}OffensiveTechnique"):
            ident = normalise(self._text(one, f"{_OWN}attack-id"))
            if is_technique_id(ident) and self._text(one, f"{_OWL}deprecated") != "true":
                for artifact in self._artifacts(one):
                    found[artifact].add(ident)
        return found

    def _artifacts(self, one: str) -> set[str]:
        """The artifacts of the restrictions that are written on a class itself."""
        found: set[str] = set()
        for above in self.said[Iri(one)][f"{_RDFS}subClassOf"]:
            if isinstance(above, Blank) and any(
                way in self._associating for way in self.said[above][f"{_OWL}onProperty"]
            ):
                found.update(str(to) for to in self.said[above][f"{_OWL}someValuesFrom"] if to in self._all_artifacts)
        return found

    @cached_property
    def _associating(self) -> set[str]:
        """The properties that relate a technique to an artifact."""
        top = f"{_OWN}may-be-associated-with"
        return {top, *self._descendants(f"{_RDFS}subPropertyOf", top)}

    @cached_property
    def _all_artifacts(self) -> set[str]:
        top = f"{_OWN}DigitalArtifact"
        return {top, *self._below(top)}

    @cached_property
    def _children(self) -> Mapping[str, Mapping[str, list[str]]]:
        """Relation -> what is above -> what is directly below it."""
        found: dict[str, dict[str, list[str]]] = {
            name: defaultdict(list) for name in (f"{_RDFS}subClassOf", f"{_RDFS}subPropertyOf")
        }
        for one, said in self.said.items():
            for name, children in found.items():
                for above in said.get(name, ()):
                    if isinstance(one, Iri) and isinstance(above, Iri):
                        children[above].append(str(one))
        return found

    def _below(self, top: str) -> set[str]:
        return self._descendants(f"{_RDFS}subClassOf", top)

    def _descendants(self, relation: str, top: str) -> set[str]:
        """Everything under `top`, at any depth, without itself."""
        children = self._children[relation]
        found: set[str] = set()
        waiting = [top]
        while waiting:
            for one in children.get(waiting.pop(), ()):
                if one not in found and one != top:
                    found.add(one)
                    waiting.append(one)
        return found

    def _above(self, one: str) -> list[str]:
        return [str(above) for above in self.said[Iri(one)][f"{_RDFS}subClassOf"] if isinstance(above, Iri)]

    def _tactic(self, one: str) -> str:
        """What it enables, said on itself or else on its nearest ancestor that says so; '' when none does."""
        seen, level = {one}, [one]
        while level:
            found = {_local(what) for each in level for what in self._enables(each)}
            if named := [tactic for tactic in _TACTICS if tactic in found]:
                return named[0]
            level = [above for each in level for above in self._above(each) if above not in seen]
            seen.update(level)
        return ""

    def _enables(self, one: str) -> list[str]:
        found = list(self.said[Iri(one)][f"{_OWN}enables"])
        for above in self.said[Iri(one)][f"{_RDFS}subClassOf"]:
            if isinstance(above, Blank) and Iri(f"{_OWN}enables") in self.said[above][f"{_OWL}onProperty"]:
                found += self.said[above][f"{_OWL}someValuesFrom"]
        return [str(what) for what in found if isinstance(what, Iri)]

    def _parent(self, one: str, countermeasures: set[str]) -> str:
        """The id of the countermeasure that it refines directly; the first by name of several."""
        above = sorted(each for each in self._above(one) if each in countermeasures)
        return next(filter(None, (self._text(each, f"{_OWN}d3fend-id") for each in above)), "")

    def _texts(self, one: str, name: str) -> list[str]:
        return [str(found).strip() for found in self.said[Iri(one)][name] if isinstance(found, Literal)]

    def _text(self, one: str, name: str) -> str:
        return next(iter(self._texts(one, name)), "")


def _local(iri: str) -> str:
    return iri.rpartition("#")[2] or iri
