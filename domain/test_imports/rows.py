"""One row of a foreign file as a test of ours, or one sentence why it cannot be one.

What is finished there (executed, with a result, not called unfinished) becomes a validated test; what was executed and
has no result yet goes to blue; everything else becomes a draft. The rules for times and limits are those of tests made
here: an imported result enters the same figures.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.attack_ids import is_technique_id, normalise
from domain.errors import AegisError, BadInput
from domain.outcomes import Detection, Prevention, TestState
from domain.platforms import PLATFORMS, in_attack_words
from domain.test_imports import values as read
from domain.test_imports.fields import BY_KEY
from domain.testing.form import storable
from domain.testing.times import in_order, not_ahead

TOOLS_MAX = 50  # a row, as observations of a round
UNNAMED_TOOL = "Not named"  # what stands for the tools of a file that names none
_KEY_MAX = 300
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_IDENTIFYING = ("campaign", "title", "technique", "platform", "environment", "procedure", "executed_at")
_TIMES = ("executed_at", "prevented_at", "logged_at", "detected_at", "contained_at", "watched_until")
_OF_RED = ("executed_at", "attack_succeeded", "red_notes")
_OF_BLUE = ("status", *_TIMES[1:], "outcome", "prevention", "detection", "alerted", "logged", "tools", "blue_notes")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a claimed technique id lies on the loaded maps."""

    technique_id: UUID
    name: str
    platforms: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the person says about a file. `platform` is for rows that name none; '' leaves them wrong."""

    kind: str
    mapping: Mapping[str, str]
    zone: ZoneInfo
    platform: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """A test as it comes in, in the state it has reached; `said` is what has no field here, by its label."""

    number: int
    import_key: str
    procedure_key: str
    title: str
    technique: str
    technique_id: UUID
    platform: str
    procedure: str = ""
    environment: str = ""
    priority: int = 2
    tools: Sequence[str] = ()
    prevention: Prevention | None = None
    detection: Detection | None = None
    attack_succeeded: bool | None = None
    executed_at: datetime | None = None
    prevented_at: datetime | None = None
    logged_at: datetime | None = None
    detected_at: datetime | None = None
    contained_at: datetime | None = None
    watched_until: datetime | None = None
    red_notes: str = ""
    blue_notes: str = ""
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> TestState:
        if self.prevention is not None:
            return TestState.VALIDATED
        return TestState.DRAFT if self.executed_at is None else TestState.BLUE_EVALUATING


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be a test, in one sentence."""

    number: int
    sentence: str


Lookup = Callable[[str], Place | None]


def rows(
    given: Iterable[tuple[int, Mapping[str, str] | str]], asked: Asked, at: datetime, lookup: Lookup
) -> Iterator[ImportRow | Problem]:
    """Each row (number in the file; texts by field, or why it could not be read) as a test or a problem."""
    numbers: dict[str, int] = {}
    for number, said in given:
        try:
            if isinstance(said, str):
                raise BadInput(said)
            made = _row(number, said, asked, at, lookup)
            if (first := numbers.setdefault(made.import_key, number)) != number:
                raise BadInput(f"This is row {first} once more.")
        except AegisError as error:
            yield Problem(number, error.detail)
        else:
            yield made


def _row(number: int, given: Mapping[str, str], asked: Asked, at: datetime, lookup: Lookup) -> ImportRow:
    texts = {key: _text(key, text) for key, text in given.items()}
    claimed, place = _technique(texts.get("technique", ""), lookup)
    title = texts.get("title") or place.name
    common: dict[str, Any] = {
        "number": number,
        "import_key": _import_key(asked.kind, texts),
        "procedure_key": texts.get("procedure_key") or _procedure_key(claimed, title),
        "title": title,
        "technique": claimed,
        "technique_id": place.technique_id,
        "platform": _platform(texts.get("platform", ""), asked.platform, place),
        "procedure": texts.get("procedure", ""),
        "environment": texts.get("environment", ""),
        "priority": read.priority(texts.get("priority", "")),
    }
    times = {key: read.moment(BY_KEY[key].label, texts.get(key, ""), asked.zone) for key in _TIMES}
    result = read.result(texts)
    completed = read.finished(texts.get("status", ""))
    for key, moment in times.items():
        not_ahead(key, BY_KEY[key].label, moment, at)
    executed = times["executed_at"]
    if completed is False or (executed is None and (result is None or completed is None)):
        return ImportRow(**common, said=_kept(texts, ("campaign", *_OF_RED, *_OF_BLUE)))
    common |= {
        "attack_succeeded": read.yes_or_no("Attack succeeded", texts.get("attack_succeeded", "")),
        "red_notes": texts.get("red_notes", ""),
    }
    if result is None:
        return ImportRow(**common, executed_at=executed, said=_kept(texts, ("campaign", *_OF_BLUE)))
    return ImportRow(
        **common,
        **_times(result, times),
        prevention=result.prevention,
        detection=result.detection,
        tools=_tools(texts.get("tools", "")),
        blue_notes=texts.get("blue_notes", ""),
        said=_kept(texts, ("campaign",)),
    )


