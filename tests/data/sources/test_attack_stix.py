import pytest

from data.sources.attack_records import AttackBundle
from data.sources.attack_stix import parse
from data.sources.base import Asked, Document, Input
from domain.errors import BadInput

from . import stix


def _parse(
    *objects: stix.Object, name: str = "bundle.json", version: str | None = "18.1", domain: str | None = None
) -> AttackBundle:
    return _parse_bytes(stix.packed(*objects), name, version, domain)


def _parse_bytes(
    content: bytes, name: str = "bundle.json", version: str | None = "18.1", domain: str | None = None
) -> AttackBundle:
    return parse(Input(name, (Document(name, content),), whole=False), Asked(version, domain))


class TestBundle:
    def test_everything_is_read_into_its_kind(self) -> None:
        read = _parse(
            *stix.FRAME,
            stix.TASK,
            stix.POWERSHELL,
            stix.GROUP,
            stix.MALWARE,
            stix.MITIGATION,
            stix.rel(1, "uses", stix.GROUP, stix.POWERSHELL, description="used it"),
        )
        assert (read.domain, read.version, read.shortened) == ("enterprise-attack", "18.1", False)
        assert [(t.shortname, t.position) for t in read.tactics] == [("execution", 0), ("persistence", 1)]
        task, powershell = read.techniques
        assert (task.attack_id, task.url) == ("T1053", "https://attack.example/T1053")
        assert (task.tactics, task.platforms) == (("execution", "persistence"), ("Linux", "Windows"))
        assert (task.is_subtechnique, powershell.is_subtechnique) == (False, True)
        assert [(o.kind, o.attack_id, o.aliases) for o in read.objects] == [
            ("group", "G0001", ("Zero",)),
            ("software", "S0001", ()),
            ("mitigation", "M1038", ()),
        ]
        assert [(r.kind, r.description) for r in read.relationships] == [("uses", "used it")]
        assert read.rejected == ()

    @pytest.mark.parametrize(
        ("chain", "domain"),
        [
            ("mitre-attack", "enterprise-attack"),
            ("mitre-mobile-attack", "mobile-attack"),
            ("mitre-ics-attack", "ics-attack"),
        ],
    )
    def test_the_domain_shows_in_the_kill_chain(self, chain: str, domain: str) -> None:
        assert _parse(*stix.FRAME, stix.technique(1, "T1", "x", chain=chain)).domain == domain

    @pytest.mark.parametrize("source", ["mitre-mobile-attack", "mitre-ics-attack"])
    def test_an_id_is_found_under_its_older_source_names(self, source: str) -> None:
        old = {**stix.SHELL, "external_references": [{"source_name": source, "external_id": "T0800"}]}
        assert _parse(*stix.FRAME, old).techniques[0].attack_id == "T0800"

    def test_retired_objects_are_kept_and_marked(self) -> None:
        deprecated = stix.technique(9, "T1043", "Commonly Used Port", x_mitre_deprecated=True)
        states = {t.attack_id: (t.revoked, t.deprecated) for t in _parse(*stix.FRAME, stix.AT, deprecated).techniques}
        assert states == {"T1053.001": (True, False), "T1043": (False, True)}

    def test_the_new_detection_model(self) -> None:
        component = stix.obj(
            "x-mitre-data-component",
            1,
            "Process Creation",
            "DC0032",
            x_mitre_log_sources=[{"name": "a", "channel": "b"}],
        )
        reference = {"x_mitre_data_component_ref": component["id"], "name": "Sysmon", "channel": "EventCode=1"}
        analytic = stix.obj(
            "x-mitre-analytic",
            1,
            "Analytic 1",
            "AN0001",
            x_mitre_log_source_references=[reference],
            x_mitre_mutable_elements=[{"field": "Window", "description": "tune"}],
        )
        strategy = stix.obj(
            "x-mitre-detection-strategy", 1, "Detect it", "DET0001", x_mitre_analytic_refs=[analytic["id"]]
        )
        read = _parse(*stix.FRAME, stix.SHELL, component, analytic, strategy)
        details = {item.kind: item.details for item in read.objects}
        assert details["detection_strategy"] == {"analytic_refs": [analytic["id"]]}
        assert details["analytic"] == {
            "log_sources": [{"name": "Sysmon", "channel": "EventCode=1", "data_component_ref": component["id"]}],
            "mutable_elements": [{"field": "Window", "description": "tune"}],
        }
        assert details["data_component"]["log_sources"] == [{"name": "a", "channel": "b", "data_component_ref": None}]

    def test_a_deprecated_matrix_orders_nothing(self) -> None:
        old = stix.tactic(3, "TA0038", "Network Effects", "network-effects", x_mitre_deprecated=True)
        read = _parse(stix.matrix(2, old, x_mitre_deprecated=True), *stix.FRAME, old, stix.SHELL)
        assert {t.shortname: t.position for t in read.tactics} == {
            "execution": 0,
            "persistence": 1,
            "network-effects": None,
        }

    def test_two_active_matrices_follow_each_other_the_larger_first(self) -> None:
        other = stix.tactic(3, "TA0038", "Network Effects", "network-effects")
        read = _parse(stix.matrix(2, other), *stix.FRAME, other, stix.SHELL)
        assert {t.shortname: t.position for t in read.tactics} == {
            "execution": 0,
            "persistence": 1,
            "network-effects": 2,
        }

    def test_of_an_object_given_twice_the_newest_counts(self) -> None:
        newer = {**stix.SHELL, "name": "Newer", "modified": "2025-01-01T00:00:00.000Z"}
        for pair in ((stix.SHELL, newer), (newer, stix.SHELL)):
            assert [t.name for t in _parse(*stix.FRAME, *pair).techniques] == ["Newer"]

    def test_broken_objects_are_named_and_the_rest_goes_on(self) -> None:
        nameless = {"type": "malware", "id": "malware--1"}
        no_id = stix.technique(5, "T1", "No id") | {"external_references": []}
        loose = {"type": "relationship", "id": "relationship--1", "relationship_type": "uses"}
        read = _parse(*stix.FRAME, stix.SHELL, nameless, no_id, loose)
        assert len(read.techniques) == 1
        assert {item.item for item in read.rejected} == {"malware--1", no_id["id"], "relationship--1"}

    def test_values_of_the_wrong_type_count_as_absent(self) -> None:
        odd = {**stix.SHELL, "description": 5, "x_mitre_platforms": "Windows", "revoked": "yes", "created": 1}
        read = _parse(*stix.FRAME, odd, stix.POWERSHELL).techniques[0]
        assert (read.description, read.platforms, read.revoked, read.published_at) == ("", (), False, None)


