"""The figures of raw files, counted the plain way and apart from the code under test."""

import gzip
import json
import re
import tomllib
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
Bundle = dict[str, Object]

_SOURCES = ("mitre-attack", "mitre-mobile-attack", "mitre-ics-attack")


def bundle(path: Path) -> Bundle:
    with gzip.open(path) as file:
        return {item["id"]: item for item in json.load(file)["objects"]}


def attack_id(item: Object) -> str | None:
    for reference in item.get("external_references", []):
        if reference["source_name"] in _SOURCES and "external_id" in reference:
            return str(reference["external_id"])
    return None


def active(item: Object | None) -> bool:
    return item is not None and not item.get("revoked", False) and not item.get("x_mitre_deprecated", False)


def of_type(objects: Bundle, *types: str) -> dict[str, Object]:
    return {key: item for key, item in objects.items() if item["type"] in types}


def stats(objects: Bundle) -> dict[str, int]:
    """Everything `aegis stats` says of a domain, apart from its name and version."""

    def number(*types: str) -> int:
        return sum(active(item) for item in of_type(objects, *types).values())

    techniques = [item for item in of_type(objects, "attack-pattern").values() if active(item)]
    subs = sum(bool(item.get("x_mitre_is_subtechnique")) for item in techniques)
    return {
        "tactics": number("x-mitre-tactic"),
        "techniques": len(techniques) - subs,
        "subtechniques": subs,
        "groups": number("intrusion-set"),
        "software": number("malware", "tool"),
        "campaigns": number("campaign"),
        "mitigations": number("course-of-action"),
        "detection_strategies": number("x-mitre-detection-strategy"),
        "analytics": number("x-mitre-analytic"),
        "data_components": number("x-mitre-data-component"),
        "group_technique_pairs": len(pairs(objects, "uses", "intrusion-set")),
        "software_technique_pairs": len(pairs(objects, "uses", "malware", "tool")),
        "mitigation_technique_pairs": len(pairs(objects, "mitigates", "course-of-action")),
        "technique_data_component_pairs": len(components(objects)),
        "revoked_resolved": sum(active(objects.get(end)) for end in successors(objects).values()),
    }


def pairs(objects: Bundle, kind: str, *types: str) -> set[tuple[str, str]]:
    found = set()
    for item in of_type(objects, "relationship").values():
        source, target = objects.get(item["source_ref"]), objects.get(item["target_ref"])
        if item["relationship_type"] != kind or not (active(item) and active(source) and active(target)):
            continue
        assert source is not None
        assert target is not None
        if source["type"] in types and target["type"] == "attack-pattern":
            found.add((source["id"], target["id"]))
    return found


def components(objects: Bundle) -> set[tuple[str, str]]:
    """(technique, data component): directly before ATT&CK 18, through strategy, analytic and log source since."""
    found = {(technique, component) for component, technique in pairs(objects, "detects", "x-mitre-data-component")}
    for strategy, technique in pairs(objects, "detects", "x-mitre-detection-strategy"):
        for analytic in map(objects.get, objects[strategy].get("x_mitre_analytic_refs", [])):
            if analytic is None or not active(analytic):
                continue
            for log in analytic.get("x_mitre_log_source_references", []):
                if active(objects.get(log["x_mitre_data_component_ref"])):
                    found.add((technique, log["x_mitre_data_component_ref"]))
    return found


def successors(objects: Bundle) -> dict[str, str]:
    """Revoked technique -> end of its chain."""
    links = {
        item["source_ref"]: item["target_ref"]
        for item in of_type(objects, "relationship").values()
        if item["relationship_type"] == "revoked-by" and active(item)
    }
    ends = {}
    for key, item in of_type(objects, "attack-pattern").items():
        end = key
        while item.get("revoked") and end in links:
            end = links[end]
        if end != key:
            ends[key] = end
    return ends


def changes(old: Bundle, new: Bundle, stix_type: str = "attack-pattern") -> dict[str, set[str | None]]:
    """ATT&CK ids by what became of them; only kinds that happened. `changed`: visible content, not name or version."""
    before, after = of_type(old, stix_type), of_type(new, stix_type)
    found: dict[str, set[str | None]] = defaultdict(set)
    for key in before.keys() | after.keys():
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            item = now or was
            assert item is not None
            found["added" if was is None else "vanished"].add(attack_id(item))
            continue
        ident = attack_id(now)
        if now.get("revoked") and not was.get("revoked"):
            found["revoked"].add(ident)
        if now.get("x_mitre_deprecated") and not was.get("x_mitre_deprecated"):
            found["deprecated"].add(ident)
        if active(now) and not active(was):
            found["reactivated"].add(ident)
        if active(now) and was["name"].strip() != now["name"].strip():
            found["renamed"].add(ident)
        if active(now) and active(was) and _visible(was) != _visible(now):
            found["changed"].add(ident)
        if active(now) and (
            not active(was)
            or _reviewed(was) != _reviewed(now)
            or was["name"].strip() != now["name"].strip()
            or _detection_rewritten(was, now)
        ):
            found["review"].add(ident)
    return dict(found)