def _text(key: str, text: str) -> str:
    """Stripped and within its limit. Formulas are refused; what our own export has made harmless is read back."""
    text = (text if text.isascii() and text.isprintable() else storable(key, text)).strip()
    known = BY_KEY.get(key)
    if known is None:  # the procedure key of a parser
        return text[:_KEY_MAX]
    if len(text) > known.most:
        raise BadInput(f"{known.label} has {len(text):,} characters, and {known.most:,} are the limit.")
    if text.startswith("'") and text[1:].startswith(_FORMULA):
        return text[1:]
    if text.startswith("=" if known.prose else _FORMULA) and text not in read.OPEN:
        raise BadInput(f"{known.label} starts like a formula of a spreadsheet ({read.shown(text)}); write it as text.")
    return text


def _technique(text: str, lookup: Lookup) -> tuple[str, Place]:
    claimed = normalise(text)
    if not claimed:
        raise BadInput("It names no technique.")
    if not is_technique_id(claimed):
        raise BadInput(f"The technique is {read.shown(text)}, which is no id such as T1059.001.")
    place = lookup(claimed)
    if place is None:
        raise BadInput(f"{claimed} is not on the loaded ATT&CK map.")
    return claimed, place


def _platform(text: str, otherwise: str, place: Place) -> str:
    named = in_attack_words(text) if text.casefold() not in read.OPEN else ""
    if named and named not in PLATFORMS:
        raise BadInput(f"{read.shown(text)} is not a platform of ATT&CK.")
    if not named:
        named = place.platforms[0] if len(place.platforms) == 1 else otherwise
    if not named:
        raise BadInput("It names no platform; choose one for all rows that name none.")
    return named


def _import_key(kind: str, texts: Mapping[str, str]) -> str:
    """The same row of the same tool gives the same key, whatever was chosen for the import."""
    if texts.get("external_id"):
        return f"{kind}:{texts['external_id']}"
    return f"{kind}:{_digest(*(texts.get(key, '') for key in _IDENTIFYING))}"


def _procedure_key(claimed: str, title: str) -> str:
    """Runs of one procedure: the same title for the same technique."""
    return f"import:{_digest(claimed, ' '.join(title.casefold().split()))}"


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:40]


def _tools(text: str) -> tuple[str, ...]:
    names: dict[str, str] = {}
    for part in text.split(","):
        name = part.strip()
        if name and name.casefold() not in read.OPEN:
            names.setdefault(name.casefold(), name)
    if len(names) > TOOLS_MAX:
        raise BadInput(f"It names {len(names)} defence tools, and {TOOLS_MAX} are the limit.")
    if any(len(name) > 100 for name in names):
        raise BadInput("The name of a defence tool has more than 100 characters.")
    return tuple(names.values()) or (UNNAMED_TOOL,)


def _times(result: read.Result, times: Mapping[str, datetime | None]) -> dict[str, Any]:
    """In order, each with what it belongs to. A file with one time of detection means the best of what happened."""
    executed, detected = times["executed_at"], times["detected_at"]
    prevented, logged, contained = times["prevented_at"], times["logged_at"], times["contained_at"]
    if executed is None:
        raise BadInput("It has a result, but not the time of the attack.")
    if detected is not None and result.detection is not Detection.ALERTED:
        if result.detection is Detection.LOGGED:
            logged, detected = logged or detected, None
        elif result.prevention is not Prevention.NONE:
            prevented, detected = prevented or detected, None
        else:
            raise BadInput("It was missed, and has a time of detection: one of them is wrong.")
    if result.detection is Detection.ALERTED and detected is None:
        raise BadInput("It was alerted, but the time of the alert is missing.")
    if prevented is not None and result.prevention is Prevention.NONE:
        raise BadInput("Nothing was prevented, and there is a time of it: one of them is wrong.")
    if logged is not None and result.detection is Detection.MISSED:
        raise BadInput("It was missed, and has a time of the log entry: one of them is wrong.")
    after = {"Prevented": prevented, "Logged": logged, "Detected": detected, "Contained": contained}
    for name, moment in after.items():
        in_order("", name, moment, "the execution", executed)
    in_order("", "Contained", contained, "the detection", detected)
    last = max(moment for moment in (executed, prevented, logged, detected, contained) if moment is not None)
    watched = times["watched_until"] or last
    in_order("", "The end of watching", watched, "the last that happened", last)
    return {
        "executed_at": executed,
        "prevented_at": prevented,
        "logged_at": logged,
        "detected_at": detected,
        "contained_at": contained,
        "watched_until": watched,
    }


def _kept(texts: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    return {BY_KEY[key].label: texts[key] for key in keys if texts.get(key, "").casefold() not in read.OPEN}
