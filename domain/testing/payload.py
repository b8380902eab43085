"""Actions as JSON: how a command is stored, and how one that came over the wire becomes an action."""

from collections.abc import Hashable, Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.errors import BadInput
from domain.testing.form import words_of
from domain.testing.telling import plain

A = TypeVar("A")


def to_payload(action: Any) -> dict[str, Any]:
    """The fields of an action, or of any dataclass of this package, as plain JSON."""
    return {field.name: plain(getattr(action, field.name)) for field in fields(action)}


def from_payload(made: type[A], payload: Mapping[str, Any]) -> A:
    """The action of class `made` that `payload` describes, as `to_payload` wrote it or a client sent it.

    Raises BadInput naming every field that is missing, unknown or of the wrong form, with a sentence for the first.
    """
    hints = _hints(cast(Hashable, made))
    wrong = {name: "unknown" for name in payload if name not in hints}
    values: dict[str, Any] = {}
    for field in fields(made):  # type: ignore[arg-type]  # every class handed in here is a dataclass
        if field.name in payload:
            try:
                values[field.name] = _read(hints[field.name], payload[field.name])
            except (ValueError, TypeError):
                wrong[field.name] = "invalid"
        elif field.default is MISSING and field.default_factory is MISSING:
            wrong[field.name] = "required"
    if wrong:
        name, why = next(iter(wrong.items()))
        raise BadInput(_sentence(hints, name, why), errors=wrong)
    return made(**values)


def _sentence(hints: Mapping[str, Any], name: str, why: str) -> str:
    label = name.removesuffix("_id").replace("_", " ")
    if why == "unknown":
        return "There is a field too many."
    if why == "required":
        rule = words_of(hints[name])
        return rule.missing if rule is not None and rule.missing is not None else f"Give the {label}."
    return f"The {label} cannot be read."


def _read(hint: Any, value: Any) -> Any:
    """`value` as the type that `hint` asks for; raises ValueError or TypeError when it is not one."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        if value is None and NoneType in get_args(hint):
            return None
        return _read(next(part for part in get_args(hint) if part is not NoneType), value)
    if hasattr(hint, "__metadata__"):
        return _read(hint.__origin__, value)
    if origin in (frozenset, tuple):
        if not isinstance(value, list | tuple):
            raise TypeError(value)
        return origin(_read(get_args(hint)[0], one) for one in value)
    if origin is not None:  # Mapping[key, value]
        key, item = get_args(hint)
        if not isinstance(value, Mapping):
            raise TypeError(value)
        return {_read(key, name): _read(item, one) for name, one in value.items()}
    return _read_plain(hint, value)


def _read_plain(kind: Any, value: Any) -> Any:
    if kind in (bool, int):
        if type(value) is not kind:
            raise TypeError(value)
        return value
    if not isinstance(value, str):
        raise TypeError(value)
    if kind is UUID or issubclass(kind, StrEnum):
        return kind(value)
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    return value


@cache
def _hints(made: Any) -> Mapping[str, Any]:
    names = {field.name for field in fields(made)}
    return {name: hint for name, hint in get_type_hints(made, include_extras=True).items() if name in names}
