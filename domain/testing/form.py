"""The form of what people send: limits, required words, times with a zone. Said once, on the fields themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Protocol, TypeAlias, Union, get_args, get_origin, get_type_hints

from domain.errors import BadInput, TooLarge


@dataclass(frozen=True, slots=True)
class Words:
    """A text of at most `most` characters; with `missing`, one that may not be empty."""

    name: str
    most: int
    missing: str | None = None

    def check(self, field: str, value: str) -> None:
        if not value and self.missing is not None:
            raise BadInput(self.missing, errors={field: "required"})
        if len(value) > self.most:
            raise TooLarge(f"{self.name} has at most {self.most:,} characters.", errors={field: "too long"})


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number between two others, both included."""

    name: str
    least: int
    most: int

    def check(self, field: str, value: int) -> None:
        if not self.least <= value <= self.most:
            raise BadInput(f"{self.name} is {self.least} to {self.most}.", errors={field: "out of range"})


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts by name, such as the arguments of a procedure: so many at most, names and values so long at most."""

    name: str
    most: int
    name_most: int
    value_most: int

    def check(self, field: str, value: Mapping[str, str]) -> None:
        if len(value) > self.most:
            raise TooLarge(f"{self.name} are {self.most} at most.", errors={field: "too many"})
        for name, text in value.items():
            if not 0 < len(storable(field, name)) <= self.name_most:
                raise BadInput(f"{self.name} have names of 1 to {self.name_most} characters.", errors={field: "name"})
            if len(storable(field, text)) > self.value_most:
                raise TooLarge(f"{name[:40]} has at most {self.value_most:,} characters.", errors={field: "too long"})


Rule: TypeAlias = Words | Range | Texts


class _Made(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


def tidy(made: _Made) -> None:
    """Check every field of a frozen dataclass that was just made, strip its texts and turn its times to UTC.

    Raises BadInput (TooLarge when something is over its limit) with the sentence of the first field that is wrong.
    """
    for field in fields(made):
        value = getattr(made, field.name)
        if isinstance(value, datetime):
            object.__setattr__(made, field.name, in_utc(field.name, value))
        elif isinstance(value, str) and not isinstance(value, StrEnum):
            value = storable(field.name, value).strip()
            object.__setattr__(made, field.name, value)
        rule = _rules(type(made)).get(field.name)
        if rule is not None and value is not None:
            rule.check(field.name, value)


def in_utc(field: str, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise BadInput("A time needs its time zone.", errors={field: "no time zone"})
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise BadInput("This time is out of range.", errors={field: "out of range"}) from None


def storable(field: str, value: str) -> str:
    """The text itself; raises BadInput for characters no database keeps (NUL, half of a surrogate pair)."""
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadInput("The text holds a character that cannot be stored.", errors={field: "invalid character"})
    return value


@cache
def _rules(made: type) -> Mapping[str, Rule]:
    hints = get_type_hints(made, include_extras=True)
    found = ((name, rule_of(hint)) for name, hint in hints.items())
    return {name: rule for name, rule in found if rule is not None}


def words_of(hint: Any) -> Words | None:
    rule = rule_of(hint)
    return rule if isinstance(rule, Words) else None


def rule_of(hint: Any) -> Rule | None:
    """The rule that stands on a type, also under `| None`."""
    if get_origin(hint) is Annotated:
        return next((extra for extra in get_args(hint)[1:] if isinstance(extra, Rule)), None)
    if get_origin(hint) in (Union, UnionType):
        return next((rule for part in get_args(hint) if (rule := rule_of(part)) is not None), None)
    return None
