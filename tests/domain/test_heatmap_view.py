"""A view is its address: what it says, what it leaves out, and what it does with values nobody knows."""

from hypothesis import given
from hypothesis import strategies as st

from domain.heatmap import MODES
from domain.heatmap_view import Choices, Counted, View, checked, from_query, scope_words, to_query, to_query_values

CHOICES = Choices(
    domains={"enterprise-attack": "Enterprise"},
    platforms=("Linux", "Windows"),
    tactics={"execution": "Execution"},
    groups=(Counted("G0016", "APT29", 66),),
    components=(Counted("DC0032", "Process Creation", 300),),
)


def test_the_default_view_has_an_empty_address() -> None:
    assert to_query(View()) == ""
    assert from_query({}) == (View(), [])


def test_an_address_is_short_ordered_and_readable() -> None:
    view = View(platforms=("Windows", "Linux"), groups=("G0016", "G0007"), mode="score", find="power shell", fit=True)
    assert to_query(view) == "platform=Windows,Linux&actor=G0016,G0007&colour=score&q=power+shell&fit=1"


def test_ids_are_read_in_any_case_and_once() -> None:
    view, _ = from_query({"actor": "g0016, G0016,,", "data": "dc0032", "platform": "windows"})
    view, notes = checked(view, CHOICES)
    assert (view.groups, view.components, view.platforms, notes) == (("G0016",), ("DC0032",), ("Windows",), [])


def test_unknown_values_are_left_out_with_a_sentence_each() -> None:
    view, notes = from_query({"domain": "moon", "colour": "rainbow", "sub": "some", "only": "p100"})
    assert view == View()
    assert len(notes) == 4
    assert sum("rainbow" in note for note in notes) == 1


def test_a_legend_entry_belongs_to_its_mode() -> None:
    assert from_query({"colour": "proven", "only": "p100"})[0].only == "p100"
    assert from_query({"only": "out_of_scope"})[0].only == "out_of_scope"


def test_values_the_content_does_not_have_are_left_out() -> None:
    asked = View(platforms=("Linux", "Amiga"), tactic="stealth", groups=("G0016", "G9999"), components=("DC9999",))
    view, notes = checked(asked, CHOICES)
    assert view == View(platforms=("Linux",), groups=("G0016",))
    assert [note.split(":")[0] for note in notes] == [
        "Tactic stealth",
        "Platform Amiga",
        "Threat actor G9999",
        "Data component DC9999",
    ]


def test_a_long_list_of_unknown_values_stays_a_sentence() -> None:
    _, notes = checked(View(groups=tuple(f"G{n}" for n in range(40))), CHOICES)
    assert notes == ["Threat actor G0, G1, G2, G3, G4 and 35 more: not in the loaded ATT&CK content, left out."]


def test_a_known_view_passes_unchanged() -> None:
    asked = View(platforms=("Linux",), tactic="execution", groups=("G0016",), components=("DC0032",))
    assert checked(asked, CHOICES) == (asked, [])


def test_the_scope_in_words() -> None:
    view = View(platforms=("Linux",), tactic="execution", groups=("G0016",), components=("DC0032",), only="covered")
    assert scope_words(view, CHOICES) == (
        "Enterprise; Linux; tactic Execution; used by APT29 (G0016); seen in Process Creation (DC0032); only “Covered”"
    )
    assert scope_words(View(), CHOICES) == "Enterprise; all platforms"


names = st.text(st.characters(blacklist_characters=",", blacklist_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=8)
lists = st.lists(names, max_size=4, unique=True).map(tuple)


@given(
    view=st.builds(
        View,
        domain=st.sampled_from(["enterprise-attack", "mobile-attack", "ics-attack"]),
        platforms=lists,
        tactic=names,
        groups=lists,
        mode=st.sampled_from(list(MODES)),
        find=names,
        subs=st.sampled_from(["none", "all"]),
        fit=st.booleans(),
    )
)
def test_a_view_survives_its_address(view: View) -> None:
    assert from_query(to_query_values(view)) == (view, [])
