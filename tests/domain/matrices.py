"""A small matrix of invented figures, in the form the heatmap's query answers."""

from typing import Any

_EMPTY: dict[str, Any] = {
    "name": "",
    "parent": -1,
    "tactics": [0],
    "platforms": [0],
    "status": "untested",
    "stale": 0,
    "review": 0,
    "score": None,
    "proven": None,
    "procedures": 0,
    "tests": 0,
    "unfinished": 0,
    "prevented": 0,
    "alerted": 0,
    "logged": 0,
    "missed": 0,
    "rules": 0,
    "not_counted_rules": 0,
    "freshness_days": None,
    "groups": 0,
    "in_scope": 1,
}

TACTICS = [
    {"id": "TA0002", "key": "execution", "name": "Execution"},
    {"id": "TA0003", "key": "persistence", "name": "Persistence"},
]
PLATFORMS = ["Linux", "Windows"]


def entry(attack_id: str, **known: Any) -> dict[str, Any]:
    """One technique of which nothing is known but what is given."""
    unknown = set(known) - set(_EMPTY)
    assert not unknown, unknown
    return {"id": attack_id, **_EMPTY, "name": f"Name of {attack_id}", **known}


def matrix(*entries: dict[str, Any], version: str = "18.1", shortened: bool = False) -> dict[str, Any]:
    names = ["id", *_EMPTY]
    return {
        "domain": "enterprise-attack",
        "version": version,
        "shortened": shortened,
        "as_of": "2026-11-20",
        "tactics": TACTICS,
        "platforms": PLATFORMS,
        "cells": {name: [one[name] for one in entries] for name in names},
    }


def validated(attack_id: str, hits: int, procedures: int, **known: Any) -> dict[str, Any]:
    """A technique with validated tests: `hits` of `procedures` detected or prevented."""
    status = "covered" if hits == procedures else "partial" if hits else "uncovered"
    figures = {"proven": round(100 * hits / procedures), "procedures": procedures, "tests": procedures}
    ages = {"freshness_days": 10}
    return entry(attack_id, **{"status": status, **figures, **ages, **known})


SMALL = matrix(
    validated("T1059", 1, 2, name="Command and Scripting Interpreter", platforms=[0, 1], rules=12, score=61, groups=30),
    validated("T1059.001", 3, 3, name="PowerShell", parent=0, platforms=[1], rules=40, score=88, groups=21),
    entry("T1059.004", name="Unix Shell", parent=0, platforms=[0], status="in_progress", unfinished=1, groups=4),
    validated("T1053", 0, 1, name="Scheduled Task/Job", tactics=[0, 1], platforms=[0, 1], rules=1, score=20, stale=1),
    entry("T1547", name="Boot or Logon Autostart", tactics=[1], platforms=[1], rules=0, not_counted_rules=3),
    entry("T1037", name="Boot Scripts", tactics=[1], platforms=[0], in_scope=0),
)
