"""What a row of an import can say, and by which headings other tools say it.

A heading is compared by its letters and digits alone: `Start Time`, `start_time` and `StartTime` are one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.errors import BadInput
from domain.testing.actions import NOTE_MAX, PROCEDURE_MAX

KINDS: Mapping[str, str] = {
    "csv": "CSV table",
    "vectr": "VECTR",
    "purpleops": "PurpleOps",
    "navigator": "Navigator layer",
    "caldera": "CALDERA operation",
}
MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 200
_SHORT = 200


@dataclass(frozen=True, slots=True)
class Field:
    """`most` is its limit in characters. `names`: the headings it is known by. `prose`: text of several lines."""

    key: str
    label: str
    hint: str
    names: Sequence[str] = ()
    most: int = _SHORT
    prose: bool = False


FIELDS: Sequence[Field] = (
    Field("external_id", "Id there", "Its id in the other tool; read again, it is the same test.", ("id", "testid")),
    Field("title", "Title", "Left out, the technique's name.", ("name", "testcase", "testname", "variant")),
    Field(
        "technique",
        "Technique",
        "An ATT&CK id such as T1059.001. Every row needs one.",
        ("techniqueid", "mitreid", "attackid", "mitretechnique", "mitretechniqueid"),
        20,
    ),
    Field("platform", "Platform", "In the words of ATT&CK: Windows, Linux, macOS, ...", ("os", "operatingsystem"), 60),
    Field(
        "procedure",
        "Procedure",
        "What red does, in words or commands.",
        ("command", "actions", "steps", "operatorguidance"),
        PROCEDURE_MAX,
        prose=True,
    ),
    Field("environment", "Environment", "Where it ran.", ("target", "targets", "targetassets", "host")),
    Field("campaign", "Campaign", "Tells rows apart and is kept in the timeline.", ("campaignname", "assessment")),
    Field("priority", "Priority", "high, normal or low.", (), 20),
    Field("status", "Status", "Only completed tests come in as results.", ("state",), 60),
    Field(
        "executed_at",
        "Executed",
        "The moment of the attack.",
        ("executed", "starttimeepoch", "starttime", "attackstart", "attacktime"),
        60,
    ),
    Field("attack_succeeded", "Attack succeeded", "yes or no.", ("succeeded", "attacksuccess"), 20),
    Field(
        "outcome", "Outcome", "blocked, alerted, logged or missed.", ("result", "detectionoutcome", "testoutcome"), 100
    ),
    Field("prevention", "Prevention", "none, partial or full.", ("prevented",), 40),
    Field("detection", "Detection", "missed, logged or alerted.", (), 40),
    Field("alerted", "Alert raised", "yes or no.", ("alert", "alerttriggered"), 20),
    Field("logged", "Logged", "yes or no.", ("activitylogged",), 20),
    Field(
        "tools",
        "Defence tools",
        "Separated by commas; new ones are added.",
        ("tool", "defencetools", "defensetools", "detectingtools", "controls"),
        2_000,
    ),
    Field("prevented_at", "Prevented at", "When.", ("preventiontime",), 60),
    Field("logged_at", "Logged at", "When.", ("logtime",), 60),
    Field(
        "detected_at",
        "Detected at",
        "When the alert was raised. An alert needs its time.",
        ("detectiontimeepoch", "detectiontime", "detecttime", "alertedat", "alerttime"),
        60,
    ),
    Field("contained_at", "Contained at", "When.", ("containmenttime",), 60),
    Field(
        "watched_until",
        "Watched until",
        "How long blue looked. Left out, the last time in the row.",
        ("evaluatedtill", "observeduntil"),
        60,
    ),
    Field("red_notes", "Red's notes", "", ("rednote",), NOTE_MAX, prose=True),
    Field("blue_notes", "Blue's notes", "", ("bluenote", "outcomenotes", "observations"), NOTE_MAX, prose=True),
)
BY_KEY: Mapping[str, Field] = {field.key: field for field in FIELDS}
NEEDED = "technique"


def letters(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", heading.casefold())


def proposed(columns: Iterable[str]) -> dict[str, str]:
    """Field -> column, by the headings alone. Of several headings for a field the first of its `names` wins."""
    there: dict[str, str] = {}
    for column in columns:
        there.setdefault(letters(column), column)
    found: dict[str, str] = {}
    for field in FIELDS:
        names = (letters(field.key), *field.names)
        name = next((name for name in names if name in there), None)
        if name is not None:
            found[field.key] = there[name]
    return found


def check(mapping: Mapping[str, str], columns: Sequence[str]) -> None:
    """Raises BadInput for a mapping that names what is not there, or nothing for the technique."""
    for key, column in mapping.items():
        if key not in BY_KEY:
            raise BadInput(f"{key[:40]!r} is not a field of a test; there are {', '.join(BY_KEY)}.")
        if column not in columns:
            raise BadInput(f"The file has no column {column[:60]!r}.")
    if NEEDED not in mapping:
        raise BadInput("No column holds the techniques. Say which one does.", errors={NEEDED: "required"})
