"""What a person asked the heatmap to show: the query of the page's address, of an export and of a command alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from domain.heatmap import DEFAULT_MODE, MODES, OUT_OF_SCOPE
from domain.snapshots import TimeSteps, day_asked

DOMAINS = {"enterprise-attack": "Enterprise", "mobile-attack": "Mobile", "ics-attack": "ICS"}
DEFAULT_DOMAIN = "enterprise-attack"
MAX_VALUES = 60  # values of one filter; an address longer than that is nobody's bookmark
MAX_TEXT = 100


@dataclass(frozen=True, slots=True)
class View:
    """`find` and `only` single techniques out (the rest is dimmed); the other filters leave techniques away.

    `groups` are ATT&CK group ids, `components` data component ids, `tactic` a tactic's short name, `overlay` the id of
    an imported layer, `subs` "none" or "all", `fit` whether the whole matrix is drawn into the window's width, `as_of`
    the day looked at, None for the present.
    """

    domain: str = DEFAULT_DOMAIN
    platforms: tuple[str, ...] = ()
    tactic: str = ""
    groups: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    mode: str = DEFAULT_MODE
    overlay: str = ""
    find: str = ""
    only: str = ""
    subs: str = "none"
    fit: bool = False
    as_of: date | None = None


# field of View -> name in an address
NAMES = {
    "domain": "domain",
    "platforms": "platform",
    "tactic": "tactic",
    "groups": "actor",
    "components": "data",
    "mode": "colour",
    "overlay": "overlay",
    "find": "q",
    "only": "only",
    "subs": "sub",
    "fit": "fit",
    "as_of": "as_of",
}


def _several(text: str) -> tuple[str, ...]:
    found = (part.strip() for part in text.split(","))
    return tuple(dict.fromkeys(part for part in found if part))[:MAX_VALUES]


def _known(value: str, allowed: Iterable[str], default: str, what: str, notes: list[str]) -> str:
    if not value or value in allowed:
        return value or default
    notes.append(f"{what} “{value[:40]}” is not known here and was left out.")
    return default


def from_query(query: Mapping[str, Any]) -> tuple[View, list[str]]:
    """Read an address. What cannot be understood is left out, and a sentence says so."""
    text = {name: str(query.get(name) or "").strip() for name in NAMES.values()}
    notes: list[str] = []
    mode = _known(text["colour"], MODES, DEFAULT_MODE, "The colour mode", notes)
    buckets = {bucket.key for bucket in MODES[mode].buckets} | {OUT_OF_SCOPE}
    view = View(
        domain=_known(text["domain"], DOMAINS, DEFAULT_DOMAIN, "The domain", notes),
        platforms=_several(text["platform"]),
        tactic=text["tactic"],
        groups=_several(text["actor"]),
        components=_several(text["data"]),
        mode=mode,
        overlay=text["overlay"],
        find=text["q"][:MAX_TEXT],
        only=_known(text["only"], buckets, "", "The legend entry", notes),
        subs=_known(text["sub"], ("none", "all"), "none", "The choice of sub-techniques", notes),
        fit=text["fit"] == "1",
        as_of=_day(text["as_of"], notes),
    )
    return view, notes


def _day(text: str, notes: list[str]) -> date | None:
    today = datetime.now(UTC).date()
    day = day_asked(text, today)
    if text and day is None and text != today.isoformat():
        notes.append(f"“{text[:20]}” is no day that can be looked at and was left out.")
    return day


def to_query_values(view: View) -> dict[str, str]:
    """A view as parameters of an address, in a fixed order: only what differs from the defaults."""
    default = View()
    found = {}
    for field in fields(View):
        value = getattr(view, field.name)
        if value != getattr(default, field.name):
            text = ",".join(value) if isinstance(value, tuple) else "1" if value is True else str(value)
            found[NAMES[field.name]] = text
    return found


def to_query(view: View) -> str:
    """The shortest address of a view, without the question mark."""
    return urlencode(to_query_values(view), safe=",")


class Counted(NamedTuple):
    """Something to filter by: its ATT&CK id, its name, and how many techniques it leaves."""

    id: str
    name: str
    n: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be asked for in one domain: values as they stand in an address, with the words people read."""

    domains: Mapping[str, str]
    platforms: tuple[str, ...]
    tactics: Mapping[str, str]  # short name -> name, in the order of the matrix
    groups: tuple[Counted, ...]
    components: tuple[Counted, ...]
    steps: TimeSteps | None = None


def _only_known(values: tuple[str, ...], allowed: Iterable[str], what: str, notes: list[str]) -> tuple[str, ...]:
    known = {one.casefold(): one for one in allowed}
    unknown = [value[:40] for value in values if value.casefold() not in known]
    if unknown:
        listed = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        notes.append(f"{what} {listed}: not in the loaded ATT&CK content, left out.")
    return tuple(dict.fromkeys(known[value.casefold()] for value in values if value.casefold() in known))


def checked(view: View, choices: Choices) -> tuple[View, list[str]]:
    """The view as the loaded content spells it, without what it does not have; a sentence for each kind left out."""
    notes: list[str] = []
    tactic = view.tactic
    if tactic and tactic not in choices.tactics:
        notes.append(f"Tactic {tactic[:40]}: not in the loaded ATT&CK content, left out.")
        tactic = ""
    kept = replace(
        view,
        tactic=tactic,
        platforms=_only_known(view.platforms, choices.platforms, "Platform", notes),
        groups=_only_known(view.groups, (group.id for group in choices.groups), "Threat actor", notes),
        components=_only_known(view.components, (one.id for one in choices.components), "Data component", notes),
    )
    return kept, notes


def scope_words(view: View, choices: Choices) -> str:
    """The filters in words, for headings of exports: "Enterprise; Windows; used by APT29 (G0016)"."""
    parts = [DOMAINS[view.domain]]
    parts += [", ".join(view.platforms)] if view.platforms else ["all platforms"]
    if view.as_of:
        parts.append(f"as of {view.as_of.day} {view.as_of:%b %Y}")
    if view.tactic:
        parts.append(f"tactic {choices.tactics.get(view.tactic, view.tactic)}")
    if view.groups:
        parts.append("used by " + _named(view.groups, choices.groups))
    if view.components:
        parts.append("seen in " + _named(view.components, choices.components))
    if view.find:
        parts.append(f"matching “{view.find}”")
    if view.only:
        labels = {bucket.key: bucket.label for bucket in MODES[view.mode].buckets}
        parts.append(f"only “{labels.get(view.only, 'Out of scope')}”")
    return "; ".join(parts)


def _named(ids: Iterable[str], among: Iterable[Counted]) -> str:
    names = {one.id: one.name for one in among}
    return ", ".join(f"{names[key]} ({key})" if key in names else key for key in ids)
