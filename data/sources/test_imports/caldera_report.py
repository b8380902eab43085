"""What CALDERA writes of an operation: the report (one object with `steps` of each agent) or its event logs (a list).

Fields: caldera.readthedocs.io, "Operation Results". A step says what was run and when, not what the defence did: it
comes in as a draft, with the command as its procedure. Commands are base64 unless the report has them in plain text.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from data.sources.test_imports.records import Table, json_of, table_of, words
from domain.errors import BadInput
from domain.templates import procedure_key

_DISCARDED = ("-1", "-2", "-3", "-4", "-5")  # never run: paused, discarded, waiting, untrusted, too visible


def parse(content: bytes) -> Table:
    value = json_of(content)
    if isinstance(value, dict) and isinstance(value.get("steps"), dict):
        records = list(_of_report(value))
    elif isinstance(value, list):
        records = [_of_event(one) for one in value]
    else:
        raise BadInput("This is neither a report of a CALDERA operation nor its event logs.")
    if not records:
        raise BadInput("The operation ran no steps.")
    return table_of("caldera", records)


def is_event(one: Any) -> bool:
    return isinstance(one, dict) and "attack_metadata" in one and "ability_metadata" in one


def _of_report(report: Mapping[str, Any]) -> Iterator[dict[str, str] | str]:
    agents = report.get("host_group")
    hosts = {
        words(one.get("paw")): words(one.get("host"))
        for one in (agents if isinstance(agents, list) else [])
        if isinstance(one, dict)
    }
    for paw, agent in report["steps"].items():
        steps = agent.get("steps") if isinstance(agent, dict) else None
        for step in steps if isinstance(steps, list) else []:
            if not isinstance(step, dict):
                yield "It is not a step."
                continue
            yield _record(
                step,
                attack=_object(step, "attack"),
                name=words(step.get("name")),
                ability=words(step.get("ability_id")),
                host=hosts.get(paw) or words(paw),
                operation=words(report.get("name")),
                times=("agent_reported_time", "delegated", "run"),
            )


def _of_event(event: Any) -> dict[str, str] | str:
    if not is_event(event):
        return "It is not an event of an operation."
    ability, agent = _object(event, "ability_metadata"), _object(event, "agent_metadata")
    return _record(
        event,
        attack=_object(event, "attack_metadata"),
        name=words(ability.get("ability_name")),
        ability=words(ability.get("ability_id")),
        host=words(agent.get("host")) or words(agent.get("paw")),
        operation=words(_object(event, "operation_metadata").get("operation_name")),
        times=("agent_reported_time", "collected_timestamp", "delegated_timestamp", "finished_timestamp"),
    )


def _record(
    step: Mapping[str, Any],
    *,
    attack: Mapping[str, Any],
    name: str,
    ability: str,
    host: str,
    operation: str,
    times: tuple[str, ...],
) -> dict[str, str]:
    status = words(step.get("status"))
    return {
        "external_id": words(step.get("link_id")),
        "procedure_key": procedure_key("caldera", ability) if ability else "",
        "title": name,
        "technique": words(attack.get("technique_id")),
        "platform": words(step.get("platform")),
        "procedure": _command(step),
        "environment": host,
        "campaign": operation,
        "status": "not performed" if status in _DISCARDED else "completed",
        "attack_succeeded": "yes" if status == "0" else "no" if status else "",
        "executed_at": next((found for name in times if (found := words(step.get(name)))), ""),
    }


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _command(step: Mapping[str, Any]) -> str:
    plain = words(step.get("plaintext_command"))
    if plain:
        return plain
    given = words(step.get("command"))
    try:
        return base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return given
