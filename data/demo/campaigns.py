"""The year's plan: campaigns by theme or in the manner of a real group, and what each quarter looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from data.demo.catalogue import Adversary, Catalogue
from data.demo.chance import key, stream
from data.demo.procedures import Procedure
from data.demo.worktime import DAY

_CLOUD = frozenset(
    {"IaaS", "SaaS", "Office Suite", "Identity Provider", "Office 365", "Azure AD", "Google Workspace", "Containers"}
)
# Groups an ordinary company asks about, most wanted first; others fill up where the map has none of them.
_KNOWN = ("G0102", "G0016", "G1015", "G0046", "G0032", "G1017", "G0007", "G0096")
_LEAST_TECHNIQUES = 4
_PER_EMULATION = 22
YEAR = 365


@dataclass(frozen=True, slots=True)
class Theme:
    """`tactics` and `platforms` narrow what is run; empty means any."""

    name: str
    goal: str
    tactics: frozenset[str] = frozenset()
    platforms: frozenset[str] = frozenset()


# Start in days before the end of the year (negative: after it), length in days, and a theme or the next group.
_YEAR_PLAN: tuple[tuple[int, int, Theme | None], ...] = (
    (352, 30, Theme("Phishing to foothold", "From the first mail to a lasting foothold on a workstation.",
                    frozenset({"initial-access", "execution", "persistence"}))),
    (318, 40, None),
    (235, 38, None),
    (195, 28, Theme("Cloud and identity", "What happens after a stolen cloud sign-in.", platforms=_CLOUD)),
    (170, 45, None),
    (128, 30, Theme("Living off the land", "Only tools that are on every machine anyway.",
                    frozenset({"defense-evasion", "stealth", "execution", "discovery", "evasion"}))),
    (96, 35, None),
    (66, 32, Theme("Road to ransomware", "From one workstation to the file servers, up to the moment of encryption.",
                   frozenset({"lateral-movement", "impact", "credential-access"}))),
    (38, 27, Theme("Data leaves the building", "Every way out we could think of.",
                   frozenset({"exfiltration", "command-and-control"}))),
    (24, 48, None),
    (11, 30, Theme("Linux servers", "The same questions for the servers nobody looks at.",
                   platforms=frozenset({"Linux", "Containers", "ESXi"}))),
    (-7, 28, Theme("Before the audit", "What the auditors will ask for, once more and with fresh dates.",
                   frozenset({"credential-access", "privilege-escalation", "initial-access", "evasion"}))),
)  # fmt: skip

# What the four quarters of a year look at beside their campaigns: factors on the chance of a procedure, by tactic.
_QUARTERS: tuple[dict[str, float], ...] = (
    {"initial-access": 3.0, "execution": 3.0, "persistence": 2.5, "collection": 3.0, "discovery": 1.5},
    {"credential-access": 3.0, "privilege-escalation": 2.5, "collection": 1.5, "persistence": 1.5},
    {"discovery": 2.0, "defense-evasion": 2.0, "stealth": 2.0, "command-and-control": 2.0,
     "collection": 0.0, "persistence": 0.3},
    {"lateral-movement": 3.0, "exfiltration": 3.0, "impact": 3.0, "command-and-control": 1.5,
     "collection": 0.0, "persistence": 0.3, "privilege-escalation": 0.2},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Campaign:
    """`starts` and `ends` are midnights in seconds; `procedures` in the order in which they are run."""

    id: UUID
    name: str
    goal: str
    actor: str | None
    starts: int
    ends: int
    procedures: tuple[Procedure, ...]


def emulated(catalogue: Catalogue, count: int) -> list[tuple[Adversary, tuple[str, ...]]]:
    """Groups worth playing, and which of their techniques (ATT&CK ids, those most groups share first)."""
    shared = {one.attack_id: one.used_by for one in catalogue.testable}
    wanted = {attack_id: place for place, attack_id in enumerate(_KNOWN)}
    usable = [
        (group, sorted(group.techniques & shared.keys(), key=lambda one: (-shared[one], one)))
        for group in catalogue.adversaries
    ]
    usable = [(group, techniques) for group, techniques in usable if len(techniques) >= _LEAST_TECHNIQUES]
    usable.sort(key=lambda one: (wanted.get(one[0].attack_id, len(_KNOWN)), -len(one[1]), one[0].attack_id))
    return [(group, tuple(techniques[:_PER_EMULATION])) for group, techniques in usable[:count]]


def plan(
    groups: Sequence[tuple[Adversary, tuple[str, ...]]],
    procedures: Sequence[Procedure],
    seed: int,
    until: int,
    days: int,
    *,
    units: int = 1,
) -> list[Campaign]:
    """The campaigns of the last `days` days and the next weeks, oldest first; each of `units` runs its own."""
    dice = stream(seed, "campaigns")
    made: list[Campaign] = []
    years = max(1, round(days / YEAR))
    for year in reversed(range(years)):
        next_group = iter(groups)
        for before, length, theme in _YEAR_PLAN:
            if year and before < 0:
                continue  # what is planned is planned once
            starts = until - (before + year * YEAR) * DAY
            if theme is None:
                found = next(next_group, None)
                if found is None:
                    continue
                group, techniques = found
                name, goal, actor = f"In the manner of {group.name}", _emulation_goal(group), group.attack_id
                chosen = [one for one in procedures if one.subject.attack_id in techniques]
            else:
                name, goal, actor = theme.name, theme.goal, None
                chosen = [one for one in procedures if _fits(one, theme)]
            if not chosen:
                continue
            if years > 1:
                name = f"{name} (year {years - year})"
            for unit in range(units):
                dice.shuffle(chosen)
                named = f"{name}, unit {unit + 1}" if units > 1 else name
                ends = starts + length * DAY
                made.append(Campaign(key(dice, starts), named, goal, actor, starts, ends, tuple(chosen)))
    return made


def focus(procedure: Procedure, quarter: int) -> float:
    """How much a quarter (0 to 3, counted from the beginning of the year's plan) looks at a procedure."""
    factors = _QUARTERS[quarter % len(_QUARTERS)]
    return max(factors.get(tactic, 0.7) for tactic in procedure.subject.tactics)


def _emulation_goal(group: Adversary) -> str:
    return f"Techniques that {group.name} ({group.attack_id}) is known for, in the order of an intrusion."


def _fits(procedure: Procedure, theme: Theme) -> bool:
    if theme.platforms and not theme.platforms.intersection(procedure.platforms):
        return False
    return not theme.tactics or bool(theme.tactics.intersection(procedure.subject.tactics))