def _reviewed(item: Object) -> tuple[object, ...]:
    tactics = {phase["phase_name"] for phase in item.get("kill_chain_phases", [])}
    platforms = {name.strip() for name in item.get("x_mitre_platforms", [])}
    return item.get("description", ""), tactics, platforms, bool(item.get("x_mitre_is_subtechnique"))


def _visible(item: Object) -> tuple[object, ...]:
    return (*_reviewed(item), item.get("x_mitre_detection") or "", attack_id(item))


def _detection_rewritten(was: Object, now: Object) -> bool:
    old, new = was.get("x_mitre_detection"), now.get("x_mitre_detection")
    return bool(old and new and old != new)


def sigma(path: Path) -> dict[str, dict[str, Any]]:
    """Rule id -> title, content and technique ids claimed in its tags."""
    rules = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".yml"):
                content = archive.read(name)
                rule = yaml.load(content, Loader=yaml.CSafeLoader)
                tags = [str(tag).lower() for tag in rule.get("tags") or []]
                found = {tag[7:].upper() for tag in tags if re.fullmatch(r"attack\.t\d{4}(\.\d{3})?", tag)}
                rules[rule["id"]] = {"title": rule["title"], "content": content, "claims": found, "rule": rule}
    return rules


def elastic(path: Path) -> dict[str, dict[str, Any]]:
    """Rule id -> title, content, technique ids claimed, and whether it is deprecated."""
    rules = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".toml"):
                content = archive.read(name)
                whole = tomllib.loads(content.decode())
                rule = whole["rule"]
                found = set()
                for threat in rule.get("threat", []):
                    for technique in threat.get("technique", []):
                        found |= {one["id"] for one in technique.get("subtechnique", [])} or {technique["id"]}
                rules[rule["rule_id"]] = {
                    "title": rule["name"],
                    "content": content,
                    "claims": found,
                    "rule": rule,
                    "deprecated": "/_deprecated/" in name,
                }
    return rules


def placed(rules: dict[str, dict[str, Any]], objects: Bundle) -> dict[str, int]:
    """What `aegis stats` says of the rules of a source."""
    by_id = {attack_id(item): item for item in of_type(objects, "attack-pattern").values()}
    ends = successors(objects)
    known: set[tuple[str, str]] = set()
    unknown = 0
    for ident, rule in rules.items():
        for claim in rule["claims"]:
            item = by_id.get(claim)
            if item is None:
                unknown += 1
                continue
            end = objects[ends.get(item["id"], item["id"])]
            if active(end):
                known.add((ident, end["id"]))
    return {
        "rules": len(rules),
        "technique_pairs": len(known),
        "techniques": len({technique for _, technique in known}),
        "not_placed": unknown,
    }


