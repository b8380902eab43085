import pytest

from domain.attack_ids import (
    KnownTechnique,
    Resolution,
    TechniqueIndex,
    chain_end,
    is_technique_id,
    normalise,
    predecessors_of,
    successor_of,
)


@pytest.fixture
def index() -> TechniqueIndex[str]:
    return TechniqueIndex(
        [
            KnownTechnique("powershell", "T1059.001", active=True),
            KnownTechnique("dll", "T1574.001", active=True),
            KnownTechnique("side-loading", "T1574.002", active=False, revoked=True, successor="dll"),
            KnownTechnique("circle", "T1999", active=False, revoked=True),
            KnownTechnique("old", "T1043", active=False),
            KnownTechnique("impair", "T1562", active=True),
        ]
    )


class TestPlacing:
    @pytest.mark.parametrize("claimed", ["T1059.001", " t1059.001", "T1059.001\n"])
    def test_an_id_is_found_in_any_case_and_with_blanks(self, index: TechniqueIndex[str], claimed: str) -> None:
        placed = index.place(claimed)
        assert (placed.key, placed.resolution) == ("powershell", Resolution.DIRECT)

    def test_a_revoked_one_goes_to_its_successor(self, index: TechniqueIndex[str]) -> None:
        placed = index.place("T1574.002")
        assert (placed.key, placed.resolution) == ("dll", Resolution.REVOKED_BY)

    @pytest.mark.parametrize(("claimed", "key"), [("T1999", "circle"), ("T1043", "old")])
    def test_a_retired_one_without_successor_stays_where_it_is(
        self, index: TechniqueIndex[str], claimed: str, key: str
    ) -> None:
        placed = index.place(claimed)
        assert (placed.key, placed.resolution) == (key, Resolution.DIRECT)

    def test_a_newer_id_is_not_put_on_its_predecessor(self, index: TechniqueIndex[str]) -> None:
        placed = index.place("T1685")
        assert (placed.key, placed.resolution) == (None, Resolution.NOT_PLACED)

    def test_an_old_id_goes_forward_when_only_the_successor_is_loaded(self) -> None:
        newer = TechniqueIndex([KnownTechnique("disable", "T1685", active=True)])
        placed = newer.place("T1562.001")
        assert (placed.key, placed.resolution) == ("disable", Resolution.KNOWN_SUCCESSOR)

    def test_the_active_one_of_two_with_the_same_id_wins(self) -> None:
        both = [KnownTechnique("retired", "T1453", active=False), KnownTechnique("alive", "T1453", active=True)]
        assert TechniqueIndex(both).place("T1453").key == "alive"
        assert TechniqueIndex(reversed(both)).place("T1453").key == "alive"


class TestChains:
    def test_a_chain_is_followed_to_its_end(self) -> None:
        assert chain_end("T1073", {"T1073": "T1574.002", "T1574.002": "T1574.001"}) == "T1574.001"

    @pytest.mark.parametrize("links", [{}, {"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}])
    def test_no_chain_and_circles_end_nowhere(self, links: dict[str, str]) -> None:
        assert chain_end("a", links) is None


def test_successors_and_predecessors_are_two_ways_of_one_table() -> None:
    assert predecessors_of("t1685") == ("T1562", "T1562.001")
    assert successor_of(" t1562.001 ") == "T1685"
    assert predecessors_of("T1059") == ()
    assert successor_of("T1059") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T1059", True),
        ("t1059.001", True),
        ("TA0005", False),
        ("T105", False),
        ("T1059.01", False),
        ("T1059.001x", False),
    ],
)
def test_only_technique_ids_are_taken_for_such(text: str, expected: bool) -> None:
    assert is_technique_id(normalise(text)) is expected
