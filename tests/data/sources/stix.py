"""Small ATT&CK bundles in the real format, for tests to change by hand."""

from typing import Any

import orjson

Object = dict[str, Any]

_SOURCES = {
    "enterprise-attack": "mitre-attack",
    "mobile-attack": "mitre-mobile-attack",
    "ics-attack": "mitre-ics-attack",
}


def ident(stix_type: str, number: int) -> str:
    return f"{stix_type}--00000000-0000-4000-8000-{number:012d}"


def obj(stix_type: str, number: int, name: str, attack_id: str | None = None, **fields: Any) -> Object:
    made: Object = {
        "type": stix_type,
        "id": ident(stix_type, number),
        "name": name,
        "created": "2020-01-01T00:00:00.000Z",
        "modified": "2024-01-01T00:00:00.000Z",
    }
    if attack_id:
        made["external_references"] = [
            {"source_name": "capec", "external_id": "CAPEC-1"},
            {"source_name": "mitre-attack", "external_id": attack_id, "url": f"https://attack.example/{attack_id}"},
        ]
    return {**made, **fields}


def technique(
    number: int, attack_id: str, name: str, *tactics: str, chain: str = "mitre-attack", **fields: Any
) -> Object:
    phases = [{"kill_chain_name": chain, "phase_name": tactic} for tactic in tactics or ("execution",)]
    given = {
        "description": f"About {name}.",
        "kill_chain_phases": phases,
        "x_mitre_platforms": ["Windows", "Linux"],
        "x_mitre_is_subtechnique": "." in attack_id,
        "x_mitre_version": "1.0",
    }
    return obj("attack-pattern", number, name, attack_id, **{**given, **fields})


def tactic(number: int, attack_id: str, name: str, shortname: str, **fields: Any) -> Object:
    return obj("x-mitre-tactic", number, name, attack_id, **{"x_mitre_shortname": shortname, **fields})


def matrix(number: int, *tactics: Object, **fields: Any) -> Object:
    return obj("x-mitre-matrix", number, "Matrix", None, tactic_refs=[item["id"] for item in tactics], **fields)


def rel(number: int, kind: str, source: Object, target: Object, **fields: Any) -> Object:
    return {
        "type": "relationship",
        "id": ident("relationship", number),
        "relationship_type": kind,
        "source_ref": source["id"],
        "target_ref": target["id"],
        **fields,
    }


def collection(version: str) -> Object:
    return obj("x-mitre-collection", 1, "Enterprise ATT&CK", x_mitre_version=version)


def packed(*objects: Object) -> bytes:
    return orjson.dumps({"type": "bundle", "id": ident("bundle", 1), "objects": objects})


EXECUTION = tactic(1, "TA0002", "Execution", "execution")
PERSISTENCE = tactic(2, "TA0003", "Persistence", "persistence")
MATRIX = matrix(1, EXECUTION, PERSISTENCE)
SHELL = technique(1, "T1059", "Command and Scripting Interpreter")
POWERSHELL = technique(2, "T1059.001", "PowerShell")
TASK = technique(3, "T1053", "Scheduled Task/Job", "execution", "persistence")
AT = technique(4, "T1053.001", "At (Linux)", revoked=True)
GROUP = obj("intrusion-set", 1, "APT0", "G0001", aliases=["APT0", "Zero"])
MALWARE = obj("malware", 1, "Dropper", "S0001", x_mitre_aliases=["Dropper"], labels=["malware"])
MITIGATION = obj("course-of-action", 1, "Execution Prevention", "M1038")
FRAME = (MATRIX, EXECUTION, PERSISTENCE)
