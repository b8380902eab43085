"""What surrounds the techniques in ATT&CK, and what each kind has beyond the common fields.

The names in `details` are the same whether an object came from a STIX bundle or from the baseline.
"""

from collections.abc import Callable, Mapping
from typing import Any

from data.sources.stix_values import Stix, objects, strings, text

Details = Mapping[str, Any]

# STIX type -> our kind
KINDS: Mapping[str, str] = {
    "intrusion-set": "group",
    "malware": "software",
    "tool": "software",
    "campaign": "campaign",
    "course-of-action": "mitigation",
    "x-mitre-data-source": "data_source",
    "x-mitre-data-component": "data_component",
    "x-mitre-detection-strategy": "detection_strategy",
    "x-mitre-analytic": "analytic",
    "x-mitre-asset": "asset",
}


def _nothing(_item: Stix) -> Details:
    return {}


def _software(item: Stix) -> Details:
    # 2.0 says `labels: [malware]` where 2.1 says `is_family`; the type says the rest in both
    return {"type": text(item, "type") or text(item, "stix_type")}


def _campaign(item: Stix) -> Details:
    return {"first_seen": text(item, "first_seen")[:10] or None, "last_seen": text(item, "last_seen")[:10] or None}


def _data_source(item: Stix) -> Details:
    return {"collection_layers": sorted(strings(item, "x_mitre_collection_layers"))}


def _data_component(item: Stix) -> Details:
    return {
        "data_source_ref": text(item, "x_mitre_data_source_ref") or None,
        "log_sources": log_sources(objects(item, "x_mitre_log_sources")),
    }


def _detection_strategy(item: Stix) -> Details:
    return {"analytic_refs": list(strings(item, "x_mitre_analytic_refs"))}


def _analytic(item: Stix) -> Details:
    return {
        "log_sources": log_sources(objects(item, "x_mitre_log_source_references")),
        "mutable_elements": mutable_elements(objects(item, "x_mitre_mutable_elements")),
    }


def _asset(item: Stix) -> Details:
    related = [
        {"name": text(part, "name"), "description": text(part, "description")}
        for part in objects(item, "x_mitre_related_assets")
    ]
    return {"sectors": list(strings(item, "x_mitre_sectors")), "related_assets": related}


def log_sources(parts: list[Stix]) -> list[dict[str, str | None]]:
    """[{name, channel, data_component_ref}]; the reference only on those of an analytic."""
    return [
        {
            "name": text(part, "name"),
            "channel": text(part, "channel"),
            "data_component_ref": text(part, "x_mitre_data_component_ref") or None,
        }
        for part in parts
    ]


def mutable_elements(parts: list[Stix]) -> list[dict[str, str]]:
    return [{"field": text(part, "field"), "description": text(part, "description")} for part in parts]


DETAILS: Mapping[str, Callable[[Stix], Details]] = {
    "group": _nothing,
    "software": _software,
    "campaign": _campaign,
    "mitigation": _nothing,
    "data_source": _data_source,
    "data_component": _data_component,
    "detection_strategy": _detection_strategy,
    "analytic": _analytic,
    "asset": _asset,
}
