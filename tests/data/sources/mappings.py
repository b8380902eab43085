"""Small mappings in the format of the Mappings Explorer."""

import json
from typing import Any

from data.sources.base import Document, Input

Row = dict[str, Any]


def row(control: str | None, technique: str | None, **more: Any) -> Row:
    return {
        "capability_id": control,
        "capability_description": control and f"Name of {control}",
        "capability_group": control and control.partition("-")[0],
        "mapping_type": "mitigates" if control and technique else None,
        "attack_object_id": technique,
        "attack_object_name": technique and f"Name of {technique}",
        "references": [],
        "status": "complete" if control and technique else "non_mappable",
        **more,
    }


def content(*rows: Row, **metadata: Any) -> bytes:
    about = {
        "mapping_framework": "nist_800_53",
        "mapping_framework_version": "rev5",
        "attack_version": "16.1",
        "technology_domain": "enterprise",
        "creation_date": "01/13/2022",
        "last_update": "04/16/2025",
        "capability_groups": {"AC": "Access Control", "SC": "System"},
    }
    return json.dumps({"metadata": about | metadata, "mapping_objects": list(rows)}).encode()


def given(*files: bytes) -> Input:
    documents = tuple(Document(f"file-{number}.json", file) for number, file in enumerate(files, 1))
    return Input(name="mappings", documents=documents, whole=len(files) > 1)
