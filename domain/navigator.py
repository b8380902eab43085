"""Layers of the ATT&CK Navigator, format 4.5: what Aegis writes, and what it reads of others.

Format: mitre-attack/attack-navigator, layers/spec/v4.5/layerformat.md. Scores Aegis writes are integers 0..100; a
technique without a score has none (0 is a score). Layers are written and read as UTF-8 JSON.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import BadInput, TooLarge

LAYER_VERSION = "4.5"
NAVIGATOR_VERSION = "5.3.2"
DOMAINS = ("enterprise-attack", "mobile-attack", "ics-attack")
MAX_BYTES = 10 * 1024 * 1024
MAX_LAYERS = 20
MAX_TECHNIQUES = 20_000
MAX_NAME = 200
MAX_COMMENT = 2_000
MAX_TACTIC = 80

# Layers up to version 3 named the domains differently.
_OLD_DOMAINS = {"mitre-enterprise": "enterprise-attack", "mitre-mobile": "mobile-attack"}
_TECHNIQUE_ID = re.compile(r"T\d{4}(\.\d{3})?")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gradient:
    """`colours` from the least to the most; bounds are integers, least < most."""

    colours: Sequence[str]
    least: int = 0
    most: int = 100


@dataclass(frozen=True, slots=True)
class Note:
    """One technique of a layer. `tactic` None: under every tactic. `score` None: unscored."""

    technique: str
    tactic: str | None = None
    score: float | None = None
    colour: str | None = None
    comment: str = ""
    enabled: bool = True
    metadata: Sequence[tuple[str, str]] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """`attack_version` is the release the layer speaks ("18.1"; the file takes its major number), None when unknown."""

    name: str
    domain: str
    attack_version: str | None = None
    description: str = ""
    notes: Sequence[Note] = ()
    platforms: Sequence[str] = ()
    gradient: Gradient | None = None
    legend: Sequence[tuple[str, str]] = ()  # label, colour
    metadata: Sequence[tuple[str, str]] = ()
    open_all: bool = False


def as_dict(layer: Layer) -> dict[str, Any]:
    """The layer as the format has it; keys without content are left out."""
    versions = {"navigator": NAVIGATOR_VERSION, "layer": LAYER_VERSION}
    if layer.attack_version:
        versions["attack"] = layer.attack_version.split(".")[0]
    made: dict[str, Any] = {
        "name": layer.name,
        "versions": versions,
        "domain": layer.domain,
        "description": layer.description,
        "sorting": 0,
        "layout": {
            "layout": "side",
            "aggregateFunction": "average",
            "showID": True,
            "showName": True,
            "showAggregateScores": False,
            "countUnscored": False,
            "expandedSubtechniques": "all" if layer.open_all else "none",
        },
        "hideDisabled": False,
        "techniques": [_note_dict(note) for note in layer.notes],
    }
    if layer.platforms:
        made["filters"] = {"platforms": list(layer.platforms)}
    if layer.gradient:
        made["gradient"] = {
            "colors": list(layer.gradient.colours),
            "minValue": layer.gradient.least,
            "maxValue": layer.gradient.most,
        }
    if layer.legend:
        made["legendItems"] = [{"label": label, "color": colour} for label, colour in layer.legend]
    if layer.metadata:
        made["metadata"] = _pairs(layer.metadata)
    return made


def _pairs(metadata: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in metadata]


def _note_dict(note: Note) -> dict[str, Any]:
    made: dict[str, Any] = {"techniqueID": note.technique, "enabled": note.enabled, "showSubtechniques": note.open}
    if note.tactic is not None:
        made["tactic"] = note.tactic
    if note.score is not None:
        made["score"] = int(note.score) if float(note.score).is_integer() else note.score
    if note.colour:
        made["color"] = note.colour
    if note.comment:
        made["comment"] = note.comment
    if note.metadata:
        made["metadata"] = _pairs(note.metadata)
    return made


def to_json(layer: Layer) -> bytes:
    return json.dumps(as_dict(layer), ensure_ascii=False, indent=1, allow_nan=False).encode()


# --- reading


def parse(content: bytes) -> list[Layer]:
    """The layer or layers of a file. Raises BadInput with one sentence when it is not one, TooLarge above the limit."""
    if len(content) > MAX_BYTES:
        raise TooLarge(f"A layer file may have {MAX_BYTES // 1024 // 1024} MB; this one is larger. Nothing was added.")
    try:
        value = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise _not_a_layer("it is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise _not_a_layer("it is not JSON") from error
    found = value if isinstance(value, list) else [value]
    if not found:
        raise _not_a_layer("the list in it is empty")
    if len(found) > MAX_LAYERS:
        raise _not_a_layer(f"it holds {len(found):,} entries, and {MAX_LAYERS} layers are the limit")
    return [read(one) for one in found]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _not_a_layer(why: str) -> BadInput:
    return BadInput(f"This is not a Navigator layer: {why}. Nothing was added.")


def read(raw: object) -> Layer:
    """One layer from its JSON value; raises BadInput with one sentence."""
    if not isinstance(raw, dict):
        raise _not_a_layer("a layer is a JSON object")
    name, domain, techniques = raw.get("name"), raw.get("domain"), raw.get("techniques", [])
    if not isinstance(name, str) or not name.strip():
        raise _not_a_layer("it has no name")
    if not isinstance(domain, str) or (domain := _OLD_DOMAINS.get(domain, domain)) not in DOMAINS:
        raise _not_a_layer(f"its domain is none of {', '.join(DOMAINS)}")
    if not isinstance(techniques, list):
        raise _not_a_layer("its techniques are not a list")
    if len(techniques) > MAX_TECHNIQUES:
        raise _not_a_layer(f"it names {len(techniques):,} techniques, and {MAX_TECHNIQUES:,} are the limit")
    return Layer(
        name=name.strip()[:MAX_NAME],
        domain=domain,
        attack_version=_attack_version(raw),
        description=_text(raw.get("description"))[:MAX_COMMENT],
        notes=[_note(entry, number) for number, entry in enumerate(techniques, start=1)],
    )


def _attack_version(raw: Mapping[str, Any]) -> str | None:
    """Also holds the file to being a layer: one without any version of the format is something else."""
    versions = raw.get("versions")
    layer_version = versions.get("layer") if isinstance(versions, dict) else raw.get("version")
    if not isinstance(layer_version, str) or not re.fullmatch(r"[1-9](\.\d+)?", layer_version):
        raise _not_a_layer("it does not say which version of the layer format it has")
    if int(layer_version[0]) > int(LAYER_VERSION[0]):
        raise _not_a_layer(f"its format {layer_version} is newer than {LAYER_VERSION}, the newest known here")
    attack = versions.get("attack") if isinstance(versions, dict) else None
    return attack[:20] if isinstance(attack, str) and attack else None


def _note(raw: object, number: int) -> Note:
    if not isinstance(raw, dict):
        raise _not_a_layer(f"entry {number} of its techniques is not an object")
    technique = raw.get("techniqueID")
    if not isinstance(technique, str) or not _TECHNIQUE_ID.fullmatch(technique.strip()):
        shown = f"“{technique[:30]}”" if isinstance(technique, str) else "missing"
        raise _not_a_layer(f"the technique id of entry {number} is {shown}")
    score, tactic = raw.get("score"), raw.get("tactic")
    if isinstance(score, bool) or not isinstance(score, int | float | None):
        raise _not_a_layer(f"the score of entry {number} ({technique}) is not a number")
    if not isinstance(tactic, str | None):
        raise _not_a_layer(f"the tactic of entry {number} ({technique}) is not text")
    colour = raw.get("color")
    return Note(
        technique=technique.strip(),
        tactic=tactic[:MAX_TACTIC] if tactic else None,
        score=_bounded(score),
        colour=colour.lower() if isinstance(colour, str) and _HEX.fullmatch(colour) else None,
        comment=_text(raw.get("comment"))[:MAX_COMMENT],
        enabled=raw.get("enabled") is not False,
        open=raw.get("showSubtechniques") is True,
    )


def _bounded(score: float | None) -> float | None:
    """A score as people can read it in a cell; beyond any sensible scale it is held at the edge."""
    return None if score is None else max(-1e9, min(1e9, score))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
