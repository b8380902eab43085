"""The texts of a row as what they mean: moments, yes and no, outcomes on one scale as the two axes.

Every function raises BadInput with the sentence for the person. What a file leaves open (`TBD`, `None`, an empty cell)
is None, never a guess.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from domain.errors import BadInput
from domain.outcomes import Detection, Prevention
from domain.testing.form import in_utc

W = TypeVar("W", bound=StrEnum)

OPEN = frozenset({"", "tbd", "none", "null", "nan", "unknown", "-"})
_YES = frozenset({"yes", "y", "true", "1"})
_NO = frozenset({"no", "n", "false", "0"})
_EPOCH = re.compile(r"(\d{9,14})(\.\d+)?")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", re.IGNORECASE)
_MILLISECONDS = 11  # digits; seconds reach 12 digits in the year 33658

_PREVENTION: Mapping[str, Prevention] = {
    **dict.fromkeys(("full", "fully", "yes", "true", "blocked", "prevented"), Prevention.FULL),
    **dict.fromkeys(("partial", "partially", "partly"), Prevention.PARTIAL),
    **dict.fromkeys(("none", "no", "false", "not prevented"), Prevention.NONE),
}
_DETECTION: Mapping[str, Detection] = {
    **dict.fromkeys(("alerted", "alert", "detected"), Detection.ALERTED),
    **dict.fromkeys(("logged", "log", "telemetry"), Detection.LOGGED),
    **dict.fromkeys(("missed", "none", "no", "not detected", "notdetected", "undetected"), Detection.MISSED),
}
_BLOCKED = frozenset({"blocked", "prevented"})
_NOT_APPLICABLE = frozenset({"n/a", "na", "not applicable", "notapplicable"})
_PRIORITY = {"1": 1, "high": 1, "2": 2, "normal": 2, "medium": 2, "3": 3, "low": 3}
_FINISHED = frozenset({"complete", "completed", "done", "finished", "validated", "closed"})
_UNFINISHED = frozenset(
    {
        "pending", "in progress", "inprogress", "not performed", "notperformed", "planned", "draft", "running", "ready",
        "waiting red", "waiting blue", "abandoned", "paused", "cancelled", "canceled", "queued", "open", "not started",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What the defence did, on both axes."""

    prevention: Prevention
    detection: Detection


def moment(name: str, text: str, zone: ZoneInfo) -> datetime | None:
    """`2026-11-24 09:30[:00][+01:00]` (T for the space, Z or UTC for the zone), or seconds or milliseconds since 1970.

    A day alone is no moment, and `03/04/2026` is two; both are refused. A time without a zone is one in `zone`.
    """
    if text.casefold() in OPEN or text == "0":
        return None
    if (epoch := _EPOCH.fullmatch(text)) is not None:
        seconds = float(text) / (1000 if len(epoch.group(1)) > _MILLISECONDS else 1)
        return datetime.fromtimestamp(seconds, UTC)
    known = re.sub(r" ?(?:UTC|z)$", "Z", text) if _MOMENT.fullmatch(text) else ""
    try:
        made = datetime.fromisoformat(known)
    except ValueError:
        raise BadInput(f"{name} is {shown(text)}; write a day and time such as 2026-11-24 09:30.") from None
    return in_utc(name, made if made.tzinfo else made.replace(tzinfo=zone))


def yes_or_no(name: str, text: str) -> bool | None:
    word = text.casefold()
    if word in OPEN or word in _NOT_APPLICABLE:
        return None
    if word not in _YES and word not in _NO:
        raise BadInput(f"{name} is {shown(text)}; it is yes or no.")
    return word in _YES


def priority(text: str) -> int:
    if text.casefold() in OPEN:
        return 2
    if (found := _PRIORITY.get(text.casefold())) is None:
        raise BadInput(f"The priority is {shown(text)}; it is high, normal or low.")
    return found


def finished(text: str) -> bool | None:
    """Whether the other tool calls it completed; None where it does not say."""
    word = re.sub(r"[\s_-]+", " ", text.casefold())
    if word in OPEN:
        return None
    if word not in _FINISHED and word not in _UNFINISHED:
        raise BadInput(f"The status is {shown(text)}; use completed, in progress or pending.")
    return word in _FINISHED


def result(values: Mapping[str, str]) -> Result | None:
    """From `outcome` (one scale: blocked > alerted > logged > missed) and what `prevention`, `detection`, `alerted` and
    `logged` say more exactly. None where nothing is known, and for what the file calls not applicable: to leave a test
    out of the figures takes a reason and a second person here.

    A scale says nothing of what lies below its best: a bare `blocked` comes in as prevented and not detected.
    """
    blocked, detection = _outcome(values.get("outcome", ""))
    prevention = _word("The prevention", values.get("prevention", ""), _PREVENTION)
    exact = _word("The detection", values.get("detection", ""), _DETECTION)
    alerted = yes_or_no("Alert raised", values.get("alerted", ""))
    logged = yes_or_no("Logged", values.get("logged", ""))
    if blocked and prevention is not None and prevention is not Prevention.FULL:
        raise BadInput("The outcome is blocked, and the prevention is not full: one of them is wrong.")
    if exact is not None:
        detection = exact
    elif alerted:
        detection = Detection.ALERTED
    elif logged:
        detection = Detection.LOGGED
    elif detection is Detection.ALERTED and alerted is False:
        detection = Detection.LOGGED  # detected without an alert: somebody found the traces
    if detection is None and (blocked or prevention is not None or alerted is False or logged is False):
        detection = Detection.MISSED
    if detection is None:
        return None
    return Result(Prevention.FULL if blocked else prevention or Prevention.NONE, detection)


def _outcome(text: str) -> tuple[bool, Detection | None]:
    """Whether it was blocked, and the detection it names. VECTR adds a detail: `Logged - Centrally Logged`."""
    word = text.casefold().strip()
    if word in _NOT_APPLICABLE or word in OPEN - {"none"}:
        return False, None
    word = re.split(r"\s*[/:(–—]|\s+-", word)[0].replace("_", " ").strip()
    if word in _BLOCKED:
        return True, None
    if (found := _DETECTION.get(word)) is None:
        raise BadInput(f"The outcome is {shown(text)}; it is blocked, alerted, logged or missed.")
    return False, found


def _word(name: str, text: str, words: Mapping[str, W]) -> W | None:
    word = text.casefold().replace("_", " ").strip()
    if word in words:
        return words[word]
    if word not in OPEN and word not in _NOT_APPLICABLE:
        allowed = dict.fromkeys(str(value) for value in words.values())
        raise BadInput(f"{name} is {shown(text)}; it is one of {', '.join(allowed)}.")
    return None


def shown(text: str) -> str:
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”"