class TestContentHash:
    def _hash(self, **fields: object) -> bytes:
        return _parse(*stix.FRAME, {**stix.SHELL, **fields}).techniques[0].content_hash

    def test_a_new_modification_time_or_another_order_of_platforms_is_no_change(self) -> None:
        assert self._hash() == self._hash(modified="2025-01-01T00:00:00.000Z", x_mitre_platforms=["Linux", "Windows"])

    @pytest.mark.parametrize(
        "field",
        [
            {"name": "Other"},
            {"description": "Other"},
            {"x_mitre_platforms": ["macOS"]},
            {"x_mitre_version": "1.1"},
            {"x_mitre_detection": "look"},
            {"revoked": True},
            {"x_mitre_deprecated": True},
            {"kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "impact"}]},
        ],
    )
    def test_what_people_see_is_in_it(self, field: dict[str, object]) -> None:
        assert self._hash() != self._hash(**field)


class TestVersion:
    def test_the_bundle_says_it_best(self) -> None:
        assert _parse(*stix.FRAME, stix.SHELL, stix.collection("17.1"), version=None).version == "17.1"

    @pytest.mark.parametrize(("given", "version"), [("18.1", "18.1"), ("v18", "18.0"), ("ATT&CK-v16.1", "16.1")])
    def test_it_can_be_given(self, given: str, version: str) -> None:
        assert _parse(*stix.FRAME, stix.SHELL, version=given).version == version

    @pytest.mark.parametrize(
        "name", ["enterprise-attack-18.1.json", "enterprise-attack-v18.1.json", "enterprise-attack_18.1.json"]
    )
    def test_it_is_recognised_in_the_name(self, name: str) -> None:
        assert _parse(*stix.FRAME, stix.SHELL, name=name, version=None).version == "18.1"

    def test_unknown_asks_for_it(self) -> None:
        with pytest.raises(BadInput, match="give --version"):
            _parse(*stix.FRAME, stix.SHELL, version=None)

    def test_one_that_contradicts_the_bundle_is_refused(self) -> None:
        with pytest.raises(BadInput, match=r"says it is ATT&CK 17\.1, not 18\.1"):
            _parse(*stix.FRAME, stix.SHELL, stix.collection("17.1"), version="18.1")

    def test_nonsense_is_refused(self) -> None:
        with pytest.raises(BadInput, match="is not a version"):
            _parse(*stix.FRAME, stix.SHELL, version="newest")


class TestRefused:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"not json", "is not JSON"),
            (b'{"type": "bundle", "objects": [', "is not JSON"),
            (b"[" * 100_000, "is not JSON"),
            (b"[1, 2]", "JSON but not a STIX bundle"),
            (b'{"name": "layer", "versions": {"layer": "4.5"}, "techniques": []}', "JSON but not a STIX bundle"),
            (b'{"type": "bundle", "objects": {}}', "JSON but not a STIX bundle"),
            (stix.packed(stix.obj("indicator", 1, "x")), "holds no ATT&CK techniques"),
            (stix.packed(stix.SHELL), "holds no active ATT&CK matrix"),
            (stix.packed(stix.SHELL, stix.matrix(1)), "matrix without tactics"),
            (stix.packed(*stix.FRAME, {**stix.SHELL, "name": "a\0b"}), "NUL character"),
        ],
    )
    def test_each_in_one_sentence(self, content: bytes, words: str) -> None:
        with pytest.raises(BadInput) as caught:
            _parse_bytes(content)
        assert words in caught.value.detail
        assert caught.value.detail.startswith("bundle.json ")

    def test_a_bundle_of_another_domain(self) -> None:
        ics = stix.technique(1, "T0800", "x", chain="mitre-ics-attack")
        with pytest.raises(BadInput, match="is the ICS bundle, not Enterprise"):
            _parse(*stix.FRAME, ics, domain="enterprise-attack")

    def test_a_mixture_of_domains(self) -> None:
        with pytest.raises(BadInput, match="mixes several ATT&CK domains"):
            _parse(*stix.FRAME, stix.SHELL, stix.technique(9, "T0800", "x", chain="mitre-ics-attack"))