def d3fend(path: Path) -> dict[str, set[str]]:
    """Id of a countermeasure -> technique ids it applies to; read line by line, as the ontology's makers lay it out."""
    with gzip.open(path) as file:
        blocks = file.read().decode().split("\n\n:")
    classes: dict[str, dict[str, Any]] = {}
    properties: dict[str, set[str]] = {}
    for block in blocks:
        name = block.split(" ", 1)[0]
        plain = re.sub(
            r'"""(?:[^"]|"(?!""))*"""|"(?:\\.|[^"\\])*"', lambda found: found[0] if len(found[0]) < 40 else '""', block
        )
        if "owl:ObjectProperty" in plain.split(";", 1)[0]:
            above = re.search(r"rdfs:subPropertyOf ([^;.]+)", plain)
            properties[name] = set(re.findall(r":([\w-]+)", above[1])) if above else set()
            continue
        above = re.search(r"rdfs:subClassOf (.+?)(?: ;\n    \S| \.(?:\n|$))", plain, re.DOTALL)
        written = above[1] if above else ""
        without = re.sub(r"\[.*?\]", "", written, flags=re.DOTALL)
        classes[name] = {
            "above": set(re.findall(r"(?<![\w]):([\w.-]+\w)", without)),
            "restrictions": set(re.findall(r"owl:onProperty :([\w-]+) ;\s+owl:someValuesFrom :([\w.-]+\w)", written)),
            "id": (re.findall(r':d3fend-id "([^"]+)"', plain) or [""])[0],
            "attack": (re.findall(r':attack-id "([^"]+)"', plain) or [""])[0],
            "deprecated": "owl:deprecated true" in plain,
        }

    def within(name: str, top: str, of: dict[str, set[str]]) -> bool:
        seen: set[str] = set()
        level = {name}
        while level:
            if top in level:
                return True
            seen |= level
            level = {above for one in level for above in of.get(one, ())} - seen
        return False

    parents = {name: one["above"] for name, one in classes.items()}
    associating = {name for name in properties if within(name, "may-be-associated-with", properties)}
    artifacts = {name for name in classes if within(name, "DigitalArtifact", parents)}

    def meets(one: dict[str, Any]) -> set[str]:
        return {to for way, to in one["restrictions"] if way in associating and to in artifacts}

    attacks = {
        one["attack"]: meets(one)
        for name, one in classes.items()
        if one["attack"] and not one["deprecated"] and within(name, "OffensiveTechnique", parents)
    }
    return {
        one["id"]: {
            technique
            for technique, theirs in attacks.items()
            if any(within(narrow, wide, parents) for narrow in theirs for wide in meets(one))
        }
        for name, one in classes.items()
        if one["id"] and name != "DefensiveTechnique" and within(name, "DefensiveTechnique", parents)
    }


def templates(source: str, path: Path) -> dict[str, dict[str, Any]]:
    """Template -> claimed technique, platforms in the source's words, whether elevated; keys differ by source."""
    found: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith((".yml", ".yaml")) and "/adversaries/" not in name:
                content = yaml.load(archive.read(name), Loader=yaml.CSafeLoader)
                found |= {"atomic": _atomics, "caldera": _abilities, "lolbas": _commands}[source](content)
    return found


def _atomics(content: Any) -> dict[str, dict[str, Any]]:
    return {
        test["auto_generated_guid"]: {
            "name": test["name"],
            "technique": content["attack_technique"],
            "platforms": set(test["supported_platforms"]),
            "elevated": bool(test["executor"].get("elevation_required")),
            "command": test["executor"].get("command") or "",
            "arguments": len(test.get("input_arguments") or {}),
            "dependencies": len(test.get("dependencies") or []),
        }
        for test in content["atomic_tests"]
    }


def _abilities(content: Any) -> dict[str, dict[str, Any]]:
    return {
        ability["id"]: {
            "name": " ".join(ability["name"].split()),
            "technique": (ability.get("technique_id") or ability["technique"]["attack_id"]).strip(),
            "platforms": {
                name
                for key in [*ability.get("platforms", {}), *(one["platform"] for one in ability.get("executors", []))]
                for name in key.split(",")
            },
            "elevated": ability.get("privilege") == "Elevated",
        }
        for ability in content
    }


def _commands(entry: Any) -> dict[str, dict[str, Any]]:
    return {
        f"{entry['Name']}/{number}": {
            "name": entry["Name"],
            "technique": command["MitreID"],
            "platforms": {"windows"},
            "command": command["Command"],
        }
        for number, command in enumerate(entry["Commands"])
    }


_PLATFORMS = {
    "windows": "Windows",
    "linux": "Linux",
    "macos": "macOS",
    "darwin": "macOS",
    "containers": "Containers",
    "azure-ad": "Identity Provider",
    "office-365": "Office Suite",
    "google-workspace": "Office Suite",
    "iaas:aws": "IaaS",
    "iaas:azure": "IaaS",
    "iaas:gcp": "IaaS",
}


def placed_templates(templates: dict[str, dict[str, Any]], objects: Bundle) -> dict[str, Any]:
    """What `aegis stats` says of the templates of a source."""
    claims = {key: {"claims": {template["technique"]}} for key, template in templates.items()}
    placement = placed(claims, objects)
    named = [template["platforms"] for template in templates.values()]
    return {
        "templates": len(templates),
        "techniques": placement["techniques"],
        "not_placed": placement["not_placed"],
        "by_platform": dict(Counter(each for names in named for each in {_PLATFORMS[name] for name in names})),
        "by_named_platform": dict(Counter(name for names in named for name in names)),
    }
